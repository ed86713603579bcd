"""The verbs call what ``docs/commands.md`` says that they need, over the real adapters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appdp.cli.actions import ACTIONS
from appdp.cli.main import main
from appdp.model.deployment import Owner
from appdp.model.handoff import hold_parameter, job_parameter, lock_parameter, schedule_parameter
from appdp.model.hold import HoldNotice
from appdp.model.job import JobManifest
from appdp.model.lock import Lock
from appdp.model.schedule import ScheduleManifest
from tests.unit.aws.server import AwsSays, environment, serving
from tests.unit.cli.cloud import ARN, CLUSTER, STATE_MACHINE, Cloud
from tests.unit.cli.session_plugin import SessionPlugin, install

PREFIXES = {
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AmazonSSM": "ssm",
    "AWSStepFunctions": "states",
    "GraniteServiceVersion20100801": "cloudwatch",
    "Logs_20140328": "logs",
    "scheduler": "scheduler",
}
"""What AWS's protocol calls a service → what IAM calls it."""

EXECUTION = f"{STATE_MACHINE.replace(':stateMachine:', ':execution:')}:other"

COMMANDS = {
    "deploy": ("dev", "v2"),
    "rollback": ("dev", "v2"),
    "approve": ("dev",),
    "reject": ("dev",),
    "stop": ("dev", "--yes", "--timeout", "0s"),
    "wait": ("dev", "--timeout", "0s"),
    "status": ("dev", "--follow"),
    "diff": ("dev", "v2"),
    "history": ("dev",),
    "releases": (),
    "run": ("dev", "migrate", "--yes"),
    "logs": ("dev",),
    "exec": ("dev", "api", "--", "true"),
    "unlock": ("dev", "--yes"),
    "doctor": (),
}
"""Verb → what is typed after it."""

UNSEEN = {"ecr:GetDownloadUrlForLayer", "ssm:GetParameterHistory", "ecr:DescribeImages"}
"""Needed for images without an index, for a rollback without a release, for the history, and for an unknown release."""


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with serving() as server:
        for name, value in environment(server.url).items():
            monkeypatch.setenv(name, value)
        cloud = Cloud(server)
        server.answers["GetExecutionHistory"] = lambda _: {"events": []}
        schedule(cloud)
        server.answers["FilterLogEvents"] = lambda _: {"events": []}
        server.answers["PutParameter"] = lambda asked: put(cloud, asked)
        server.answers["DeleteParameter"] = lambda asked: delete(cloud, asked)
        server.answers["DescribeTaskDefinition"] = logging(server.answers["DescribeTaskDefinition"])
        history = server.answers["GetParameterHistory"]
        server.answers["GetParameterHistory"] = lambda asked: (
            history(asked) if asked["Name"] in cloud.parameters else {"Parameters": []}
        )
        yield cloud


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SessionPlugin:
    return install(tmp_path, monkeypatch)


def schedule(cloud: Cloud) -> None:
    """The environment has a schedule, too."""
    manifest = ScheduleManifest(
        name="api",
        group="shop.dev",
        schedule="api",
        cluster=CLUSTER,
        task_definition="td/x-api:1",
        containers={"api": "api"},
    )
    cloud.parameters[schedule_parameter("shop", "dev", "api")] = manifest.to_json()
    target = {"Arn": CLUSTER, "RoleArn": "arn:aws:iam::1:role/r", "EcsParameters": {"TaskDefinitionArn": "td/x-api:1"}}
    cloud.server.answers["GetSchedule"] = lambda _: {"State": "ENABLED", "Target": target}


def put(cloud: Cloud, asked: dict[str, Any]) -> dict[str, Any]:
    if not asked["Overwrite"] and asked["Name"] in cloud.parameters:
        raise AwsSays("ParameterAlreadyExists")
    cloud.parameters[asked["Name"]] = asked["Value"]
    return {"Version": 1}


