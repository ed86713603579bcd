"""What a service runs that CodeDeploy deploys: its task sets stand for ECS's service revisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from appdp.aws.errors import translated
from appdp.engine.live import LiveRevision

if TYPE_CHECKING:
    from appdp.aws.session import Session

_TASK_SET: Final = ":task-set/"
_TASK_DEFINITION: Final = ":task-definition/"


def is_revision(arn: str) -> bool:
    """Whether it is a revision of ECS's own."""
    return ":service-revision/" in arn


class TaskSets:
    """Part of :class:`appdp.engine.ports.Services`. Needs ``ecs:DescribeServices``, ``ecs:DescribeTaskDefinition``,
    ``ecs:ListTasks`` and ``ecs:DescribeTasks``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("ecs")
    def revisions(self, arns: Sequence[str]) -> dict[str, LiveRevision]:
        """Task sets and task definitions by ARN; anything else is a revision of which nothing is known.

        The digests are those that the task definition names, and those that a running task has.
        """
        return {arn: self._one(arn) for arn in dict.fromkeys(arns)}

    def _one(self, arn: str) -> LiveRevision:
        if _TASK_SET in arn:
            return self._task_set(arn)
        digests = self._named(arn) if _TASK_DEFINITION in arn else {}
        return LiveRevision(arn=arn, task_definition=arn, digests=digests)

    def _task_set(self, arn: str) -> LiveRevision:
        place, _, path = arn.partition(_TASK_SET)
        cluster, service, name = path.split("/", 2)
        answer = self._session.ecs.describe_services(cluster=cluster, services=[f"{place}:service/{cluster}/{service}"])
        sets = [one for found in answer["services"] for one in found.get("taskSets", ())]
        definition = next((one.get("taskDefinition", "") for one in sets if one.get("taskSetArn") == arn), "")
        named = self._named(definition) if definition else {}
        return LiveRevision(arn=arn, task_definition=definition, digests=self._running(cluster, name) | named)

    def _named(self, definition: str) -> dict[str, str]:
        answer = self._session.ecs.describe_task_definition(taskDefinition=definition)
        images = {
            one.get("name", ""): one.get("image", "").partition("@")[2]
            for one in answer["taskDefinition"].get("containerDefinitions", ())
        }
        return {name: digest for name, digest in images.items() if digest}

    def _running(self, cluster: str, task_set: str) -> dict[str, str]:
        arns = self._session.ecs.list_tasks(cluster=cluster, startedBy=task_set)["taskArns"][:1]
        tasks = self._session.ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        return {
            one.get("name", ""): one.get("imageDigest", "")
            for task in tasks
            for one in task.get("containers", ())
            if one.get("imageDigest")
        }
