"""Amazon ECS tasks that run to their end, outside of any service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from appdp.aws.errors import translated
from appdp.aws.tasks import DESCRIBE, live_task
from appdp.engine.live import LiveTask
from appdp.errors import Refused

if TYPE_CHECKING:
    from appdp.aws.session import Session

STOPPED: Final = "STOPPED"


class EcsJobs:
    """Implements :class:`appdp.engine.ports.Jobs`.

    Needs ``ecs:RunTask``, ``ecs:TagResource``, ``ecs:DescribeTasks``, ``ecs:ListTasks``, ``ecs:StopTask`` and
    ``iam:PassRole``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("ecs")
    def run(self, request: Mapping[str, Any]) -> str:
        """RunTask with ``request`` as it is; the task's ARN.

        Raises:
            Refused: ECS could not place the task; says why.
        """
        answer = self._session.ecs.run_task(**request)
        for failure in answer["failures"]:
            detail = f" ({failure['detail']})" if failure.get("detail") else ""
            raise Refused(f"ECS could not run {request['taskDefinition']}: {failure.get('reason')}{detail}.")
        return str(answer["tasks"][0].get("taskArn"))

    @translated("ecs")
    def describe(self, cluster: str, task: str) -> LiveTask | None:
        """One task, or None when ECS does not know it."""
        found = self._session.ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
        return live_task(found[0]) if found else None

    @translated("ecs")
    def unfinished(self, cluster: str, family: str, started_by: str) -> tuple[str, ...]:
        """ARNs of the tasks of a family that ``started_by`` started and that have not stopped.

        Tasks that were told to stop are listed among the stopped ones while they still run. ListTasks takes
        ``startedBy`` only alone, so it is looked for here.

        See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
        """
        paginator = self._session.ecs.get_paginator("list_tasks")
        arns: list[str] = []
        for page in paginator.paginate(cluster=cluster, family=family, desiredStatus="RUNNING"):
            arns += page["taskArns"]
        for page in paginator.paginate(cluster=cluster, family=family, desiredStatus="STOPPED"):
            arns += page["taskArns"]
        found: list[str] = []
        for start in range(0, len(arns), DESCRIBE):
            tasks = self._session.ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + DESCRIBE])["tasks"]
            ours = [task for task in tasks if task.get("startedBy") == started_by]
            found += [str(task.get("taskArn")) for task in ours if task.get("lastStatus") != STOPPED]
        return tuple(found)

    @translated("ecs")
    def stop(self, cluster: str, task: str, reason: str) -> None:
        """StopTask. Stopping one that stopped, or is being stopped, is not an error."""
        self._session.ecs.stop_task(cluster=cluster, task=task, reason=reason)
