"""ECS Exec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appdp.aws.errors import translated
from appdp.engine.shells import Shell, ShellTask

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerTypeDef, TaskTypeDef

    from appdp.aws.session import Session

_AGENT: Final = "ExecuteCommandAgent"
"""See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedAgent.html"""

_DESCRIBE: Final = 100
"""Tasks a DescribeTasks call takes.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
"""


class EcsShells:
    """Implements :class:`appdp.engine.shells.Shells`.

    Needs ``ecs:ListTasks``, ``ecs:DescribeTasks`` and ``ecs:ExecuteCommand``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("ecs")
    def tasks(self, cluster: str, service: str) -> tuple[ShellTask, ...]:
        """The service's tasks that run or are to run."""
        pages = self._session.ecs.get_paginator("list_tasks").paginate(
            cluster=cluster, serviceName=service.rpartition("/")[2], desiredStatus="RUNNING"
        )
        arns = [arn for page in pages for arn in page["taskArns"]]
        found: list[ShellTask] = []
        for start in range(0, len(arns), _DESCRIBE):
            answer = self._session.ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + _DESCRIBE])
            found.extend(_task(item) for item in answer["tasks"])
        return tuple(found)

    @translated("ecs")
    def open(self, cluster: str, task: str, container: str, command: str) -> Shell:
        """ExecuteCommand: start ``command`` in a container; whoever has the session is its terminal."""
        answer = self._session.ecs.execute_command(
            cluster=cluster, task=task, container=container, command=command, interactive=True
        )
        session = answer["session"]
        return Shell(
            session={
                "sessionId": session.get("sessionId", ""),
                "streamUrl": session.get("streamUrl", ""),
                "tokenValue": session.get("tokenValue", ""),
            },
            region=self._session.ecs.meta.region_name,
            endpoint=self._session.ssm.meta.endpoint_url,
        )


def _task(item: TaskTypeDef) -> ShellTask:
    started = item.get("startedAt")
    containers = item.get("containers", [])
    return ShellTask(
        arn=item.get("taskArn", ""),
        task_definition=item.get("taskDefinitionArn", ""),
        status=item.get("lastStatus", ""),
        started_at=started.timestamp() if started else 0.0,
        enabled=item.get("enableExecuteCommand", False),
        agents={container.get("name", ""): _agent(container) for container in containers},
        runtimes={container.get("name", ""): id for container in containers if (id := container.get("runtimeId"))},
    )


def _agent(container: ContainerTypeDef) -> tuple[str, str]:
    for agent in container.get("managedAgents", ()):
        if agent.get("name") == _AGENT:
            return agent.get("lastStatus", ""), agent.get("reason", "")
    return "", ""
