"""Where one job of a deployment is: part of :class:`appdp.model.deployment.Deployment`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from appdp.model.job import JobRun
from appdp.model.known_fields import known_fields


class JobProgress(StrEnum):
    """Where one job of a deployment is."""

    WAITING = "waiting"
    """Its turn has not come."""
    REGISTERED = "registered"
    """Its task definition is registered; it may have been asked to run."""
    RUNNING = "running"
    """ECS has a task of it."""
    STOPPING = "stopping"
    """It took too long, and its task was told to stop."""
    SUCCEEDED = "succeeded"
    """Its deciding container exited with code 0."""
    FAILED = "failed"
    """It ended in any other way."""
    STOPPED = "stopped"
    """The deployment went back while it ran, and its task was stopped."""

    @property
    def ended(self) -> bool:
        """Whether no task of it can run any more."""
        return self in _ENDED

    @property
    def begun(self) -> bool:
        """Whether a task of it may run."""
        return self in _BEGUN


_ENDED = frozenset({JobProgress.SUCCEEDED, JobProgress.FAILED, JobProgress.STOPPED})
_BEGUN = frozenset({JobProgress.REGISTERED, JobProgress.RUNNING, JobProgress.STOPPING})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """One job of a deployment.

    Args:
        name: the job's name within the environment.
        run: before or after traffic.
        progress: see :class:`JobProgress`.
        cluster: ARN of the cluster.
        container: the container whose exit code decides.
        timeout_seconds: how long the task may run.
        task_definition: ARN of the revision with the release's images, once registered.
        request: what RunTask is sent, once registered; kept, because a second call must send the very same.
        task: ARN of the task, once it was started.
        log_group: where the deciding container logs, or ``""``.
        log_prefix: the log stream's prefix.
        tail: the last log lines that were told.
        told: how many log lines were told.
        since: when ``progress`` changed last, in seconds since the epoch.
        exit_code: of the deciding container, once it ended.
    """

    name: str
    run: JobRun
    progress: JobProgress = JobProgress.WAITING
    cluster: str = ""
    container: str = ""
    timeout_seconds: int = 0
    task_definition: str | None = None
    request: dict[str, Any] = field(default_factory=dict)
    task: str | None = None
    log_group: str = ""
    log_prefix: str = ""
    tail: tuple[str, ...] = ()
    told: int = 0
    since: float = 0.0
    exit_code: int | None = None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> JobState:
        """The inverse of :func:`dataclasses.asdict`."""
        known = known_fields(cls, data)
        known["run"] = JobRun(known["run"])
        known["progress"] = JobProgress(known["progress"])
        known["tail"] = tuple(known.get("tail", ()))
        return cls(**known)
