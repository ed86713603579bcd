"""What a deployment would change in the task definition of one service or schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appdp.engine.deploy.clone import clone, container_names
from appdp.engine.deploy.schedule_survey import SeenSchedule
from appdp.engine.deploy.survey import SeenService, Survey
from appdp.engine.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDifference:
    """One service or schedule.

    Args:
        deployed: whether the deployment would deploy the service, or point the schedule at another task definition.
        reason: why, or why not, as a sentence.
        task_definition: ARN of the revision that it points at now.
        before: what it runs now, as it would have to be registered, with the application's images pinned to the digests
            that run, or that a schedule would pull; None while nothing runs.
        after: what it would run afterwards.
    """

    name: str
    deployed: bool
    reason: str
    task_definition: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]

    @property
    def differs(self) -> bool:
        """Whether the task definitions differ."""
        return self.before != self.after


def running_definition(
    seen: Survey, task: SeenService | SeenSchedule, task_definition: str, ports: Ports
) -> dict[str, Any]:
    """A task definition that is in use, as :attr:`TaskDifference.before` has it.

    Args:
        seen: the environment.
        task: what uses it, with the digests that it runs.
        task_definition: its ARN.
    """
    definition = ports.task_definitions.read(task_definition)
    there = container_names(definition)
    images = {
        container: seen.deployer.images[image].by_digest(task.running[container])
        for container, image in task.manifest.containers.items()
        if container in task.running and container in there
    }
    return clone(definition, images)
