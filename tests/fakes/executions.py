"""A state machine that runs the deployer's function while the fake clock goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appdp.engine.executions import Execution, ExecutionStatus, execution_arn
from appdp.errors import ConfigurationError, RemoteError
from appdp.runtime.advance import step
from appdp.runtime.setting import Setting
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws

_GOOD = ("succeeded", "nothing_to_do")


@dataclass(slots=True)
class Run:
    """One execution."""

    arn: str
    name: str
    event: dict[str, Any]
    next_at: float
    status: ExecutionStatus = ExecutionStatus.RUNNING
    error: str = ""
    cause: str = ""


@dataclass
class FakeExecutions:
    """Executions by ARN. ``failures`` are raised, first one first, by the next looks at an execution."""

    aws: FakeAws
    runs: dict[str, Run] = field(default_factory=dict)
    failures: list[RemoteError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._where = Setting(application=APPLICATION, environment=ENVIRONMENT, ports=self.aws.ports)
        self.aws.clock.each_second(self._tick)

    def start(self, state_machine: str, name: str, payload: Mapping[str, Any]) -> str:
        arn = execution_arn(state_machine, name)
        event = json.loads(json.dumps({**payload, "execution": arn}))
        self.runs[arn] = Run(arn=arn, name=name, event=event, next_at=self.aws.clock.now())
        self.aws.owners.running.add(arn)
        return arn

    def describe(self, arn: str) -> Execution:
        if self.failures:
            raise self.failures.pop(0)
        if arn not in self.runs:
            raise ConfigurationError(f"Step Functions knows no deployment called {arn.rpartition(':')[2]!r}.")
        run = self.runs[arn]
        return Execution(arn=arn, name=run.name, status=run.status, error=run.error, cause=run.cause)

    def newest_state(self, arn: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.runs[arn].event.get("deployment")
        return found

    def abort(self, arn: str) -> None:
        """Somebody stops the execution."""
        self._end(self.runs[arn], ExecutionStatus.ABORTED)

    def _tick(self, now: float) -> None:
        for run in self.runs.values():
            if run.status is ExecutionStatus.RUNNING and now >= run.next_at:
                self._advance(run, now)

    def _advance(self, run: Run, now: float) -> None:
        answer = json.loads(json.dumps(step(run.event, self._where)))
        run.event = {"deployment": answer["deployment"]}
        run.next_at = now + answer["wait_seconds"]
        if not answer["done"]:
            return
        if answer["outcome"] not in _GOOD:
            run.error, run.cause = answer["outcome"], answer["summary"]
        self._end(run, ExecutionStatus.FAILED if run.error else ExecutionStatus.SUCCEEDED)

    def _end(self, run: Run, status: ExecutionStatus) -> None:
        run.status = status
        self.aws.owners.running.discard(run.arn)
