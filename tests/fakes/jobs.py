"""The port to a fake ECS's tasks that run to their end."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appdp.engine.live import LiveTask, StoppedContainer
from appdp.errors import Refused, RemoteError
from tests.fakes.clock import FakeClock
from tests.fakes.logs import FakeLogs
from tests.fakes.task_definitions import ACCOUNT, FakeTaskDefinitions

STOP_SECONDS = 3
"""How long a task takes to stop once it is told to."""


@dataclass(frozen=True, kw_only=True)
class JobBehaviour:
    """What the tasks of a family do: print a line a second, and exit with a code; a code of None never starts."""

    exit_code: int | None = 0
    seconds: float = 5
    lines: tuple[str, ...] = ("migrating", "done")


@dataclass(kw_only=True)
class JobTask:
    """A task that was run."""

    arn: str
    request: dict[str, Any]
    image: str
    behaviour: JobBehaviour
    began_at: float
    ends_at: float
    stopped: str = ""

    @property
    def family(self) -> str:
        """Its task definition's family."""
        return str(self.request["taskDefinition"]).rsplit("/", 1)[-1].rsplit(":", 1)[0]

    def live(self, now: float) -> LiveTask:
        """As ECS describes it."""
        ended = now >= self.ends_at
        code = (137 if self.stopped else self.behaviour.exit_code) if ended else None
        never = "CannotPullContainerError: pull image manifest has been retried" if code is None and ended else ""
        return LiveTask(
            arn=self.arn,
            task_definition=str(self.request["taskDefinition"]),
            status="STOPPED" if ended else "RUNNING",
            health="UNKNOWN",
            stopped_reason=(self.stopped or never or "Essential container in task exited") if ended else "",
            started_at=self.began_at,
            created_at=self.began_at,
            containers=(StoppedContainer(name="main", exit_code=code, reason="", health="UNKNOWN"),),
        )


@dataclass
class FakeJobs:
    """Tasks by ARN.

    ``behaves`` says what the tasks of a family, or of an image, do; ``refuses`` why none can be placed.
    """

    clock: FakeClock
    definitions: FakeTaskDefinitions
    logs: FakeLogs
    behaves: dict[str, JobBehaviour] = field(default_factory=dict)
    refuses: str = ""
    list_lag_seconds: float = 0
    started: dict[str, JobTask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock.each_second(self._print)

    def run(self, request: Mapping[str, Any]) -> str:
        known = [task for task in self.started.values() if task.request["clientToken"] == request["clientToken"]]
        if known and known[0].request != request:
            raise RemoteError("The provided clientToken is already in use.", code="ConflictException")
        if known:
            return known[0].arn
        if self.refuses:
            raise Refused(self.refuses)
        definition = self.definitions.read(request["taskDefinition"])
        image = definition["containerDefinitions"][0]["image"]
        behaviour = self.behaves.get(image) or self.behaves.get(definition["family"]) or JobBehaviour()
        now = self.clock.now()
        task = JobTask(
            arn=f"{ACCOUNT}:task/shop/{len(self.started) + 1:032x}",
            request=copy.deepcopy(dict(request)),
            image=image,
            behaviour=behaviour,
            began_at=now,
            ends_at=now + behaviour.seconds,
        )
        self.started[task.arn] = task
        return task.arn

    def describe(self, cluster: str, task: str) -> LiveTask | None:
        found = self.started.get(task)
        if found is None or self.clock.now() - found.began_at < self.list_lag_seconds:
            return None
        return found.live(self.clock.now())

    def unfinished(self, cluster: str, family: str, started_by: str) -> tuple[str, ...]:
        now = self.clock.now()
        return tuple(
            task.arn
            for task in self.started.values()
            if task.family == family and task.request["startedBy"] == started_by and now < task.ends_at
        )

    def stop(self, cluster: str, task: str, reason: str) -> None:
        found = self.started[task]
        if found.stopped or self.clock.now() >= found.ends_at:
            return
        found.stopped = reason
        found.ends_at = self.clock.now() + STOP_SECONDS

    def ran(self, job: str) -> list[JobTask]:
        """The tasks of a job, oldest first."""
        return [task for task in self.started.values() if task.family == f"shop-dev-{job}"]

    def forget(self, task: str) -> None:
        """What ECS does with a stopped task after an hour."""
        del self.started[task]

    def _print(self, now: float) -> None:
        for task in self.started.values():
            if now <= task.ends_at and not task.stopped:
                shown = task.behaviour.lines[: int(now - task.began_at)]
                if now == task.ends_at:
                    shown = task.behaviour.lines
                stream = f"{task.family.removeprefix('shop-dev-')}/main/{task.arn.rsplit('/', 1)[-1]}"
                self.logs.streams["/appdp/shop/dev", stream] = list(shown)
