"""A service that answers HTTP requests behind an Application Load Balancer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_logs as logs
from constructs import Construct

from appdp.cdk.architecture import Architecture
from appdp.cdk.capacity import Capacity
from appdp.cdk.deployer import Deployer
from appdp.cdk.health_check import HealthCheck
from appdp.cdk.released_service import ReleasedService, ServiceSettings
from appdp.cdk.scaling import Scaling
from appdp.cdk.strategy import Strategy
from appdp.cdk.task import Task, TaskSettings
from appdp.cdk.traffic import Route, TargetSettings, Traffic
from appdp.errors import ConfigurationError
from appdp.model.environment import StrategyKind

GATE_STAGE: Final = ecs.DeploymentLifecycleStage.POST_TEST_TRAFFIC_SHIFT
"""Where a green waits: up, reachable on the test listener, and without production traffic."""

DEFAULT_PORT: Final = 8080


class WebService(ReleasedService):
    """A Fargate service behind a load balancer whose releases are deployed by a :class:`Deployer`.

    It defines an ECS service, a task definition with its roles and log group, a security group, one target group (rolling)
    or two, one rule on the listener and one on the test listener, and the service's manifest. Fargate tasks cost money by
    the second; during a deployment that shifts traffic there are twice as many.

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
        cluster: the ECS cluster. It must have the capacity providers FARGATE and FARGATE_SPOT.
        listener: the production listener. Its default action is for requests that no service wants.
        priority: of the rule on both listeners, 1 to 50,000; the smallest number is asked first.
        path_patterns: such as ``["/api/*"]``; at most five together with the host headers. Default: any path.
        host_headers: such as ``["shop.example.com"]``. Default: any host. One of the two is required.
        test_listener: where a green can be tried before it takes traffic. Default: nowhere. Not with rolling.
        test_url: what the deployer shows to who approves, such as ``"http://test.example.com:9000"``. Default: nothing.
        name: the name within the environment, 1 to 32 of ``a-z0-9-``. Default: the construct id in lower case.
        image: name of the application's image. Default: the service's name.
        port: the container's port, 1 to 65535. Default: 8080.
        health_check: see :class:`HealthCheck`. Default: ``GET /`` every 10 seconds.
        cpu: CPU units, 1,024 are one vCPU. Default: 256.
        memory_mib: in MiB; it must go with ``cpu``. Default: 512.
        architecture: see :class:`Architecture`. Default: arm64, which is cheaper.
        environment: environment variables, for what is no secret. Default: none.
        secrets: environment variables from Secrets Manager or Systems Manager. Default: none.
        task_definition: a ready-made one instead, for sidecars and all else; its containers take
            ``deployer.image(...)``. Then image, cpu, memory_mib, architecture, environment, secrets and log_retention are
            its own. Its log groups should be named ``/appdp/{application}/{environment}/…``: only there may the deployer read
            why a release failed.
        images: with ``task_definition``: container name → image name of the application.
        container: with ``task_definition``: the container with the port. Default: the default container.
        capacity: see :class:`Capacity`. Default: on demand.
        desired_count: how many tasks, at least 1. A ``cdk deploy`` sets it, a release does not. Default: 1.
        scaling: follows the load instead; see :class:`Scaling`.
        strategy: see :class:`Strategy`. Default: blue/green with 5 minutes of bake time.
        alarms: alarms that roll a deployment back. Default: none.
        deregistration_delay: how long a task that leaves may finish its requests, 0 to 3,600 seconds. Default: 30 seconds.
        enable_execute_command: whether ECS Exec works. Default: it does not.
        log_retention: how long logs are kept. Default: 3 months. With the stack, the log group goes.
        vpc: the VPC of the tasks. Default: the cluster's.
        subnets: which of its subnets. Default: private ones, or public ones with ``assign_public_ip``.
        security_groups: of the tasks. Default: a new one, which lets everything out, and the load balancer in.
        assign_public_ip: whether tasks get a public address; in public subnets without it they cannot pull images.

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
        cluster: ecs.ICluster,
        listener: elbv2.IApplicationListener,
        priority: int,
        path_patterns: Sequence[str] = (),
        host_headers: Sequence[str] = (),
        test_listener: elbv2.IApplicationListener | None = None,
        test_url: str | None = None,
        name: str | None = None,
        image: str | None = None,
        port: int = DEFAULT_PORT,
        health_check: HealthCheck | None = None,
        cpu: int | None = None,
        memory_mib: int | None = None,
        architecture: Architecture | None = None,
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, ecs.Secret] | None = None,
        task_definition: ecs.FargateTaskDefinition | None = None,
        images: Mapping[str, str] | None = None,
        container: str | None = None,
        capacity: Capacity | None = None,
        desired_count: int | None = None,
        scaling: Scaling | None = None,
        strategy: Strategy | None = None,
        alarms: Sequence[cloudwatch.IAlarm] = (),
        deregistration_delay: Duration | None = None,
        enable_execute_command: bool = False,
        log_retention: logs.RetentionDays | None = None,
        vpc: ec2.IVpc | None = None,
        subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] = (),
        assign_public_ip: bool = False,
    ) -> None:
        super().__init__(scope, construct_id, deployer=deployer, name=name)
        health_check = health_check or HealthCheck()
        strategy = strategy or Strategy.blue_green()
        self._check(strategy, scaling, test_listener)
        task = self.define_or_adopt(
            TaskSettings(
                image=image,
                cpu=cpu,
                memory_mib=memory_mib,
                architecture=architecture,
                environment=environment,
                secrets=secrets,
                log_retention=log_retention,
            ),
            task_definition,
            images,
            port,
        )
        settings = ServiceSettings(
            cluster=cluster,
            vpc=vpc,
            subnets=subnets,
            security_groups=security_groups,
            assign_public_ip=assign_public_ip,
            capacity=capacity,
            desired_count=desired_count,
            scaling=scaling,
            strategy=strategy,
            alarms=alarms,
            enable_execute_command=enable_execute_command,
            health_check_grace_period=health_check.grace,
        )
        self.define_service(task, settings)
        self.traffic = Traffic(
            self,
            "Traffic",
            route=Route(
                listener=listener,
                priority=priority,
                path_patterns=path_patterns,
                host_headers=host_headers,
                test_listener=test_listener,
            ),
            targets=TargetSettings(
                vpc=settings.network,
                port=port,
                health_check=health_check,
                deregistration_delay=deregistration_delay or Duration.seconds(30),
            ),
            shifts=strategy.kind.shifts_traffic,
        )
        self._attach(task, container, port, strategy)
        self.define_manifest(
            target_groups=[group.target_group_arn for group in self.traffic.target_groups], test_url=test_url
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
                f"{self.node.path}: requests_per_target={scaling.requests_per_target} with the {strategy.kind} strategy: "
                "its metric belongs to one target group, and deployments change which one is live.",
                hint="Scale on cpu_percent, or choose Strategy.rolling().",
            )

    def _attach(self, task: Task, container: str | None, port: int, strategy: Strategy) -> None:
        found = task.definition.find_container(container) if container else task.definition.default_container
        if found is None:
            raise ConfigurationError(
                f"{self.node.path}: {task.definition.node.path} has no container {container or '(any)'!r}.",
                hint="Name the container that listens: container='web'.",
            )
        self.traffic.send_to(
            self.service, container=found.container_name, port=port, role=self.deployer.load_balancing_role
        )
        if strategy.kind.shifts_traffic:
            self.service.add_lifecycle_hook(
                ecs.DeploymentLifecycleLambdaTarget(
                    self.deployer.gate, "Gate", lifecycle_stages=[GATE_STAGE], role=self.deployer.gate_role
                )
            )
