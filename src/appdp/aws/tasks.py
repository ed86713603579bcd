"""Amazon ECS tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from appdp.aws.errors import translated
from appdp.engine.live import LiveTask, StoppedContainer

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerTypeDef, TaskTypeDef

    from appdp.aws.session import Session

DESCRIBE: Final = 100
"""Tasks a DescribeTasks call takes.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
"""


class EcsTasks:
    """Implements :class:`appdp.engine.ports.Tasks`. Needs ``ecs:ListTasks`` and ``ecs:DescribeTasks``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("ecs")
    def of_service(self, cluster: str, service: str, *, stopped: bool) -> tuple[LiveTask, ...]:
        """The service's tasks: those that run, or those that stopped lately (ECS keeps them for about an hour)."""
        pages = self._session.ecs.get_paginator("list_tasks").paginate(
            cluster=cluster, serviceName=service.rpartition("/")[2], desiredStatus="STOPPED" if stopped else "RUNNING"
        )
        arns = [arn for page in pages for arn in page["taskArns"]]
        tasks: list[LiveTask] = []
        for start in range(0, len(arns), DESCRIBE):
            answer = self._session.ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + DESCRIBE])
            tasks.extend(live_task(item) for item in answer["tasks"])
        return tuple(tasks)


def live_task(item: TaskTypeDef) -> LiveTask:
    """A task as the engine sees it."""
    started = item.get("startedAt")
    created = item.get("createdAt")
    return LiveTask(
        arn=item.get("taskArn", ""),
        task_definition=item.get("taskDefinitionArn", ""),
        status=item.get("lastStatus", ""),
        health=item.get("healthStatus", "UNKNOWN"),
        stopped_reason=item.get("stoppedReason", ""),
        started_at=started.timestamp() if started else None,
        created_at=created.timestamp() if created else 0.0,
        addresses=tuple(dict.fromkeys(_addresses(item))),
        containers=tuple(_container(container) for container in item.get("containers", ())),
    )


def _addresses(item: TaskTypeDef) -> Iterator[str]:
    for container in item.get("containers", ()):
        for interface in container.get("networkInterfaces", ()):
            if address := interface.get("privateIpv4Address"):
                yield address
    for attachment in item.get("attachments", ()):
        for detail in attachment.get("details", ()):
            if detail.get("name") == "privateIPv4Address" and (address := detail.get("value")):
                yield address


def _container(item: ContainerTypeDef) -> StoppedContainer:
    return StoppedContainer(
        name=item.get("name", ""),
        exit_code=item.get("exitCode"),
        reason=item.get("reason", ""),
        health=item.get("healthStatus", "UNKNOWN"),
    )
