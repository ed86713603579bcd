"""EventBridge Scheduler of the embedded AWS: MiniStack keeps the schedules, we invoke their targets when they are due.

A target with ``EcsParameters`` runs tasks on the embedded ECS, as the schedule's role. Every other target is invoked as
MiniStack does it. What Scheduler does beyond that is left out: a failed invocation is logged, not retried and not sent
to a dead-letter queue, and a flexible time window is not used, which AWS allows.

The interval of ``rate()`` is scaled as bake times are, which AWS takes in whole minutes too.

See: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appdp.local.casing import api_parameters
from appdp.local.clients import assumed
from appdp.local.ecs.supervision import Supervisor
from appdp.local.schedule_resources import ScheduleHandler
from appdp.local.wire import Caller, Kernel, ResourceHandler

_LOG = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
"""How often we look for schedules that are due. AWS invokes within the minute."""

_RUN_TASK_NAMES: Final = {"TaskCount": "count", "TaskDefinitionArn": "taskDefinition"}
"""Members of ``EcsParameters`` that RunTask calls otherwise.

See: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html
"""

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a schedule is due; what of it stays the same while only its target changes."""

    expression: str
    zone: str
    start: float | None

    @classmethod
    def of(cls, schedule: Mapping[str, Any]) -> Timing:
        """Read a schedule as MiniStack keeps it."""
        return cls(
            expression=str(schedule["ScheduleExpression"]),
            zone=str(schedule.get("ScheduleExpressionTimezone") or "UTC"),
            start=_scheduler()._to_epoch(schedule.get("StartDate")),
        )

    @property
    def once(self) -> bool:
        """Whether it is due only once."""
        return self.expression.startswith("at(")

    def first(self, now: float) -> float | None:
        """When it is due first, in seconds since the epoch; None when it never is.

        A rate starts at its start date, or at once when it has none.

        Raises:
            ValueError: the expression or the time zone means nothing.
        """
        zone = _zone(self.zone)
        if self.once:
            text = self.expression.removeprefix("at(").removesuffix(")")
            return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
        after = max(now, self.start or 0.0)
        if _eventbridge()._parse_rate_seconds(self.expression) is not None:
            return after
        if _eventbridge()._parse_cron_fields(self.expression) is None:
            raise ValueError(f"{self.expression!r} is no at(), rate() or cron()")
        return self._cron(after)

    def following(self, due: float, now: float, rate_scale: float) -> float | None:
        """When it is due after it was at ``due``. Times that were missed are not made up for."""
        seconds = _eventbridge()._parse_rate_seconds(self.expression)
        if seconds is None:
            return None if self.once else self._cron(now)
        interval = seconds * rate_scale
        return float(due + interval * (1 + int((now - due) / interval)))

    def _cron(self, after: float) -> float | None:
        fields = _eventbridge()._parse_cron_fields(self.expression)
        found = _eventbridge()._cron_next_fire(fields, datetime.fromtimestamp(after, tz=_zone(self.zone)))
        return None if found is None else float(found.timestamp())


class Schedules:
    """Invokes the targets of schedules.

    Attributes:
        handlers: CloudFormation type → handler.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._supervisor = Supervisor()
        self._due: dict[_Key, tuple[Timing, float | None]] = {}
        self.handlers: Mapping[str, ResourceHandler] = {"AWS::Scheduler::Schedule": ScheduleHandler(kernel.clients)}

    async def start(self) -> None:
        """Begin to look for schedules that are due."""
        self._supervisor.spawn(self._look, what="schedules")

    async def stop(self) -> None:
        """Invoke nothing more."""
        await self._supervisor.stop()

    async def _look(self) -> None:
        while True:
            enabled = {
                key: schedule
                for key, schedule in list(_scheduler()._schedules._data.items())
                if schedule["State"] == "ENABLED"
            }
            self._due = {key: value for key, value in self._due.items() if key in enabled}
            for key, schedule in enabled.items():
                self._consider(key, schedule, time.time())
            await asyncio.sleep(LOOK_SECONDS)

    def _consider(self, key: _Key, schedule: Mapping[str, Any], now: float) -> None:
        end = _scheduler()._to_epoch(schedule.get("EndDate"))
        if end is not None and now > end:
            self._completed(key, schedule)
            return
        timing = Timing.of(schedule)
        known, due = self._due.get(key, (None, None))
        if known != timing:
            due = _first(timing, schedule, now)
        invoke = due is not None and due <= now
        if due is not None and invoke:
            due = timing.following(due, now, self._kernel.bake_scale)
        self._due[key] = (timing, due)
        if not invoke:
            return
        self._supervisor.spawn(
            lambda: asyncio.to_thread(self._invoke, key, dict(schedule)), what=f"schedule {schedule['Arn']}"
        )
        if due is None:
            self._completed(key, schedule)

    def _completed(self, key: _Key, schedule: Mapping[str, Any]) -> None:
        if schedule.get("ActionAfterCompletion") == "DELETE":
            _scheduler()._schedules._data.pop(key, None)

    def _invoke(self, key: _Key, schedule: Mapping[str, Any]) -> None:
        account, region, _name = key
        target = schedule["Target"]
        if "EcsParameters" in target:
            self._run_tasks(target, Caller(account=account, region=region))
            return
        event = {
            "EventId": str(uuid4()),
            "Source": "aws.scheduler",
            "DetailType": "Scheduled Event",
            "Detail": "{}",
            "Time": datetime.now(UTC).timestamp(),
            "Resources": [schedule["Arn"]],
            "Account": account,
            "Region": region,
        }
        with importlib.import_module("ministack.core.responses").request_scope(account, region):
            _eventbridge()._invoke_target(target, event, schedule)

    def _run_tasks(self, target: Mapping[str, Any], caller: Caller) -> None:
        sts = self._kernel.clients.client("sts", caller)
        session = sts.assume_role(RoleArn=target["RoleArn"], RoleSessionName="scheduler")
        ecs = assumed(self._kernel.endpoint, "ecs", session["Credentials"], caller.region)
        try:
            ecs.run_task(**run_task_parameters(target))
        finally:
            ecs.close()


def run_task_parameters(target: Mapping[str, Any]) -> dict[str, Any]:
    """What RunTask is called with for a target; the target's input, if any, holds the overrides."""
    told = {_RUN_TASK_NAMES.get(name, name): value for name, value in target["EcsParameters"].items()}
    overrides = {"overrides": json.loads(target["Input"])} if target.get("Input") else {}
    return api_parameters("RunTask", {**told, **overrides, "cluster": target["Arn"]})


def _first(timing: Timing, schedule: Mapping[str, Any], now: float) -> float | None:
    try:
        return timing.first(now)
    except ValueError as error:  # AWS would not have taken such a schedule; MiniStack does
        _LOG.error("Schedule %s is never due: %s", schedule["Arn"], error)
        return None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone") from error


def _scheduler() -> Any:  # noqa: ANN401 - MiniStack has no types
    return importlib.import_module("ministack.services.scheduler")


def _eventbridge() -> Any:  # noqa: ANN401 - MiniStack has no types
    return importlib.import_module("ministack.services.eventbridge")
