"""ECS Exec over HTTP."""

from __future__ import annotations

import pytest

from appdp.aws.session import Session
from appdp.aws.shells import EcsShells
from appdp.engine.shells import Shell, ShellTask
from appdp.errors import RemoteError
from tests.unit.aws.server import AwsSays, AwsServer


def test_tasks_with_their_agents(aws: AwsServer, session: Session) -> None:
    stopped = {"name": "ExecuteCommandAgent", "lastStatus": "STOPPED", "reason": "timed out"}
    task = {
        "taskArn": "task/shop/1",
        "taskDefinitionArn": "td:1",
        "lastStatus": "RUNNING",
        "startedAt": 101,
        "enableExecuteCommand": True,
        "containers": [
            {"name": "api", "runtimeId": "1-2", "managedAgents": [stopped]},
            {"name": "sidecar", "managedAgents": []},
        ],
    }
    aws.answers["ListTasks"] = lambda _: {"taskArns": ["task/shop/1", "task/shop/2"]}
    aws.answers["DescribeTasks"] = lambda _: {"tasks": [task, {"taskArn": "task/shop/2", "lastStatus": "PENDING"}]}
    first, second = EcsShells(session).tasks("shop", "arn:aws:ecs:r:1:service/shop/api")
    assert first == ShellTask(
        arn="task/shop/1",
        task_definition="td:1",
        status="RUNNING",
        started_at=101.0,
        enabled=True,
        agents={"api": ("STOPPED", "timed out"), "sidecar": ("", "")},
        runtimes={"api": "1-2"},
    )
    assert (second.id, second.enabled, second.started_at) == ("2", False, 0.0)
    assert aws.last("ListTasks").payload == {"cluster": "shop", "serviceName": "api", "desiredStatus": "RUNNING"}


def test_a_session(aws: AwsServer, session: Session) -> None:
    opened = {"sessionId": "s", "streamUrl": "wss://x", "tokenValue": "t"}
    aws.answers["ExecuteCommand"] = lambda _: {"session": opened, "clusterArn": "c"}
    shell = EcsShells(session).open("shop", "task/1", "api", "ls -l")
    assert shell == Shell(session=opened, region="us-east-1", endpoint=aws.url)
    assert aws.last("ExecuteCommand").payload == {
        "cluster": "shop",
        "task": "task/1",
        "container": "api",
        "command": "ls -l",
        "interactive": True,
    }


def test_an_agent_that_is_not_connected(aws: AwsServer, session: Session) -> None:
    def answer(_: object) -> dict[str, object]:
        raise AwsSays("TargetNotConnectedException", "The agent is not connected")

    aws.answers["ExecuteCommand"] = answer
    with pytest.raises(RemoteError, match=r"ecs:ExecuteCommand with TargetNotConnectedException"):
        EcsShells(session).open("shop", "task/1", "api", "ls")
