"""How a deployment stands: the value that :func:`appdp.engine.deploy.advance` takes and returns.

It is the whole memory of a deployment. On AWS it travels through the state machine as JSON, so it stays far below
256 KiB (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html), and a later version may read it.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from appdp.model.hold import Hold

LOG_LIMIT: Final = 200
"""How many log lines a deployment remembers; older ones are dropped."""


GATE_POLL_SECONDS: Final = 5
"""How often ECS asks a shut gate. The engine opens it a little further ahead than this, so that all pass at once."""


class Phase(StrEnum):
    """The phases of a deployment, in order. Any failure between ``GREEN`` and ``BAKE`` leads to ``RETURN``.

    In ``UNLOCK`` the outcome stands already; only the lock, the gate and the event are left to do.
    """

    PREPARE = "prepare"
    GREEN = "green"
    HOLD = "hold"
    GATE = "gate"
    CUTOVER = "cutover"
    BAKE = "bake"
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


class Progress(StrEnum):
    """Where one service of the deployment is."""

    WAITING = "waiting"
    """Not touched yet."""
    REGISTERED = "registered"
    """Its task definition is registered, ECS was not asked yet."""
    STARTING = "starting"
    """Its green comes up."""
    AT_GATE = "at_gate"
    """Its green is up and tested and waits for the gate."""
    SHIFTING = "shifting"
    """Traffic moves."""
    BAKING = "baking"
    """All traffic is on green; blue still stands by."""
    SUCCEEDED = "succeeded"
    """ECS says SUCCESSFUL."""
    FAILED = "failed"
    """ECS, or our watchdog, gave up on it."""
    RETURNING = "returning"
    """It is going back to its previous revision."""
    RETURNED = "returned"
    """It runs its previous revision again."""
    UNCHANGED = "unchanged"
    """It already runs the release's digests; left alone."""


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
class ServiceState:
    """One service of a deployment.

    Args:
        name: the service's name within the environment.
        progress: see :class:`Progress`.
        previous_task_definition: ARN of the revision that the service ran before; where a return leads.
        baseline_deployment: ARN of the service's newest service deployment before ours: all newer ones are ours.
        task_definition: ARN of the revision that we deploy, once registered.
        deployment: ARN of ECS's service deployment, once started.
        first: the service stood at zero and this is the environment's first release.
        stage: ECS's lifecycle stage as last seen, or ``""``.
        detail: what ECS last said, for the reader.
        return_deployment: ARN of the service deployment that leads back, where one was needed.
        seen_unhealthy: the latest failing health-check answers of the green, newest last.
        cluster: ARN of the service's cluster.
        arn: ARN of the service.
        shifts: whether its deployments have a green that waits at the gate.
        since: when ``progress`` or ``stage`` changed last, in seconds since the epoch.
    """

    name: str
    progress: Progress = Progress.WAITING
    previous_task_definition: str | None = None
    baseline_deployment: str | None = None
    task_definition: str | None = None
    deployment: str | None = None
    first: bool = False
    stage: str = ""
    detail: str = ""
    return_deployment: str | None = None
    seen_unhealthy: tuple[str, ...] = ()
    cluster: str = ""
    arn: str = ""
    shifts: bool = True
    since: float = 0.0


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
        hold: the human's approval that it needs before traffic, and what became of it; None when it needs none.
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

    @property
    def done(self) -> bool:
        """Whether there is nothing left to advance."""
        return self.phase is Phase.DONE

    def service(self, name: str) -> ServiceState:
        """The state of one service."""
        return next(service for service in self.services if service.name == name)

    def with_service(self, changed: ServiceState) -> Deployment:
        """A copy in which ``changed`` takes the place of the service of its name."""
        services = tuple(changed if service.name == changed.name else service for service in self.services)
        return replace(self, services=services)

    def logged(self, at: float, text: str, service: str = "") -> Deployment:
        """A copy with one more line of log."""
        entry = LogEntry(at=at, text=text, service=service)
        return replace(self, log=(*self.log, entry)[-LOG_LIMIT:])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Deployment:
        """The inverse of :meth:`to_dict`."""
        known = {key: value for key, value in data.items() if key in cls.__dataclass_fields__}
        known["owner"] = Owner(**known["owner"])
        known["phase"] = Phase(known["phase"])
        known["outcome"] = Outcome(known["outcome"]) if known.get("outcome") else None
        known["services"] = tuple(_service(item) for item in known.get("services", ()))
        known["failure"] = _failure(known["failure"]) if known.get("failure") else None
        known["hold"] = Hold.from_dict(known["hold"]) if known.get("hold") else None
        known["log"] = tuple(LogEntry(**item) for item in known.get("log", ()))
        return cls(**known)


def _service(data: dict[str, Any]) -> ServiceState:
    known = {key: value for key, value in data.items() if key in ServiceState.__dataclass_fields__}
    known["progress"] = Progress(known["progress"])
    known["seen_unhealthy"] = tuple(known.get("seen_unhealthy", ()))
    return ServiceState(**known)


def _failure(data: dict[str, Any]) -> Failure:
    tasks = tuple(TaskFailure(**{**task, "log": tuple(task.get("log", ()))}) for task in data.get("tasks", ()))
    return Failure(service=data["service"], summary=data["summary"], tasks=tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One deployment per environment at a time.

    Args:
        deployment: the owner's deployment id.
        owner: who runs it.
        renewed_at: when the owner last showed that it is alive, in seconds since the epoch (a process's lease; an
            execution is asked instead).
    """

    deployment: str
    owner: Owner
    renewed_at: float

    def to_json(self) -> str:
        """The parameter's value."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Lock:
        """Read the parameter's value."""
        data = json.loads(text)
        return cls(deployment=data["deployment"], owner=Owner(**data["owner"]), renewed_at=data["renewed_at"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the gate function reads when ECS asks whether a green may take traffic.

    Args:
        deployment: the deployment that the gate belongs to.
        task_definitions: ARNs whose service deployments wait here; all others pass at once.
        opens_at: when they may pass, in seconds since the epoch; None keeps the gate shut.
    """

    deployment: str
    task_definitions: tuple[str, ...]
    opens_at: float | None = None

    def answer(self, task_definition: str, now: float) -> tuple[str, int | None]:
        """What to tell ECS about a green of ``task_definition``: a hook status, and in how many seconds to ask again.

        The status is ``SUCCEEDED`` (with no delay) or ``IN_PROGRESS``; this gate never fails a deployment.

        See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
        """
        if task_definition not in self.task_definitions:
            return "SUCCEEDED", None
        if self.opens_at is None:
            return "IN_PROGRESS", GATE_POLL_SECONDS
        if now < self.opens_at:
            return "IN_PROGRESS", max(1, math.ceil(self.opens_at - now))
        return "SUCCEEDED", None

    def to_json(self) -> str:
        """The parameter's value."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Gate:
        """Read the parameter's value."""
        data = json.loads(text)
        return cls(
            deployment=data["deployment"],
            task_definitions=tuple(data["task_definitions"]),
            opens_at=data.get("opens_at"),
        )
