"""A service that answers HTTP requests behind an Application Load Balancer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Unpack

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from appdp.cdk.codedeploy import Released
from appdp.cdk.deployer import Deployer
from appdp.cdk.health_check import HealthCheck
from appdp.cdk.released_service import ReleasedService
from appdp.cdk.scaling import Scaling
from appdp.cdk.service_options import ServiceOptions
from appdp.cdk.service_settings import ServiceSettings
from appdp.cdk.strategy import Strategy
from appdp.cdk.task import Task
from appdp.cdk.traffic import Route, TargetSettings, Traffic
from appdp.errors import ConfigurationError
from appdp.model.environment import StrategyKind

GATE_STAGE: Final = ecs.DeploymentLifecycleStage.POST_TEST_TRAFFIC_SHIFT
"""Where a green waits: up, reachable on the test listener, and without production traffic."""

DEFAULT_PORT: Final = 8080
MAX_PORT: Final = 65_535

MAX_DELAY_SECONDS: Final = 3_600
"""See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html"""


class WebService(ReleasedService):
    """A Fargate service behind a load balancer whose releases are deployed by a :class:`Deployer`.

    It defines an ECS service, a task definition with its roles and log group, a security group, one target group
    (rolling) or two, one rule on the listener and one on the test listener, and the service's manifest. Fargate tasks
    cost money by the second; during a deployment that shifts traffic there are twice as many.

    The first ``cdk deploy`` needs no image: nothing runs until the first release.

    Example::

        WebService(
            stack, "Storefront", deployer=deployer, cluster=cluster, listener=listener, priority=10,
            path_patterns=["/*"], test_listener=test_listener, strategy=Strategy.blue_green(),
        )

    Args:
        scope: a stack other than the deployer's.
        construct_id: such as ``"Storefront"``.
        deployer: the environment's deployer.
        listener: the production listener. Its default action is for requests that no service wants.
        priority: of the rule on both listeners, 1 to 50,000; the smallest number is asked first.
        path_patterns: such as ``["/api/*"]``; at most five together with the host headers. Default: any path.
        host_headers: such as ``["shop.example.com"]``. Default: any host. One of the two is required.
        test_listener: where a green can be tried before it takes traffic. Default: nowhere. Not with rolling.
        test_url: what the deployer shows to who approves, such as ``"http://test.example.com:9000"``. Default: the load
            balancer's own name with the test listener's port and the first path, where the listener is a construct of
            this app and the rule asks for no host; else nothing.
        port: the container's port, 1 to 65,535. Default: 8080.
        container: with ``task_definition``: the container that listens. Default: the default container.
        health_check: see :class:`HealthCheck`. Default: ``GET /`` every 10 seconds.
        strategy: see :class:`Strategy`. Default: blue/green with 5 minutes of bake time.
        deregistration_delay: how long a task that leaves may finish its requests, 0 to 3,600 seconds. Default: 30.
        options: ``cluster``, which is required, and all else that a service may be told: image, cpu, memory_mib,
            architecture, environment, secrets, capacity, desired_count or scaling, … See :class:`ServiceOptions`.

    Attributes:
        traffic: the target groups and rules.

    Raises:
        ConfigurationError: a value out of range, or two that do not go together.
        NotFound: the application has no such image.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployer: Deployer,
        listener: elbv2.IApplicationListener,
        priority: int,
        path_patterns: Sequence[str] = (),
        host_headers: Sequence[str] = (),
        test_listener: elbv2.IApplicationListener | None = None,
        test_url: str | None = None,
        port: int = DEFAULT_PORT,
        container: str | None = None,
        health_check: HealthCheck | None = None,
        strategy: Strategy | None = None,
        deregistration_delay: Duration | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(scope, construct_id, deployer=deployer, options=options)
        health_check = health_check or HealthCheck()
        strategy = strategy or Strategy.blue_green()
        deregistration_delay = deregistration_delay or Duration.seconds(30)
        self._check_numbers(port, deregistration_delay.to_seconds())
        self._check(strategy, options.get("scaling"), test_listener)
        task = self.define_or_adopt(options, port=port)
        settings = ServiceSettings.of(options, strategy, health_check.grace)
        self.define_service(task, settings)
        route = Route(
            listener=listener,
            priority=priority,
            path_patterns=path_patterns,
            host_headers=host_headers,
            test_listener=test_listener,
        )
        targets = TargetSettings(
            vpc=settings.network, health_check=health_check, deregistration_delay=deregistration_delay
        )
        self.traffic = Traffic(self, "Traffic", route=route, targets=targets, shifts=strategy.kind.shifts_traffic)
        self._attach(task, container, port, strategy)
        if strategy.kind is StrategyKind.CODEDEPLOY:
            self._let_codedeploy(settings.cluster, route)
        self._scale_on_requests(settings.scaling)
        self.define_manifest(
            target_groups=[group.target_group_arn for group in self.traffic.target_groups],
            test_url=test_url or self.traffic.test_url,
        )

    def _check_numbers(self, port: int, delay: float) -> None:
        if not 1 <= port <= MAX_PORT:
            raise ConfigurationError(f"{self.node.path}: port={port}: allowed are 1 to {MAX_PORT}.")
        if not 0 <= delay <= MAX_DELAY_SECONDS:
            raise ConfigurationError(
                f"{self.node.path}: deregistration_delay={delay:g} s: allowed are 0 to {MAX_DELAY_SECONDS} seconds."
            )

    def _check(
        self, strategy: Strategy, scaling: Scaling | None, test_listener: elbv2.IApplicationListener | None
    ) -> None:
        if strategy.kind is StrategyKind.ROLLING:
            if test_listener is not None:
                raise ConfigurationError(
                    f"{self.node.path}: test_listener= with the rolling strategy, which has no green to test.",
                    hint="Leave it out, or choose Strategy.blue_green().",
                )
        elif scaling is not None and scaling.requests_per_target is not None:
            raise ConfigurationError(
                f"{self.node.path}: requests_per_target={scaling.requests_per_target} with the {strategy.kind} "
                "strategy: its metric belongs to one target group, and deployments change which one is live.",
                hint="Scale on cpu_percent, or choose Strategy.rolling().",
            )

    def _attach(self, task: Task, container: str | None, port: int, strategy: Strategy) -> None:
        found = task.definition.find_container(container) if container else task.definition.default_container
        if found is None:
            raise ConfigurationError(
                f"{self.node.path}: {task.definition.node.path} has no container {container or '(any)'!r}.",
                hint="Name the container that listens: container='web'.",
            )
        by_codedeploy = strategy.kind is StrategyKind.CODEDEPLOY
        role = None if by_codedeploy else self.deployer.load_balancing_role
        self.traffic.send_to(self.service, container=found.container_name, port=port, role=role)
        if strategy.kind.shifts_traffic and not by_codedeploy:
            self.service.add_lifecycle_hook(
                ecs.DeploymentLifecycleLambdaTarget(
                    self.deployer.gate, "Gate", lifecycle_stages=[GATE_STAGE], role=self.deployer.gate_role
                )
            )

    def _let_codedeploy(self, cluster: ecs.ICluster, route: Route) -> None:
        if self.traffic.green is None:
            return
        self.define_codedeploy(
            Released(
                service=self.service,
                cluster=cluster,
                blue=self.traffic.blue,
                green=self.traffic.green,
                listener=route.listener,
                test_listener=route.test_listener,
            )
        )

    def _scale_on_requests(self, scaling: Scaling | None) -> None:
        if self.scalable is not None and scaling is not None and scaling.requests_per_target is not None:
            self.scalable.scale_on_request_count(
                "Requests", requests_per_target=scaling.requests_per_target, target_group=self.traffic.blue
            )

    def metric_server_errors(self, *, period: Duration | None = None) -> cloudwatch.MathExpression:
        """How many requests the tasks answered with a status of 500 to 599, blue and green together.

        The listener must be a construct, not an imported one. Default period: 5 minutes.
        """
        groups = self.traffic.target_groups
        errors = {
            f"group{number}": group.metrics.http_code_target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=period)
            for number, group in enumerate(groups)
        }
        return cloudwatch.MathExpression(
            expression=f"SUM([{', '.join(f'FILL({name}, 0)' for name in errors)}])",
            using_metrics=errors,
            label="server errors",
            period=period,
        )
