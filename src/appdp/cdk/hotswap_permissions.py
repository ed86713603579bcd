"""Whether an environment may be hot-swapped, and what whoever does it may do."""

from __future__ import annotations

from aws_cdk import aws_iam as iam

from appdp.cdk.environment_names import Names
from appdp.cdk.permissions import ecs_writes, looking_around, service_reads
from appdp.cdk.statements import allow
from appdp.errors import ConfigurationError
from appdp.model import handoff
from appdp.model.application import Application
from appdp.model.hotswap import BuildRecipe, recipes


def build_recipes(
    path: str, application: Application, *, hotswap: bool, protected: bool, approve: str | None
) -> dict[str, BuildRecipe] | None:
    """What the deployer's manifest says of hot swaps: image name → how it is built, or None where there are none.

    Args:
        path: the deployer's, for messages.
        application: whose images.
        hotswap, protected, approve: the deployer's properties.

    Raises:
        ConfigurationError: the environment is protected, or asks for approvals, too.
    """
    if not hotswap:
        return None
    other = "protected=True" if protected else f"approve={approve!r}"
    if protected or approve is not None:
        raise ConfigurationError(
            f"{path} has hotswap=True and {other}: a hot swap asks nobody, and runs what no pipeline has built.",
            hint=f"Leave out hotswap=True where people rely on {other}; it is meant for environments of developers.",
        )
    return recipes(application)


def check_marked(path: str, *, marked: bool) -> None:
    """Raise :class:`ConfigurationError` when somebody is to hot-swap in an environment that refuses it."""
    if not marked:
        raise ConfigurationError(
            f"{path} is not marked for hot swaps, so nobody can be allowed to make them.",
            hint="Give it hotswap=True.",
        )


def hotswap_statements(names: Names) -> list[iam.PolicyStatement]:
    """What ``appdp hotswap`` calls, but for the images."""
    return [*_reads(names), *ecs_writes(names), *_lock(names), allow(["ecr:GetAuthorizationToken"], ["*"])]


def _reads(names: Names) -> list[iam.PolicyStatement]:
    return [
        allow(["ssm:GetParameter"], [names.parameters()]),
        looking_around(names),
        # Whether the owner of a lock still runs.
        allow(["states:DescribeExecution"], [names.state_machine("execution", ":*")]),
        *service_reads(names),
        # AWS has no resource for these.
        allow(["ecs:DescribeTaskDefinition", "ecs:ListTasks", "elasticloadbalancing:DescribeTargetHealth"], ["*"]),
        # The last lines of a container that does not come up.
        allow(["logs:GetLogEvents"], [names.log_groups()]),
    ]


def _lock(names: Names) -> list[iam.PolicyStatement]:
    application, environment = names.application, names.environment
    lock = [
        names.parameter(handoff.lock_parameter(application, environment)),
        names.parameter(handoff.takeover_parameter(application, environment, "*")),
    ]
    # What a dead deployment left of a hold goes with its lock.
    left = [
        names.parameter(handoff.hold_parameter(application, environment)),
        names.parameter(handoff.approval_parameter(application, environment)),
    ]
    return [allow(["ssm:PutParameter"], lock), allow(["ssm:DeleteParameter"], [*lock, *left])]
