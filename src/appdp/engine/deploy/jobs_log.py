"""What a job says: the last lines of its log, and why it failed."""

from __future__ import annotations

from typing import Final

from appdp.engine.live import LiveTask
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import Failure, TaskFailure
from appdp.model.job_state import JobProgress, JobState

LOG_LINES: Final = 10
LOG_WIDTH: Final = 300
"""Characters of a log line that are kept: the deployment's state travels through the state machine."""


def log_of(job: JobState, ports: Ports) -> tuple[str, ...]:
    """The last lines of the deciding container's log, oldest first; what cannot be read ends no job."""
    if not job.log_group or job.task is None:
        return ()
    stream = f"{job.log_prefix}/{job.container}/{job.task.rsplit('/', 1)[-1]}"
    try:
        lines = ports.logs.tail(job.log_group, stream, LOG_LINES)
    except RemoteError as error:
        return (f"(the log could not be read: {error.message})"[:LOG_WIDTH],)
    return tuple(line[:LOG_WIDTH] for line in lines)


def new_lines(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """The lines at the end of ``after`` that were not told yet, where ``before`` are the last ones that were."""
    for known in range(min(len(before), len(after)), 0, -1):
        if before[-known:] == after[:known]:
            return after[known:]
    return after


def failure_of(job: JobState, live: LiveTask, ports: Ports) -> Failure:
    """Why a job failed: its task's stopped reason, the deciding container's exit code, and the last log lines."""
    deciding = next((one for one in live.containers if one.name == job.container), None)
    reason = live.stopped_reason or "it stopped; ECS gives no reason"
    if deciding is not None and deciding.reason and deciding.reason not in reason:
        reason = f"{reason} ({deciding.reason})"
    task = TaskFailure(
        task=live.arn.rsplit("/", 1)[-1],
        reason=reason,
        container=job.container,
        exit_code=None if deciding is None else deciding.exit_code,
        log=log_of(job, ports),
    )
    return Failure(service="", summary=_summary(job), tasks=(task,))


def _summary(job: JobState) -> str:
    if job.progress is JobProgress.STOPPING:
        return f"job {job.name} did not end within {job.timeout_seconds} s and was stopped"
    if job.exit_code is None:
        return f"job {job.name} ended without an exit code"
    return f"job {job.name} failed with exit code {job.exit_code}"
