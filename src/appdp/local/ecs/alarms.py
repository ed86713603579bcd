"""CloudWatch alarms that fail a service deployment while it is under way.

An alarm that goes into ALARM fails the deployment, which returns if its option ``rollback`` says so. When one is in
ALARM already as the deployment starts, none is watched (observed on AWS, not documented): it may be the repair.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appdp.local.ecs.store import Deployment
from appdp.local.ecs.supervision import Calls
from appdp.local.wire import Caller

_LOG = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""How often the alarms are looked at. AWS does not document its own interval."""

_SHORTEST_POLL_SECONDS = 0.02


class Alarms:
    """Watches the alarms of service deployments.

    Args:
        calls: AWS calls to our own endpoint.
        time_scale: factor on the interval between looks.
        bake_scale: factor on the time for which a rolling deployment goes on being watched.
    """

    def __init__(self, calls: Calls, *, time_scale: float = 1.0, bake_scale: float = 1.0) -> None:
        self._calls = calls
        self._interval = max(POLL_SECONDS * time_scale, _SHORTEST_POLL_SECONDS)
        self._bake_scale = bake_scale

    async def triggered(self, deployment: Deployment, caller: Caller) -> tuple[str, ...]:
        """Names of the alarms that went off; waits for them, for ever if nothing is watched."""
        watched = alarm_names(deployment)
        if not watched:
            await _never()
        red = await self._red(watched, caller)
        if red:
            _LOG.info("%s: %s in ALARM already, so no alarm is watched", deployment.arn, ", ".join(red))
            await _never()
        deployment.alarm_status = "MONITORING"
        while not red:
            await asyncio.sleep(self._interval)
            red = await self._red(watched, caller)
        deployment.alarm_status = "TRIGGERED"
        deployment.alarms_triggered = red
        return red

    async def first_red(self, names: list[str], caller: Caller, *, ignore_failures: bool) -> tuple[str, ...]:
        """Those of the alarms that are in ALARM, as soon as one is; waits for ever if none is watched.

        Args:
            ignore_failures: go on when the alarms cannot be described; else all of them count as being in ALARM.
        """
        if not names:
            await _never()
        while True:
            described = await self._described(names, caller)
            if described is None and not ignore_failures:
                return tuple(names)
            if red := tuple(alarm["AlarmName"] for alarm in described or () if _is_red(alarm)):
                return red
            await asyncio.sleep(self._interval)

    async def bake(self, deployment: Deployment, caller: Caller) -> None:
        """Wait while a rolling deployment that is steady goes on being watched.

        AWS computes the time from the alarms and does not say how; here it is the longest time that one of them
        evaluates, period times evaluation periods.
        """
        if deployment.alarm_status == "MONITORING":
            described = await self._describe(alarm_names(deployment), caller)
            longest = max((_evaluated_seconds(alarm) for alarm in described), default=0.0)
            await asyncio.sleep(longest * self._bake_scale)

    async def _red(self, names: list[str], caller: Caller) -> tuple[str, ...]:
        return tuple(alarm["AlarmName"] for alarm in await self._describe(names, caller) if _is_red(alarm))

    async def _describe(self, names: list[str], caller: Caller) -> list[dict[str, Any]]:
        return await self._described(names, caller) or []

    async def _described(self, names: list[str], caller: Caller) -> list[dict[str, Any]] | None:
        kinds = ["MetricAlarm", "CompositeAlarm"]
        try:
            answer = await self._calls("cloudwatch", "describe_alarms", caller, AlarmNames=names, AlarmTypes=kinds)
        except (ClientError, BotoCoreError) as error:
            _LOG.warning("the alarms %s cannot be described: %s", ", ".join(names), error)
            return None
        return [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]


def alarm_names(deployment: Deployment) -> list[str]:
    """The alarms that a deployment's configuration names; none when their use is off."""
    told = deployment.configuration.get("alarms") or {}
    return list(told.get("alarmNames") or ()) if told.get("enable") else []


def returns(deployment: Deployment) -> bool:
    """Whether a deployment that an alarm failed goes back."""
    return bool((deployment.configuration.get("alarms") or {}).get("rollback"))


def reason(red: tuple[str, ...]) -> str:
    """Why the deployment failed. AWS does not document its wording."""
    return f"Service deployment failed because of CloudWatch alarms in the ALARM state: {', '.join(red)}."


def _is_red(alarm: dict[str, Any]) -> bool:
    return bool(alarm.get("StateValue") == "ALARM")


def _evaluated_seconds(alarm: dict[str, Any]) -> float:
    return float(alarm.get("Period") or 60) * float(alarm.get("EvaluationPeriods") or 1)


async def _never() -> None:
    await asyncio.Event().wait()
