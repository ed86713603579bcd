"""The deployer's roles may do what the adapters call, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from aws_cdk import aws_iam as iam
from botocore import xform_name

import appdp.aws
from appdp.cdk import Scan
from appdp.cli.actions import ACTIONS
from tests.synth.assembly import actions, resources_of, statements
from tests.synth.environment import Environment
from tests.synth.pipeline import Pipeline

FOLDER = Path(appdp.aws.__file__).parent
SERVICES = {
    "cloudwatch": "cloudwatch",
    "codedeploy": "codedeploy",
    "codepipeline": "codepipeline",
    "ec2": "ec2",
    "ecr": "ecr",
    "ecs": "ecs",
    "elbv2": "elasticloadbalancing",
    "events": "events",
    "logs": "logs",
    "scheduler": "scheduler",
    "ssm": "ssm",
    "stepfunctions": "states",
    "sts": "sts",
}
"""What botocore calls a service → what IAM calls it."""

IMPLIED = {
    "iam:PassRole",
    "ecs:TagResource",
    "inspector2:ListCoverage",
    "inspector2:ListFindings",
    "codedeploy:GetDeploymentConfig",
    "codedeploy:RegisterApplicationRevision",
}
"""Actions that are no calls of their own."""

OVER_HTTP = {"distribution": {"ecr:BatchGetImage", "ecr:PutImage"}}
"""Adapter → actions of requests to the registry itself, which are no operations of the SDK."""

OWN_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}


def operations() -> dict[str, str]:
    """What an operation is called in Python, and on the wire → the action that it needs."""
    session = botocore.session.get_session()
    found: dict[str, str] = {}
    for service, prefix in SERVICES.items():
        for name in session.get_service_model(service).operation_names:
            found |= {name: f"{prefix}:{name}", xform_name(name): f"{prefix}:{name}"}
    return found


def words(source: str) -> Iterator[str]:
    """The methods that are called, and the literals that are passed to them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr
            yield from (str(item.value) for item in node.args if isinstance(item, ast.Constant))


def called(adapter: Path) -> set[str]:
    known = operations()
    return {known[word] for word in words(adapter.read_text()) if word in known}


def told(adapter: Path) -> set[str]:
    return set(re.findall(r"``([a-z0-9]+:[A-Z]\w+)``", adapter.read_text()))


def engines() -> list[Path]:
    """The adapters of the engine's ports."""
    names = re.findall(r"^from appdp\.aws\.(\w+) import", (FOLDER / "assemble.py").read_text(), re.MULTILINE)
    # CodeDeploy's part of the services is allowed by each such service's own stack, on its own deployment group.
    behind = {"controllers": "services"}
    return [FOLDER / f"{behind.get(name, name)}.py" for name in names if name != "session"]


def needed(adapters: list[Path]) -> set[str]:
    return {action for adapter in adapters for action in told(adapter)}


@pytest.mark.parametrize("adapter", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_an_adapter_tells_what_it_calls(adapter: Path) -> None:
    assert told(adapter) - IMPLIED == called(adapter) | OVER_HTTP.get(adapter.stem, set())


def test_the_engine_may_do_what_its_adapters_call_and_nothing_else(environment: Environment) -> None:
    found = actions(statements(environment.deployers, "AdvanceRole"))
    assert len(found) > 20
    assert found - OWN_LOG == needed(engines())


def test_who_may_deploy_may_see_what_the_engine_sees_and_start_and_stop_it(environment: Environment) -> None:
    environment.deployer.grant_deploy(iam.User(environment.deployer_stack, "User"))
    (policy,) = [
        item["Properties"]["PolicyDocument"]["Statement"]
        for item in resources_of(environment.deployers, "AWS::IAM::Policy").values()
        if "Users" in item["Properties"]
    ]
    every = needed([*engines(), FOLDER / "executions.py"])
    reads = {action for action in every if action.split(":")[1].startswith(("Batch", "Describe", "Get", "List"))}
    # Only the engine reads logs, to say why a release failed.
    assert actions(policy) == (reads - {"logs:GetLogEvents"}) | {"states:StartExecution", "ssm:PutParameter"}
    # That is what docs/commands.md says of every verb but those it says more of; only logs and doctor read logs.
    more = ("unlock", "verify", "run", "hotswap", "exec", "init")
    verbs = {action for verb, every in ACTIONS.items() if verb not in more for action in every}
    assert verbs - actions(policy) == {"logs:FilterLogEvents"}


def test_who_may_approve_may_do_what_the_command_calls(environment: Environment) -> None:
    environment.deployer.grant_approve(iam.User(environment.deployer_stack, "User"))
    (policy,) = [
        item["Properties"]["PolicyDocument"]["Statement"]
        for item in resources_of(environment.deployers, "AWS::IAM::Policy").values()
        if "Users" in item["Properties"]
    ]
    assert actions(policy) == ACTIONS["approve"] | ACTIONS["reject"] | ACTIONS["wait"]


def test_the_publication_may_do_what_its_adapters_call_and_nothing_else(environment: Environment) -> None:
    found = actions(statements(Pipeline(environment, scan=Scan.ecr_enhanced()).template, "MainPublish"))
    adapters = [FOLDER / f"{name}.py" for name in ("distribution", "registry", "scans", "pipeline_jobs", "events")]
    # It reads parameters, schedules by their path, and writes one; it lists no repository; enhanced scans start by
    # themselves.
    parameters = {"ssm:GetParameter", "ssm:GetParametersByPath", "ssm:PutParameter"}
    assert found - OWN_LOG == (needed(adapters) | parameters) - {"ecr:DescribeImages", "ecr:StartImageScan"}
