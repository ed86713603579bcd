"""Where and how a service's tasks run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from appdp.cdk.capacity import Capacity
from appdp.cdk.scaling import Scaling
from appdp.cdk.service_options import ServiceOptions
from appdp.cdk.strategy import Strategy
from appdp.errors import ConfigurationError
from appdp.model.environment import StrategyKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What a service says about where and how its tasks run; the meaning is in :class:`ServiceOptions`."""

    cluster: ecs.ICluster
    vpc: ec2.IVpc | None = None
    subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] = ()
    assign_public_ip: bool = False
    capacity: Capacity | None = None
    desired_count: int | None = None
    scaling: Scaling | None = None
    strategy: Strategy
    alarms: Sequence[cloudwatch.IAlarm] = ()
    enable_execute_command: bool = False
    health_check_grace_period: Duration | None = None

    @classmethod
    def of(cls, options: ServiceOptions, strategy: Strategy, grace: Duration | None = None) -> ServiceSettings:
        """The settings among a service's options."""
        return cls(
            cluster=options["cluster"],
            vpc=options.get("vpc"),
            subnets=options.get("subnets"),
            security_groups=options.get("security_groups", ()),
            assign_public_ip=options.get("assign_public_ip", False),
            capacity=options.get("capacity"),
            desired_count=options.get("desired_count"),
            scaling=options.get("scaling"),
            strategy=strategy,
            alarms=options.get("alarms", ()),
            enable_execute_command=options.get("enable_execute_command", False),
            health_check_grace_period=grace,
        )

    @property
    def network(self) -> ec2.IVpc:
        """The VPC of the tasks."""
        return self.vpc or self.cluster.vpc

    @property
    def first_count(self) -> int:
        """How many tasks the first release starts."""
        if self.scaling is not None:
            return self.scaling.min
        return 1 if self.desired_count is None else self.desired_count

    def check(self, path: str) -> None:
        """Raise unless the settings go together."""
        if self.scaling is not None and self.desired_count is not None:
            raise ConfigurationError(
                f"{path}: desired_count={self.desired_count} together with scaling=.",
                hint="Leave desired_count out: the service starts with the scaling's min.",
            )
        if self.desired_count is not None and self.desired_count < 1:
            raise ConfigurationError(f"{path}: desired_count={self.desired_count}: at least 1 task.")


def fargate_service(
    scope: Construct, task_definition: ecs.FargateTaskDefinition, settings: ServiceSettings
) -> ecs.FargateService:
    """The ECS service, and its security group unless it was given some."""
    strategy = settings.strategy
    subnets = chosen_subnets(settings.network, settings.subnets, public=settings.assign_public_ip)
    groups = list(settings.security_groups) or [ec2.SecurityGroup(scope, "SecurityGroup", vpc=settings.network)]
    rolling = strategy.kind is StrategyKind.ROLLING
    by_codedeploy = strategy.kind is StrategyKind.CODEDEPLOY
    controller = ecs.DeploymentController(type=ecs.DeploymentControllerType.CODE_DEPLOY) if by_codedeploy else None
    return ecs.FargateService(
        scope,
        "Service",
        cluster=settings.cluster,
        task_definition=task_definition,
        capacity_provider_strategies=(settings.capacity or Capacity.on_demand()).strategies(),
        vpc_subnets=ec2.SubnetSelection(subnets=subnets),
        security_groups=groups,
        assign_public_ip=settings.assign_public_ip,
        deployment_controller=controller,
        min_healthy_percent=100,
        max_healthy_percent=200,
        circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True) if rolling else None,
        deployment_strategy=strategy.ecs_strategy,
        bake_time=strategy.bake_time,
        canary_configuration=strategy.steps(StrategyKind.CANARY),
        linear_configuration=strategy.steps(StrategyKind.LINEAR),
        enable_execute_command=settings.enable_execute_command,
        health_check_grace_period=settings.health_check_grace_period,
    )


def chosen_subnets(vpc: ec2.IVpc, subnets: ec2.SubnetSelection | None, *, public: bool) -> list[ec2.ISubnet]:
    """The subnets of tasks: those that are selected, or else private ones, or public ones for a public address."""
    kind = ec2.SubnetType.PUBLIC if public else ec2.SubnetType.PRIVATE_WITH_EGRESS
    return list(vpc.select_subnets(**_selection(subnets or ec2.SubnetSelection(subnet_type=kind))).subnets)


def _selection(subnets: ec2.SubnetSelection) -> dict[str, Any]:
    names = (
        "availability_zones",
        "one_per_az",
        "subnet_filters",
        "subnet_group_name",
        "subnets",
        "subnet_type",
    )
    return {name: value for name in names if (value := getattr(subnets, name)) is not None}
