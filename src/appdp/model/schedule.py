"""A schedule of an environment: the manifest that its construct writes, and how it stands in a deployment."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from appdp.model.manifest import VERSION, known


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleManifest:
    """One schedule of an environment, which runs a task at its times. At most 4 KiB as JSON.

    Args:
        name: the schedule's name within the environment, such as ``nightly``.
        group: the schedule group that the EventBridge schedule is in.
        schedule: the EventBridge schedule's name in that group.
        cluster: ARN of the ECS cluster.
        task_definition: ARN, with revision, of the task definition that CloudFormation registered last.
        containers: container name → image name of the application. Containers that are not named keep their image.
        enabled: whether the first release switches it on.
    """

    name: str
    group: str
    schedule: str
    cluster: str
    task_definition: str
    containers: dict[str, str]
    enabled: bool = True

    def to_json(self) -> str:
        """The parameter's value."""
        return json.dumps({"version": VERSION, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ScheduleManifest:
        """Read a parameter's value; unknown keys are left out.

        Raises:
            ConfigurationError: a newer appdp wrote it.
        """
        return cls(**known(cls, text, "schedule"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePlan:
    """What would happen to one schedule.

    Args:
        changes: whether it would be pointed at another task definition.
        reason: why, or why not, as a sentence.
        running: image name → digest that it runs now; empty when that is not known.
        wanted: image name → digest of the release.
    """

    name: str
    changes: bool
    reason: str
    running: dict[str, str]
    wanted: dict[str, str]
