"""How a deployment stands: the value that :func:`appdp.engine.deploy.advance` takes and returns.

It is the whole memory of a deployment. On AWS it travels through the state machine as JSON, so it stays far below
256 KiB (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html), and a later version may read it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from appdp.model.hold import Hold
from appdp.model.job_state import JobState
from appdp.model.known_fields import known_fields
from appdp.model.packing import unpack
from appdp.model.schedule_state import ScheduleState
from appdp.model.service_state import ServiceState

LOG_LIMIT: Final = 200
"""How many log lines a deployment remembers; older ones are dropped."""


class Phase(StrEnum):
    """The phases of a deployment, in order. Any failure between ``JOBS_BEFORE`` and ``JOBS_AFTER`` leads to ``RETURN``.

    In ``UNLOCK`` the outcome stands already; only the lock, the gate and the event are left to do.
    """

    PREPARE = "prepare"
    JOBS_BEFORE = "jobs_before"
    GREEN = "green"
    HOLD = "hold"
    GATE = "gate"
    CUTOVER = "cutover"
    BAKE = "bake"
    JOBS_AFTER = "jobs_after"
    RECORD = "record"
    RETURN = "return"
    UNLOCK = "unlock"
    DONE = "done"


class Outcome(StrEnum):
    """How a deployment ended."""

    SUCCEEDED = "succeeded"
    NOTHING_TO_DO = "nothing_to_do"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    REFUSED = "refused"

    @property
    def exit_code(self) -> int:
        """The exit code of every verb that waits."""
        return _EXIT_CODES[self]


_EXIT_CODES: Final = {
    Outcome.SUCCEEDED: 0,
    Outcome.NOTHING_TO_DO: 3,
    Outcome.ROLLED_BACK: 4,
    Outcome.FAILED: 5,
    Outcome.REFUSED: 8,
}

EXIT_STILL_RUNNING: Final = 6
"""The verb gave up waiting; the deployment goes on."""

EXIT_ON_HOLD: Final = 7
"""The deployment waits for a human's approval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailure:
    """Why one task of a green stopped, or is not healthy.

    Args:
        task: the task's id, or the target's address when only its health check failed.
        reason: ECS's stopped reason, or the health check's state.
        container: the container that ended first, if one did.
        exit_code: its exit code, if it ended.
        health: the failing health check and its answer, if known.
        log: its last log lines, oldest first.
    """

    task: str
    reason: str
    container: str | None = None
    exit_code: int | None = None
    health: str | None = None
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a deployment did not succeed.

    Args:
        service: the service that failed, or ``""`` when it is not one service's failure.
        summary: one sentence.
        tasks: what is known of the tasks involved; the newest, at most three.
    """

    service: str
    summary: str
    tasks: tuple[TaskFailure, ...] = ()

    def text(self) -> str:
        """All of it, in lines, for a terminal or a chat message."""
        lines = [f"{self.service}: {self.summary}" if self.service else self.summary]
        for task in self.tasks:
            lines.append(f"  task {task.task}: {task.reason}")
            if task.exit_code is not None:
                lines.append(f"    container {task.container or '?'} exited with code {task.exit_code}")
            if task.health:
                lines.append(f"    health check: {task.health}")
            if task.log:
                lines.append("    last log lines:")
                lines.extend(f"      {line}" for line in task.log)
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of a deployment's story. ``at`` is in seconds since the epoch."""

    at: float
    text: str
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who runs a deployment: an execution of the state machine, or a process with a lease.

    Args:
        execution: the execution's ARN, or None for a process (``--direct``).
        requested_by: who asked, as AWS names them (an ARN).
    """

    execution: str | None
    requested_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A move of one environment from one release to another, whole or not at all.

    Args:
        id: unique; also the execution's name where a state machine runs it.
        release: the tag of the release to run; ``""`` until the first step finds it, for a rollback without a name.
        rollback: whether the user asked to go back (only words differ).
        previous: the release that the environment ran, or None before the first one.
        phase: what :func:`~appdp.engine.deploy.advance` does next.
        phase_since: when the phase began, in seconds since the epoch.
        gate_opens_at: when the gate opens for every service at once, once that is decided.
        outcome: set in :attr:`Phase.UNLOCK` and :attr:`Phase.DONE` only.
        digests: image name → digest of the release's image, once resolved.
        ignores_alarms: whether it starts although an alarm of a service that changes is red.
        hold: the human's approval that it needs before traffic, and what became of it; None when it needs none.
        schedules: the environment's schedules.
        jobs: the jobs that it runs, in order.
        locked_at: when it found that the environment's lock is its own, in seconds since the epoch; None before.
        rollback_needs_jobs, with_jobs: see :class:`~appdp.model.request.Request`.
    """

    id: str
    application: str
    environment: str
    release: str
    owner: Owner
    started_at: float
    rollback: bool = False
    previous: str | None = None
    phase: Phase = Phase.PREPARE
    phase_since: float = 0.0
    services: tuple[ServiceState, ...] = ()
    gate_opens_at: float | None = None
    failure: Failure | None = None
    outcome: Outcome | None = None
    log: tuple[LogEntry, ...] = ()
    digests: dict[str, str] | None = None
    hold: Hold | None = None
    ignores_alarms: bool = False
    schedules: tuple[ScheduleState, ...] = ()
    jobs: tuple[JobState, ...] = ()
    rollback_needs_jobs: bool = False
    with_jobs: bool | None = None
    locked_at: float | None = None

    @property
    def done(self) -> bool:
        """Whether there is nothing left to advance."""
        return self.phase is Phase.DONE

    def service(self, name: str) -> ServiceState:
        """The state of one service."""
        return next(service for service in self.services if service.name == name)

    def with_service(self, changed: ServiceState) -> Deployment:
        """The same, ``changed`` in the place of the service of its name; a copy, if that is a change."""
        if changed in self.services:
            return self
        services = tuple(changed if service.name == changed.name else service for service in self.services)
        return replace(self, services=services)

    def with_job(self, changed: JobState) -> Deployment:
        """A copy in which ``changed`` takes the place of the job of its name."""
        return replace(self, jobs=tuple(changed if job.name == changed.name else job for job in self.jobs))

    def logged(self, at: float, text: str, service: str = "") -> Deployment:
        """A copy with one more line of log."""
        entry = LogEntry(at=at, text=text, service=service)
        return replace(self, log=(*self.log, entry)[-LOG_LIMIT:])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Deployment:
        """The inverse of :meth:`to_dict`, packed or not."""
        known = known_fields(cls, unpack(data))
        known["owner"] = Owner(**known["owner"])
        known["phase"] = Phase(known["phase"])
        known["outcome"] = Outcome(known["outcome"]) if known.get("outcome") else None
        known["services"] = tuple(ServiceState.from_dict(item) for item in known.get("services", ()))
        known["failure"] = _failure(known["failure"]) if known.get("failure") else None
        known["hold"] = Hold.from_dict(known["hold"]) if known.get("hold") else None
        known["schedules"] = tuple(ScheduleState.from_dict(item) for item in known.get("schedules", ()))
        known["jobs"] = tuple(JobState.from_dict(item) for item in known.get("jobs", ()))
        known["log"] = tuple(LogEntry(**item) for item in known.get("log", ()))
        return cls(**known)


def _failure(data: dict[str, Any]) -> Failure:
    tasks = tuple(TaskFailure(**{**task, "log": tuple(task.get("log", ()))}) for task in data.get("tasks", ()))
    return Failure(service=data["service"], summary=data["summary"], tasks=tasks)
