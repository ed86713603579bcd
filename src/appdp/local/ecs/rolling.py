"""ROLLING: new tasks start and old ones stop within the minimum and maximum healthy percent.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html and, for the circuit breaker,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

from __future__ import annotations

import math
from collections.abc import Callable

from appdp.local.ecs.run import Rollback, RollbackFailed, Workings
from appdp.local.ecs.store import Revision

BREAKER_REASON = "ECS deployment circuit breaker: tasks failed to start."
MINIMUM_THRESHOLD = 3
MAXIMUM_THRESHOLD = 200
DEFAULT_PERCENT = 50


def breaker_threshold(desired: int, breaker: dict[str, object]) -> int:
    """Failed tasks that trigger the circuit breaker.

    ``3 <= 0.5 * desired count <= 200`` unless ``thresholdConfiguration`` says otherwise; percentages round up.
    See: API_ThresholdConfiguration.html for the types COUNT, BOUNDED_PERCENT and UNBOUNDED_PERCENT.
    """
    told = breaker.get("thresholdConfiguration")
    configuration = told if isinstance(told, dict) else {}
    kind = configuration.get("type", "BOUNDED_PERCENT")
    value = int(configuration.get("value", DEFAULT_PERCENT))
    if kind == "COUNT":
        return value
    share = math.ceil(desired * value / 100)
    if kind == "UNBOUNDED_PERCENT":
        return max(share, 1)
    return min(max(share, MINIMUM_THRESHOLD), MAXIMUM_THRESHOLD)


class Rolling:
    """The ROLLING strategy of one service deployment."""

    def __init__(self, workings: Workings) -> None:
        self._workings = workings
        self._breaker = workings.deployment.configuration.get("deploymentCircuitBreaker") or {}

    async def forward(self) -> None:
        """Replace the tasks of every other revision."""
        enabled = bool(self._breaker.get("enable"))
        self._workings.deployment.breaker_status = "MONITORING" if enabled else "DISABLED"
        await self._roll_to(self._workings.target, self._check_breaker)
        await self._workings.alarms.bake(self._workings.deployment, self._workings.service.caller)

    async def back(self, to: Revision | None) -> None:
        """Roll back to ``to`` by the same rules; without it, stop the failed revision's tasks."""
        workings = self._workings
        if to is None:
            workings.scheduler.request(workings.target, 0)
            while not workings.scheduler.gone(workings.target):
                await workings.moment()
            return
        if to not in workings.service.revisions:
            workings.service.revisions.append(to)
        workings.scheduler.scale(to).failures = 0
        await self._roll_to(to, self._check_way_back)

    async def _roll_to(self, revision: Revision, check: Callable[[Revision], None]) -> None:
        workings = self._workings
        while True:
            check(revision)
            others = [other for other in workings.service.revisions if other is not revision]
            self._step(revision, others)
            if self._done(revision, others):
                break
            await workings.moment()
        for other in others:
            workings.retire(other)

    def _step(self, revision: Revision, others: list[Revision]) -> None:
        scheduler, desired = self._workings.scheduler, self._workings.service.desired
        most, least = self._bounds(desired)
        old = [task for other in others for task in scheduler.wanted(other)]
        new = min(desired, max(most - len(old), len(scheduler.wanted(revision))))
        scheduler.request(revision, new)
        well = scheduler.healthy(revision) + sum(scheduler.healthy(other) for other in others)
        spare = max(well - least, 0) + sum(1 for task in old if not scheduler.is_healthy(task))
        for other in others:
            running = len(scheduler.wanted(other))
            stopping = min(running, spare)
            spare -= stopping
            scheduler.request(other, running - stopping)

    def _bounds(self, desired: int) -> tuple[int, int]:
        """Most tasks at once, rounded down, and least healthy ones, rounded up."""
        configuration = self._workings.deployment.configuration
        most = math.floor(desired * int(configuration.get("maximumPercent", 200)) / 100)
        least = math.ceil(desired * int(configuration.get("minimumHealthyPercent", 100)) / 100)
        return most, min(least, desired)

    def _done(self, revision: Revision, others: list[Revision]) -> bool:
        scheduler, desired = self._workings.scheduler, self._workings.service.desired
        settled = scheduler.healthy(revision) >= desired and len(scheduler.wanted(revision)) == desired
        return settled and all(scheduler.gone(other) for other in others)

    def _check_breaker(self, revision: Revision) -> None:
        if self._tripped(revision):
            self._workings.deployment.breaker_status = "TRIGGERED"
            raise Rollback(BREAKER_REASON, returns=bool(self._breaker.get("rollback")))

    def _check_way_back(self, revision: Revision) -> None:
        if self._tripped(revision):
            raise RollbackFailed("The rollback's tasks failed to start, too.")

    def _tripped(self, revision: Revision) -> bool:
        threshold = breaker_threshold(self._workings.service.desired, self._breaker)
        self._workings.deployment.breaker_threshold = threshold
        return bool(self._breaker.get("enable")) and self._workings.scheduler.scale(revision).failures >= threshold
