"""What belongs to one environment, by its ARN, path or tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import ArnFormat, Stack

from appdp.model import handoff

ENVIRONMENT_TAG: Final = "appdp:environment"
"""The tag by which the deployer may update a service; its value is ``{application}/{environment}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The ARNs of what belongs to one environment, as one stack writes them."""

    stack: Stack
    application: str
    environment: str

    @property
    def tag_value(self) -> str:
        """The value of :data:`ENVIRONMENT_TAG`."""
        return f"{self.application}/{self.environment}"

    @property
    def role_path(self) -> str:
        """The IAM path of the deployer's own roles."""
        return f"{handoff.environment_path(self.application, self.environment)}/"

    @property
    def task_role_path(self) -> str:
        """The IAM path of the roles of the environment's tasks, which the deployer may pass."""
        return f"{self.role_path}tasks/"

    @property
    def schedule_role_path(self) -> str:
        """The IAM path of the roles of the environment's schedules, which the deployer may pass."""
        return f"{self.role_path}schedules/"

    @property
    def log_path(self) -> str:
        """The prefix of the log groups of the environment's services."""
        return f"{handoff.environment_path(self.application, self.environment)}/"

    def parameter(self, name: str) -> str:
        """A parameter; ``name`` starts with a slash."""
        return self.stack.format_arn(service="ssm", resource="parameter", resource_name=name[1:])

    def parameters(self) -> str:
        """All parameters of the environment."""
        return self.parameter(f"{handoff.environment_path(self.application, self.environment)}/*")

    def ecs(self, kind: str) -> str:
        """All ECS resources of a kind in this account and region."""
        return self.stack.format_arn(service="ecs", resource=kind, resource_name="*")

    def state_machine(self, kind: str = "stateMachine", suffix: str = "") -> str:
        """The environment's state machine, or its executions."""
        name = handoff.deployer_name(self.application, self.environment) + suffix
        return self.stack.format_arn(
            service="states", resource=kind, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )

    def log_groups(self) -> str:
        """The log groups of the environment's services, with their streams."""
        return self.stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"{self.log_path}*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def task_roles(self) -> str:
        """The roles of the environment's tasks."""
        return self.stack.format_arn(
            service="iam", region="", resource="role", resource_name=f"{self.task_role_path[1:]}*"
        )

    def schedule_group(self) -> str:
        """The environment's schedule group."""
        group = handoff.schedule_group(self.application, self.environment)
        return self.stack.format_arn(service="scheduler", resource="schedule-group", resource_name=group)

    def schedules(self) -> str:
        """The environment's schedules."""
        group = handoff.schedule_group(self.application, self.environment)
        return self.stack.format_arn(service="scheduler", resource="schedule", resource_name=f"{group}/*")

    def schedule_roles(self) -> str:
        """The roles of the environment's schedules."""
        return self.stack.format_arn(
            service="iam", region="", resource="role", resource_name=f"{self.schedule_role_path[1:]}*"
        )

    def event_bus(self) -> str:
        """The default event bus."""
        return self.stack.format_arn(service="events", resource="event-bus", resource_name="default")
