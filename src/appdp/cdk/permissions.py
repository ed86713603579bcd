"""What the parts of a deployer may do, statement by statement.

No action has a wildcard. A resource has one only where the deployer cannot know the resource's name (services come and
go in other stacks, ECS makes up ids) or where AWS knows no resource for the action; :func:`wildcards` says which is
which and becomes cdk-nag's acknowledgement.

See: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

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
    def log_path(self) -> str:
        """The prefix of the log groups of the environment's services."""
        return f"{handoff.environment_path(self.application, self.environment)}/"

    def parameter(self, name: str) -> str:
        """A parameter; ``name`` starts with a slash."""
        return self.stack.format_arn(service="ssm", resource="parameter", resource_name=name[1:])

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

    def event_bus(self) -> str:
        """The default event bus."""
        return self.stack.format_arn(service="events", resource="event-bus", resource_name="default")


def advance_statements(names: Names) -> list[iam.PolicyStatement]:
    """What the function around ``advance()`` may do, but for the images."""
    return [*_ecs_reads(names), *_ecs_writes(names), *_parameters(names), *_others(names)]


def wildcards(names: Names) -> dict[str, str]:
    """The resources with a wildcard in :func:`advance_statements` → why there is one."""
    parameters = names.parameter(handoff.environment_path(names.application, names.environment))
    takeover = names.parameter(handoff.takeover_parameter(names.application, names.environment, "*"))
    return {
        "*": "AWS has no resource for ecs:DescribeTaskDefinition, ecs:ListTasks and elasticloadbalancing:"
        "DescribeTargetHealth; ecs:RegisterTaskDefinition is bounded by iam:PassRole.",
        names.ecs(
            "service"
        ): "CloudFormation names services in other stacks; writing is bound to the environment's tag.",
        names.ecs("service-deployment"): "ECS makes up the ids of service deployments.",
        names.ecs("service-revision"): "ECS makes up the ids of service revisions.",
        names.ecs("task"): "ECS makes up the ids of tasks; this only reads.",
        names.ecs("task-definition"): "ECS numbers revisions; tags can be written only while one is registered.",
        f"{parameters}/*": "The environment's own parameters, one per service; this only reads.",
        takeover: "One marker per lock that is taken over.",
        names.log_groups(): "The log groups of the environment's own services.",
        names.task_roles(): "The roles of the environment's own tasks, which share a path.",
        names.state_machine("execution", ":*"): "Executions of the environment's own state machine.",
    }


def gate_statements(names: Names) -> list[iam.PolicyStatement]:
    """What the gate may do: read one parameter, and what a service deployment is about to run."""
    gate = handoff.gate_parameter(names.application, names.environment)
    return [
        _allow(["ssm:GetParameter"], [names.parameter(gate)]),
        _allow(["ecs:DescribeServiceRevisions"], [names.ecs("service-revision")]),
        _allow(["ecs:DescribeServiceDeployments"], [names.ecs("service-deployment")]),
    ]


def sentinel_statements(names: Names) -> list[iam.PolicyStatement]:
    """What the function that creates the release parameter may do."""
    release = handoff.release_parameter(names.application, names.environment)
    return [_allow(["ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"], [names.parameter(release)])]


def reader_statements(names: Names) -> list[iam.PolicyStatement]:
    """What a person or a machine needs to plan, start, follow and stop deployments, but for the images."""
    path = names.parameter(handoff.environment_path(names.application, names.environment))
    root = names.parameter(handoff.ROOT)
    latest = names.parameter(handoff.release_registry_parameter(names.application))
    stop = names.parameter(handoff.stop_parameter(names.application, names.environment))
    return [
        *_ecs_reads(names),
        _allow(["states:StartExecution"], [names.state_machine()]),
        _allow(["states:DescribeExecution", "states:GetExecutionHistory"], [names.state_machine("execution", ":*")]),
        _allow(["ssm:GetParameter", "ssm:GetParameterHistory"], [f"{path}/*"]),
        # The command line finds applications and environments by looking; there are no secrets below this path.
        _allow(["ssm:GetParametersByPath"], [root, f"{root}/*"]),
        _allow(["ssm:GetParameter"], [latest]),
        # Whoever may start a deployment may take it back, too.
        _allow(["ssm:PutParameter"], [stop]),
    ]


