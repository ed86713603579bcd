"""The shop: two web services that are released together, blue/green, and a worker that follows them."""

import platform

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from appdp.cdk import (
    Application,
    Architecture,
    Deployer,
    HealthCheck,
    Image,
    ImageRepositories,
    Strategy,
    WebService,
    Worker,
)


class Network(Stack):
    """What the services share and take through interfaces: in real life, another team's app."""

    def __init__(self, scope: App, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
        self.vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[public])
        self.cluster = ecs.Cluster(self, "Cluster", vpc=self.vpc, enable_fargate_capacity_providers=True)
        balancer = elbv2.ApplicationLoadBalancer(self, "LoadBalancer", vpc=self.vpc, internet_facing=True)
        nothing = elbv2.ListenerAction.fixed_response(404, content_type="text/plain", message_body="no such page\n")
        self.listener = balancer.add_listener("Listener", port=80, default_action=nothing)
        self.test_listener = balancer.add_listener(
            "TestListener",
            port=9000,
            protocol=elbv2.ApplicationProtocol.HTTP,
            default_action=nothing,
            open=False,
        )


IMAGES = ("storefront", "api", "worker")

app = App()
network = Network(app, "shop-network")
shop = Application(name="shop", images=tuple(Image(name=name, target=name) for name in IMAGES))
images = ImageRepositories(Stack(app, "shop-images"), "Images", application=shop)
deployer = Deployer(
    Stack(app, "shop-dev-deployer"), "Deployer", application=shop, environment="dev", repositories=images
)

dev = Stack(app, "shop-dev")
arm = platform.machine() in ("arm64", "aarch64")
architecture = Architecture(app.node.try_get_context("architecture") or ("arm64" if arm else "amd64"))
for name, path, priority in (("api", "/api/*", 10), ("storefront", "/*", 20)):
    WebService(
        dev,
        name.capitalize(),
        deployer=deployer,
        cluster=network.cluster,
        listener=network.listener,
        test_listener=network.test_listener,
        path_patterns=[path],
        priority=priority,
        health_check=HealthCheck(
            path="/api/health" if name == "api" else "/health",
            interval=Duration.seconds(5),
            timeout=Duration.seconds(2),
            grace=Duration.seconds(15),
        ),
        architecture=architecture,
        desired_count=2,
        strategy=Strategy.blue_green(bake=Duration.minutes(1)),
        deregistration_delay=Duration.seconds(5),
        assign_public_ip=True,
    )
Worker(dev, "Worker", deployer=deployer, cluster=network.cluster, architecture=architecture, assign_public_ip=True)

app.synth()