def delete(cloud: Cloud, asked: dict[str, Any]) -> dict[str, Any]:
    if cloud.parameters.pop(asked["Name"], None) is None:
        raise AwsSays("ParameterNotFound")
    return {}


def logging(answer: Any) -> Any:  # noqa: ANN401  (an answer of the server)
    """Task definitions whose containers log with awslogs."""

    def with_logs(asked: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = answer(asked)
        options = {"awslogs-group": "/appdp/shop/dev", "awslogs-stream-prefix": "x"}
        for container in found["taskDefinition"]["containerDefinitions"]:
            container["logConfiguration"] = {"logDriver": "awslogs", "options": options}
        return found

    return with_logs


def locked(cloud: Cloud, *, alive: bool, execution: str | None = EXECUTION) -> None:
    if alive:
        cloud.running.add(EXECUTION)
    held = Lock(deployment="other", owner=Owner(execution=execution, requested_by="arn:bob"), renewed_at=1.0)
    cloud.parameters[lock_parameter("shop", "dev")] = held.to_json()


def on_hold(cloud: Cloud) -> None:
    notice = HoldNotice(
        deployment="other", release="v2", previous="v1", requested_by="arn:bob", since=1.0, until=4_000_000_000.0
    )
    cloud.parameters[hold_parameter("shop", "dev")] = notice.to_json()


def job(cloud: Cloud) -> None:
    """A job whose task takes longer than it may, so that it is stopped, too."""
    manifest = JobManifest(
        name="migrate",
        cluster=CLUSTER,
        task_definition=f"{ARN}:task-definition/shop-dev-web:1",
        containers={"web": "web"},
        network={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        deciding_container="web",
        timeout_seconds=0,
    )
    cloud.parameters[job_parameter("shop", "dev", "migrate")] = manifest.to_json()
    task = {"taskArn": f"{ARN}:task/shop/1", "taskDefinitionArn": "arn:td", "containers": [{"name": "web"}]}
    answers = cloud.server.answers
    answers["RegisterTaskDefinition"] = lambda _: {"taskDefinition": {"taskDefinitionArn": "arn:td"}}
    answers["RunTask"] = lambda _: {"tasks": [task], "failures": []}
    answers["DescribeTasks"] = lambda _: {
        "tasks": [{**task, "lastStatus": "STOPPED" if "StopTask" in cloud.server.operations() else "RUNNING"}]
    }
    answers["StopTask"] = lambda _: {"task": task}


def called(cloud: Cloud) -> set[str]:
    """The IAM actions of everything that was called."""
    # EventBridge Scheduler's protocol names no target.
    targets = [
        request.headers.get("X-Amz-Target", f"scheduler.{request.operation}").split(".")
        for request in cloud.server.received
    ]
    return {f"{PREFIXES[service]}:{operation}" for service, operation in targets}


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_verb_calls_what_it_says_that_it_needs(cloud: Cloud, plugin: SessionPlugin, verb: str) -> None:
    if verb in ("approve", "reject", "stop", "wait", "unlock", "doctor"):
        locked(cloud, alive=verb not in ("unlock", "doctor"))
    if verb == "run":
        job(cloud)
    if verb in ("approve", "reject"):
        on_hold(cloud)
    if verb == "status":
        # A process that deploys, whose jobs ECS is asked for, and what follows a deployment that has died.
        job(cloud)
        for execution in (None, EXECUTION):
            locked(cloud, alive=False, execution=execution)
            assert CliRunner().invoke(main, ["status", "dev"]).exit_code == 0
    result = CliRunner().invoke(main, [verb, *COMMANDS[verb]])
    assert "refused it" not in result.stderr
    assert "unexpected" not in result.stderr, result.stderr
    assert called(cloud) - ACTIONS[verb] == set(), "it calls more than docs/commands.md says"
    assert ACTIONS[verb] - called(cloud) <= UNSEEN, "docs/commands.md says more than it calls"
