"""What a service's tasks run: a task definition made from a few settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from appdp.cdk.architecture import Architecture, check_platform
from appdp.cdk.deployer import Deployer
from appdp.cdk.fargate_sizes import check_size
from appdp.cdk.task_options import TaskOptions
from appdp.model.handoff import deployer_name

DEFAULT_CPU: Final = 256
DEFAULT_MEMORY_MIB: Final = 512
DEFAULT_LOG_RETENTION: Final = logs.RetentionDays.THREE_MONTHS


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """What a service says about its only container; None where it said nothing."""

    image: str | None = None
    command: Sequence[str] | None = None
    cpu: int | None = None
    memory_mib: int | None = None
    architecture: Architecture | None = None
    environment: Mapping[str, str] | None = None
    secrets: Mapping[str, ecs.Secret] | None = None
    health_check: ecs.HealthCheck | None = None
    log_retention: logs.RetentionDays | None = None
    task_role: iam.IRole | None = None

    @classmethod
    def of(
        cls,
        options: TaskOptions,
        *,
        command: Sequence[str] | None = None,
        health_check: ecs.HealthCheck | None = None,
    ) -> TaskSettings:
        """The settings among the options."""
        return cls(
            image=options.get("image"),
            command=command,
            cpu=options.get("cpu"),
            memory_mib=options.get("memory_mib"),
            architecture=options.get("architecture"),
            environment=options.get("environment"),
            secrets=options.get("secrets"),
            health_check=health_check,
            log_retention=options.get("log_retention"),
        )

    @property
    def given(self) -> list[str]:
        """The names of the settings that were given."""
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task definition with what a release changes in it.

    Args:
        definition: the task definition.
        images: container name → image name of the application.
        log_group: where the containers log, if it was defined here.
    """

    definition: ecs.FargateTaskDefinition
    images: Mapping[str, str]
    log_group: logs.ILogGroup | None = None


def define_task(scope: Construct, name: str, deployer: Deployer, settings: TaskSettings, port: int | None) -> Task:
    """A task definition with one container, called like the service.

    Raises:
        ConfigurationError: a size that Fargate has not, or an image that is not built for the architecture.
        NotFound: the application has no such image.
    """
    architecture = settings.architecture or Architecture.ARM64
    image = deployer.application.image(settings.image or name)
    check_platform(scope.node.path, image, architecture)
    cpu = DEFAULT_CPU if settings.cpu is None else settings.cpu
    memory_mib = DEFAULT_MEMORY_MIB if settings.memory_mib is None else settings.memory_mib
    check_size(scope.node.path, cpu, memory_mib)
    definition = ecs.FargateTaskDefinition(
        scope,
        "TaskDefinition",
        family=f"{deployer.application.name}-{deployer.environment}-{name}",
        cpu=cpu,
        memory_limit_mib=memory_mib,
        runtime_platform=architecture.runtime_platform,
        task_role=settings.task_role or _role(scope, "TaskRole", deployer),
        execution_role=_role(scope, "ExecutionRole", deployer),
    )
    log_group = logs.LogGroup(
        scope,
        "Logs",
        # Named by path, so that a deployment may read the last lines of the environment's own tasks and no others.
        log_group_name=f"{deployer.names.log_path}{name}",
        retention=settings.log_retention or DEFAULT_LOG_RETENTION,
        removal_policy=RemovalPolicy.DESTROY,
    )
    definition.add_container(
        name,
        image=deployer.image(image.name),
        command=None if settings.command is None else list(settings.command),
        environment=settings.environment,
        secrets=settings.secrets,
        health_check=settings.health_check,
        logging=ecs.LogDrivers.aws_logs(stream_prefix=name, log_group=log_group),
        port_mappings=None if port is None else [ecs.PortMapping(container_port=port)],
    )
    return Task(definition=definition, images={name: image.name}, log_group=log_group)


def _role(scope: Construct, construct_id: str, deployer: Deployer) -> iam.Role:
    return iam.Role(
        scope,
        construct_id,
        # The deployer may pass the roles below this path, and no others.
        path=deployer.names.task_role_path,
        assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        description=f"Tasks of {deployer_name(deployer.application.name, deployer.environment)}",
    )