def approver_statements(names: Names) -> list[iam.PolicyStatement]:
    """What whoever decides on a hold needs: to see it, and to write one parameter. They can start nothing."""
    path = names.parameter(handoff.environment_path(names.application, names.environment))
    root = names.parameter(handoff.ROOT)
    return [
        _allow(
            ["ssm:PutParameter"], [names.parameter(handoff.approval_parameter(names.application, names.environment))]
        ),
        _allow(["ssm:GetParameter", "ssm:GetParameterHistory"], [f"{path}/*"]),
        _allow(["ssm:GetParametersByPath"], [root, f"{root}/*"]),
        # Whether the deployment that is on hold still runs, and how it goes on.
        _allow(["states:DescribeExecution", "states:GetExecutionHistory"], [names.state_machine("execution", ":*")]),
    ]


def _ecs_reads(names: Names) -> list[iam.PolicyStatement]:
    return [
        _allow(["ecs:DescribeServices", "ecs:ListServiceDeployments"], [names.ecs("service")]),
        _allow(["ecs:DescribeServiceDeployments"], [names.ecs("service-deployment")]),
        _allow(["ecs:DescribeServiceRevisions"], [names.ecs("service-revision")]),
        _allow(["ecs:DescribeTasks"], [names.ecs("task")]),
        _allow(
            [
                "ecs:DescribeTaskDefinition",
                "ecs:ListTasks",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            ["*"],
        ),
    ]


def _ecs_writes(names: Names) -> list[iam.PolicyStatement]:
    return [
        _allow(
            ["ecs:UpdateService"],
            [names.ecs("service")],
            {"StringEquals": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": names.tag_value}},
        ),
        _allow(["ecs:StopServiceDeployment"], [names.ecs("service-deployment")]),
        # AWS knows no resource for it in every region; what may be registered is bounded by the roles it may pass.
        _allow(["ecs:RegisterTaskDefinition"], ["*"]),
        # Registering a task definition together with its tags needs this, and nothing else does.
        _allow(
            ["ecs:TagResource"],
            [names.ecs("task-definition")],
            {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        ),
        _allow(
            ["iam:PassRole"],
            [names.task_roles()],
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
    ]


def _parameters(names: Names) -> list[iam.PolicyStatement]:
    application, environment = names.application, names.environment
    path = names.parameter(handoff.environment_path(application, environment))
    written = [
        names.parameter(handoff.release_parameter(application, environment)),
        names.parameter(handoff.lock_parameter(application, environment)),
        names.parameter(handoff.takeover_parameter(application, environment, "*")),
        names.parameter(handoff.gate_parameter(application, environment)),
        names.parameter(handoff.hold_parameter(application, environment)),
    ]
    stop = names.parameter(handoff.stop_parameter(application, environment))
    history = names.parameter(handoff.history_parameter(application, environment))
    # Whoever decides writes it; the engine removes it when it was read.
    approval = names.parameter(handoff.approval_parameter(application, environment))
    reads = ["ssm:GetParameter", "ssm:GetParametersByPath", "ssm:GetParameterHistory"]
    return [
        _allow(reads, [path, f"{path}/*"]),
        _allow(["ssm:PutParameter"], [*written, history]),
        # Never the release parameter: losing it would take the environment's services to zero.
        _allow(["ssm:DeleteParameter"], [*written[1:], stop, approval]),
    ]


def _others(names: Names) -> list[iam.PolicyStatement]:
    return [
        _allow(["logs:GetLogEvents"], [names.log_groups()]),
        _allow(["states:DescribeExecution"], [names.state_machine("execution", ":*")]),
        _allow(["events:PutEvents"], [names.event_bus()], {"StringEquals": {"events:source": handoff.EVENT_SOURCE}}),
    ]


def _allow(
    actions: list[str], resources: list[str], conditions: Mapping[str, Mapping[str, str]] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
