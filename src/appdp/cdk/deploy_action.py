"""The action that releases into an environment, wherever that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aws_cdk import CfnResource
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from appdp.cdk.github import SOURCE
from appdp.cdk.pipeline_environment import PipelineEnvironment
from appdp.cdk.pipeline_permissions import PipelineNames
from appdp.model import handoff

RELEASE: Final = f"#{{{SOURCE}.CommitId}}"
EXECUTION: Final = "#{codepipeline.PipelineExecutionId}"
"""See: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html"""


def deploy_action(
    scope: Construct, names: PipelineNames, environment: PipelineEnvironment, order: int
) -> codepipeline.IAction:
    """Start the environment's state machine, and follow it. Its input is a literal: it has no artifacts.

    Args:
        scope: the pipeline.
        names: the pipeline's.
        environment: where to; if it is elsewhere, call :func:`reach` as well.
        order: among the actions of its stage.
    """
    machine = sfn.StateMachine.from_state_machine_name(
        scope, f"StateMachine-{environment.name}", handoff.deployer_name(names.application, environment.name)
    )
    request = {
        "application": names.application,
        "environment": environment.name,
        "release": RELEASE,
        "id": EXECUTION,
        "rollback": False,
    }
    return actions.StepFunctionInvokeAction(
        action_name=_action_name(environment),
        run_order=order,
        state_machine=machine,
        state_machine_input=actions.StateMachineInput.literal(
            {"request": request, "requested_by": f"pipeline {names.physical_name}, execution {EXECUTION}"}
        ),
    )


def reach(
    pipeline: codepipeline.Pipeline,
    stages: Sequence[codepipeline.StageProps],
    names: PipelineNames,
    environment: PipelineEnvironment,
) -> None:
    """Point the action at an environment elsewhere: its region, and the role that its account has for pipelines.

    Written into the resource, because the CDK wants a key for every action with a role of another account: the key is
    for artifacts, which this action has not. (https://github.com/aws/aws-cdk/issues/32693)

    See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html
    """
    (place,) = [
        f"Stages.{number}.Actions.{position}"
        for number, stage in enumerate(stages)
        for position, action in enumerate(stage.actions or ())
        if action.action_properties.action_name == _action_name(environment)
    ]
    wanted: dict[str, Any] = {
        "Configuration.StateMachineArn": names.state_machine(environment),
        "Region": environment.region,
        "RoleArn": names.release_role(environment),
    }
    resource = pipeline.node.default_child
    if not isinstance(resource, CfnResource):
        raise TypeError(f"{pipeline.node.path} has no resource")
    for key, value in wanted.items():
        if value is not None:
            resource.add_property_override(f"{place}.{key}", value)


def _action_name(environment: PipelineEnvironment) -> str:
    return f"Deploy-{environment.name}"
