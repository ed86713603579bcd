"""What a deployment would change, and why: the value behind ``--dry-run``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from appdp.model.environment import StrategyKind
from appdp.model.job import JobRun
from appdp.model.schedule import SchedulePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """What would happen to one service.

    Args:
        changes: whether it would be deployed.
        reason: why, or why not, as a sentence.
        running: image name → digest that runs now; empty when nothing runs.
        wanted: image name → digest of the release.
    """

    name: str
    strategy: StrategyKind
    changes: bool
    reason: str
    running: dict[str, str]
    wanted: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """A job that would run, and when."""

    name: str
    run: JobRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a deployment would do to an environment.

    Args:
        previous: the recorded release, or None before the first one.
        protected: whether the environment asks before it changes.
        approval_seconds: how long somebody has to approve it before traffic moves; None when nobody is asked.
        red_alarms: service → its alarms that are in ALARM now, where the deployment would start all the same.
        schedules: what would happen to its schedules.
        jobs: the jobs that it would run, in order.
        wrong_tags: the images whose environment tag does not name the recorded release; a deployment moves it back.
    """

    application: str
    environment: str
    release: str
    previous: str | None
    services: tuple[ServicePlan, ...]
    protected: bool = False
    red_alarms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    wrong_tags: tuple[str, ...] = ()
    approval_seconds: int | None = None
    schedules: tuple[SchedulePlan, ...] = ()
    jobs: tuple[JobPlan, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether any service, schedule, environment tag or the recorded release would change."""
        changing = [*(service.changes for service in self.services), *(one.changes for one in self.schedules)]
        return any(changing) or self.release != self.previous or bool(self.wrong_tags)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "changes": self.changes}
