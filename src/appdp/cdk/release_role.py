"""The role with which pipelines of another account release into an environment."""

from __future__ import annotations

from typing import Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from appdp.cdk.acknowledgements import acknowledge_findings, wildcard_finding
from appdp.cdk.environment_names import Names
from appdp.cdk.statements import allow
from appdp.model import handoff

STATE_MACHINE_ACTIONS: Final = ("states:DescribeStateMachine", "states:StartExecution")
EXECUTION_ACTIONS: Final = ("states:DescribeExecution",)
"""What CodePipeline's Step Functions action needs.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html
"""


def release_role(scope: Construct, construct_id: str, *, names: Names, account: str) -> iam.Role:
    """Define it. Pipelines find it by its name; see :func:`release_role_arn`.

    It may start the environment's deployments, follow them, and read which release runs and what schedules there are.
    The action that uses it has no artifacts, so it needs neither the pipeline's bucket nor a key.

    Args:
        scope: the deployer.
        construct_id: such as ``"ReleaseRole"``.
        names: the environment's.
        account: the account of the pipelines. Only the roles of the application's own pipelines may assume it, and only
            if they are allowed to there as well.
    """
    stack = names.stack
    pipelines = f"arn:{stack.partition}:iam::{account}:role{handoff.pipelines_path(names.application)}/*"
    executions = names.state_machine("execution", ":*")
    release = names.parameter(handoff.release_parameter(names.application, names.environment))
    schedules = names.parameter(handoff.schedules_path(names.application, names.environment))
    statements = [
        allow(STATE_MACHINE_ACTIONS, [names.state_machine()]),
        allow(EXECUTION_ACTIONS, [executions]),
        allow(["ssm:GetParameter"], [release]),
        allow(["ssm:GetParametersByPath"], [schedules]),
    ]
    role = iam.Role(
        scope,
        construct_id,
        path=names.role_path,
        role_name=handoff.release_role_name(names.application, names.environment, stack.region),
        description=f"Pipelines of account {account} release {names.application} into {names.environment} with it.",
        assumed_by=iam.PrincipalWithConditions(
            iam.AccountPrincipal(account), {"ArnLike": {"aws:PrincipalArn": pipelines}}
        ),
        inline_policies={"Release": iam.PolicyDocument(statements=statements)},
    )
    reason = "CodePipeline makes up the names of the executions that it starts."
    acknowledge_findings(role, {wildcard_finding(scope, executions): reason})
    return role


def release_role_arn(stack: Stack, application: str, environment: str, *, account: str, region: str) -> str:
    """The role's ARN, as another stack writes it."""
    path = handoff.environment_path(application, environment)[1:]
    return stack.format_arn(
        service="iam",
        region="",
        account=account,
        resource="role",
        resource_name=f"{path}/{handoff.release_role_name(application, environment, region)}",
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
