"""One environment per strategy, each with one web service behind the same load balancer, and an alarm that guards it.

The strategies are rows of ``cdk.json``: the class method of ``Strategy``, and its arguments; times in minutes. One more
environment, ``mixed``, has a service for each of several strategies, with an image of its own.
"""

from collections.abc import Mapping

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from appdp.cdk import (
    Application,
    Architecture,
    CodeDeployTraffic,
    Deployer,
    HealthCheck,
    Image,
    ImageRepositories,
    Strategy,
    WebService,
)

MIXED = "mixed"


def strategy_of(row: str, settings: Mapping[str, float | str]) -> Strategy:
    """A row of the table as a strategy."""
    times = {key: Duration.minutes(float(value)) for key, value in settings.items() if key.endswith(("bake", "_wait"))}
    traffic = {key: CodeDeployTraffic[str(value)] for key, value in settings.items() if key == "traffic"}
    made = getattr(Strategy, row)(**{**settings, **times, **traffic})
    assert isinstance(made, Strategy)
    return made


class Network(Stack):
    """What the environments share."""

    def __init__(self, scope: App, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
        self.vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[public])
        self.cluster = ecs.Cluster(self, "Cluster", vpc=self.vpc, enable_fargate_capacity_providers=True)
        balancer = elbv2.ApplicationLoadBalancer(self, "LoadBalancer", vpc=self.vpc, internet_facing=True)
        nothing = elbv2.ListenerAction.fixed_response(404, content_type="text/plain", message_body="no such page\n")
        self.listener = balancer.add_listener("Listener", port=80, default_action=nothing)
        self.test_listener = balancer.add_listener(
            "TestListener", port=9000, protocol=elbv2.ApplicationProtocol.HTTP, default_action=nothing, open=False
        )


class Environment(Stack):
    """One environment: services on paths of their own, and one alarm for all of them."""

    def __init__(self, scope: App, *, deployer: Deployer, network: Network) -> None:
        super().__init__(scope, f"outcomes-{deployer.environment}")
        self._deployer = deployer
        self._network = network
        self._alarm = cloudwatch.Alarm(
            self,
            "Errors",
            alarm_name=f"{deployer.environment}-errors",
            metric=cloudwatch.Metric(
                namespace="outcomes", metric_name=deployer.environment, period=Duration.minutes(1)
            ),
            evaluation_periods=2,
            threshold=1,
        )

    def add_service(self, name: str, *, place: str, strategy: Strategy, priority: int) -> None:
        """Add a service; ``place`` is its path."""
        WebService(
            self,
            name.title().replace("-", ""),
            name=name,
            deployer=self._deployer,
            cluster=self._network.cluster,
            listener=self._network.listener,
            test_listener=self._network.test_listener if strategy.kind.shifts_traffic else None,
            priority=priority,
            path_patterns=[f"/{place}/*"],
            health_check=HealthCheck(
                path=f"/{place}/health",
                interval=Duration.seconds(5),
                timeout=Duration.seconds(4),
                grace=Duration.seconds(15),
            ),
            strategy=strategy,
            deregistration_delay=Duration.seconds(3),
            desired_count=2,
            environment={"PLACE": place},
            alarms=[self._alarm],
            architecture=Architecture(self.node.get_context("architecture")),
            assign_public_ip=True,
        )


app = App(post_cli_context={"@aws-cdk/core:defaultCrossStackReferences": "strong"})
network = Network(app, "outcomes-network")
strategies: Mapping[str, Mapping[str, float | str]] = app.node.get_context("strategies")
mixed: Mapping[str, Mapping[str, float | str]] = app.node.get_context(MIXED)
application = Application(
    name="outcomes",
    images=tuple(Image(name=name, target="web") for name in ["web", *(row.replace("_", "-") for row in mixed)]),
)
images = ImageRepositories(Stack(app, "outcomes-images"), "Images", application=application)


def environment_of(name: str) -> Environment:
    """An environment without services, and its deployer."""
    stack = Stack(app, f"outcomes-{name}-deployer")
    deployer = Deployer(stack, "Deployer", application=application, environment=name, repositories=images)
    return Environment(app, deployer=deployer, network=network)


for number, (row, settings) in enumerate(strategies.items(), 1):
    name = row.replace("_", "-")
    environment_of(name).add_service("web", place=name, strategy=strategy_of(row, settings), priority=10 * number)

several = environment_of(MIXED)
for number, (row, settings) in enumerate(mixed.items(), 1):
    name = row.replace("_", "-")
    several.add_service(name, place=f"{MIXED}/{name}", strategy=strategy_of(row, settings), priority=1000 + number)
app.synth()
