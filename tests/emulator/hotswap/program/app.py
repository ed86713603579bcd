"""An environment of developers with one web service, and the role with which developers hot-swap it."""

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam

from appdp.cdk import Application, Architecture, Deployer, HealthCheck, Image, ImageRepositories, Strategy, WebService

app = App(post_cli_context={"@aws-cdk/core:defaultCrossStackReferences": "strong"})
web = Image(name="web", context="services/web", target="served", build_args={"GREETING": "hello"})
application = Application(name="swapped", images=(web,))
images = ImageRepositories(Stack(app, "swapped-images"), "Images", application=application)

deployers = Stack(app, "swapped-deployer")
deployer = Deployer(
    deployers, "Deployer", application=application, environment="dev", repositories=images, hotswap=True
)
developer = iam.Role(deployers, "Developer", role_name="developer", assumed_by=iam.AccountRootPrincipal())
deployer.grant_hotswap(developer)

services = Stack(app, "swapped-services")
public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
vpc = ec2.Vpc(services, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[public])
cluster = ecs.Cluster(services, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)
balancer = elbv2.ApplicationLoadBalancer(services, "LoadBalancer", vpc=vpc, internet_facing=True)
nothing = elbv2.ListenerAction.fixed_response(404, content_type="text/plain", message_body="no such page\n")
WebService(
    services,
    "Web",
    deployer=deployer,
    cluster=cluster,
    listener=balancer.add_listener("Listener", port=80, default_action=nothing),
    test_listener=balancer.add_listener(
        "TestListener", port=9000, protocol=elbv2.ApplicationProtocol.HTTP, default_action=nothing, open=False
    ),
    priority=10,
    path_patterns=["/*"],
    health_check=HealthCheck(
        path="/health", interval=Duration.seconds(5), timeout=Duration.seconds(4), grace=Duration.seconds(15)
    ),
    strategy=Strategy.blue_green(bake=Duration.minutes(2)),
    deregistration_delay=Duration.seconds(3),
    desired_count=2,
    architecture=Architecture(app.node.get_context("architecture")),
    assign_public_ip=True,
)
app.synth()
