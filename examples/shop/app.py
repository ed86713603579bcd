"""The shop: two web services that are released together, blue/green, what follows them, and the pipelines."""

import platform
from typing import Any

from aws_cdk import Acknowledgment, App, Duration, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk.aws_scheduler import ScheduleExpression

from appdp.cdk import (
    Application,
    Architecture,
    DeliveryPipeline,
    Deployer,
    GitHub,
    HealthCheck,
    Image,
    ImageRepositories,
    Job,
    Push,
    Schedule,
    Stage,
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
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=self.vpc,
            enable_fargate_capacity_providers=True,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
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
        Validations.of(self).acknowledge(
            Acknowledgment(id="AwsSolutions-VPC7", reason="An example: it has no traffic worth recording."),
            Acknowledgment(id="AwsSolutions-ELB2", reason="An example: it has no requests worth recording."),
            Acknowledgment(id="AwsSolutions-EC23", reason="A shop is open to everyone, on port 80 only."),
        )


# CloudFormation exports between stacks: what is in use cannot be deleted.
app = App(post_cli_context={"@aws-cdk/core:defaultCrossStackReferences": "strong"})
context = app.node.try_get_context
network = Network(app, "shop-network")
this_machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "amd64"
architecture = Architecture(context("architecture") or this_machine)
base = context("base")
build_args = {"BASE": base} if base else {}
platforms = tuple((context("platforms") or "linux/amd64,linux/arm64").split(","))
canary = context("strategy") == "canary"
minute = Duration.minutes(1)
every_two_minutes = ScheduleExpression.rate(Duration.minutes(2))

# One repository per image, for all environments.
names = ("storefront", "api", "worker")
every = (Image(name=name, target=name, build_args=build_args, platforms=platforms) for name in names)
shop = Application(name="shop", images=tuple(every))
images = ImageRepositories(Stack(app, "shop-images"), "Images", application=shop)

# One deployer per environment, in a stack of its own.
stack = Stack(app, "shop-dev-deployer")
deployer = Deployer(stack, "Deployer", application=shop, environment="dev", repositories=images)

# A push to main is released to dev. A tag such as v1.4 waits there until somebody agrees.
for name, trigger, approve in (("Main", Push(branches=["main"]), False), ("Tags", Push(tags=["v*"]), True)):
    DeliveryPipeline(
        Stack(app, f"shop-pipeline-{name.lower()}"),
        name,
        application=shop,
        repositories=images,
        source=GitHub(context("repository"), connection_arn=context("connection")),
        trigger=trigger,
        stages=[Stage(deployer, approve=approve)],
    )

# The environment's services. `-c strategy=canary` lets a fifth of the traffic try a release first.
dev = Stack(app, "shop-dev")
here: Any = {"deployer": deployer, "cluster": network.cluster, "architecture": architecture, "assign_public_ip": True}
strategy = Strategy.canary(percent=20, step_bake=minute, bake=minute) if canary else Strategy.blue_green(bake=minute)
for name, path, health, priority in (("Api", "/api/*", "/api/health", 10), ("Storefront", "/*", "/health", 20)):
    WebService(
        dev,
        name,
        **here,
        listener=network.listener,
        test_listener=network.test_listener,
        priority=priority,
        path_patterns=[path],
        health_check=HealthCheck(
            path=health, interval=Duration.seconds(5), timeout=Duration.seconds(2), grace=Duration.seconds(15)
        ),
        strategy=strategy,
        deregistration_delay=Duration.seconds(5),
        desired_count=2,
    )

# All of one image: a worker that follows the services, a migration that precedes them, and a report by the clock.
Worker(dev, "Worker", **here)
Job(dev, "Migrate", **here, image="worker", command=["/app/migrate.sh"])
Schedule(dev, "Report", **here, image="worker", command=["/app/report.sh"], expression=every_two_minutes)

app.synth()
