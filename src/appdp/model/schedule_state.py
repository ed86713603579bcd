"""How one schedule of a deployment stands; part of the deployment's state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from appdp.model.known_fields import known_fields


class ScheduleProgress(StrEnum):
    """Where one schedule of the deployment is."""

    WAITING = "waiting"
    """Not touched yet."""
    REGISTERED = "registered"
    """Its task definition is registered; it may point there already."""
    REPOINTED = "repointed"
    """It runs the release from now on."""
    UNCHANGED = "unchanged"
    """It ran the release's images before; left alone."""
    RETURNED = "returned"
    """It is as it was before."""
    FAILED = "failed"
    """It could not be put back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """One schedule of a deployment.

    Args:
        name: the schedule's name within the environment.
        group: its schedule group.
        schedule: its name in that group.
        found: ARN of the task definition that it pointed at when the deployment began.
        previous: ARN of the one that a return leads to; not ``found`` where an earlier deployment died on it.
        first: this is the environment's first release, which switches it on; a return switches it off.
        progress: see :class:`ScheduleProgress`.
        task_definition: ARN of the revision that we point it at, once registered.
        detail: why it could not be put back.
    """

    name: str
    group: str
    schedule: str
    found: str
    previous: str
    first: bool = False
    progress: ScheduleProgress = ScheduleProgress.WAITING
    task_definition: str | None = None
    detail: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ScheduleState:
        """Read it from plain data; unknown keys are left out."""
        known = known_fields(cls, data)
        known["progress"] = ScheduleProgress(known["progress"])
        return cls(**known)
