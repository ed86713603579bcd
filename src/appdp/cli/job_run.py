"""Follow a job that was run by hand: print what it says, and find out how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import click

from appdp.cli.context import Aws
from appdp.cli.output import say
from appdp.engine.deploy.run_job import JobPlan
from appdp.engine.live import LiveTask
from appdp.engine.overview import LogReader, LogSource
from appdp.model.deployment import EXIT_STILL_RUNNING

POLL_SECONDS: Final = 2.0
"""How often to look; each look is two calls."""

LATE_LOOKS: Final = 3
"""How often the log is looked at after the end: the last lines come in a little later than the exit code."""

APPEAR_SECONDS: Final = 60
"""How long DescribeTasks may not know a new task; ECS's reads are eventually right."""

EXIT_FAILED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnding:
    """How it ended: ``succeeded``, ``failed`` or ``still_running``.

    Args:
        task: the task's ARN.
        exit_code: the verb's exit code.
        container_exit_code: of the deciding container, if it ended.
        reason: why ECS stopped the task.
    """

    outcome: str
    task: str
    exit_code: int
    container_exit_code: int | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


class JobFollower:
    """Follows one task.

    Args:
        aws: AWS.
        plan: what was started.
        task: the task's ARN.
        began: when, in seconds since the epoch.
        sleep: waits this many seconds.
        quiet: whether stdout is for data, so that the log goes to stderr.
    """

    def __init__(  # noqa: PLR0913  (what was started, and how to wait)
        self, aws: Aws, plan: JobPlan, task: str, began: float, *, sleep: Callable[[float], None], quiet: bool
    ) -> None:
        self._aws = aws
        self._plan = plan
        self._task = task
        self._began = began
        self._sleep = sleep
        self._quiet = quiet
        self._why = ""
        self._reader = LogReader(_sources(plan, task), aws.log_events, began)

    def follow(self, timeout: float | None) -> JobEnding:
        """Until the task has stopped, or for ``timeout`` seconds.

        Ctrl-C, and the job's own time limit, stop the task, and its end is waited for; a second Ctrl-C does not.
        """
        try:
            return self._until_the_end(timeout)
        except KeyboardInterrupt:
            self._stop("it was interrupted")
            return self._until_the_end(None)

    def _until_the_end(self, timeout: float | None) -> JobEnding:
        while True:
            age = self._aws.ports.clock.now() - self._began
            live = self._aws.ports.jobs.describe(self._plan.job.cluster, self._task)
            self._print()
            if live is not None and live.status == "STOPPED":
                return self._ended(live)
            if live is None and age >= APPEAR_SECONDS:
                return self._said(JobEnding(outcome="failed", task=self._task, exit_code=EXIT_FAILED, reason=_LOST))
            if timeout is not None and age >= timeout:
                return self._given_up()
            if age >= self._plan.job.timeout_seconds and not self._why:
                self._stop(f"it did not end within {self._plan.job.timeout_seconds} s")
            self._sleep(POLL_SECONDS)

    def _stop(self, why: str) -> None:
        self._why = why
        say(f"The task is stopped, because {why}.")
        self._aws.ports.jobs.stop(self._plan.job.cluster, self._task, f"appdp run: {why}")

    def _print(self) -> None:
        for line in self._reader.new():
            click.echo(line.message, err=self._quiet)

    def _ended(self, live: LiveTask) -> JobEnding:
        for _ in range(LATE_LOOKS):
            self._sleep(POLL_SECONDS)
            self._print()
        deciding = next((one for one in live.containers if one.name == self._plan.job.deciding_container), None)
        code = None if deciding is None else deciding.exit_code
        good = code == 0
        reason = "; ".join(part for part in (live.stopped_reason, deciding.reason if deciding else "") if part)
        return self._said(
            JobEnding(
                outcome="succeeded" if good else "failed",
                task=self._task,
                exit_code=0 if good else EXIT_FAILED,
                container_exit_code=code,
                reason=reason,
            )
        )

    def _said(self, ending: JobEnding) -> JobEnding:
        if ending.outcome == "succeeded":
            say(f"Job {self._plan.job.name} succeeded.", colour="green")
            return ending
        code = ending.container_exit_code
        with_code = "without an exit code" if code is None else f"with exit code {code}"
        say(f"Job {self._plan.job.name} failed {with_code}: {ending.reason or 'ECS gives no reason'}", colour="red")
        return ending

    def _given_up(self) -> JobEnding:
        say("Gave up waiting; the task goes on.")
        say(f"Stop it: aws ecs stop-task --cluster {self._plan.job.cluster} --task {self._task}")
        return JobEnding(outcome="still_running", task=self._task, exit_code=EXIT_STILL_RUNNING)


_LOST: Final = "ECS does not know the task, so nobody can say how it ended"


def _sources(plan: JobPlan, task: str) -> tuple[LogSource, ...]:
    if plan.log is None:
        say("The deciding container does not log with awslogs, so what it says is not shown.")
        return ()
    group, prefix = plan.log
    container = plan.job.deciding_container
    stream = f"{prefix}/{container}/{task.rsplit('/', 1)[-1]}"
    return (LogSource(service=plan.job.name, container=container, group=group, prefix=stream),)
