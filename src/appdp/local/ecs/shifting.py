"""BLUE_GREEN, CANARY and LINEAR: a second set of tasks comes up, and the traffic moves to it.

The stages are ECS's own, in their order. Traffic moves by rewriting the forward action of the production listener rule
(and of the test listener rule, when there is one) to weights that add up to 100.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/linear-deployment.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from appdp.local.ecs import names
from appdp.local.ecs.hooks import Hooks, Weights
from appdp.local.ecs.run import Rollback, RollbackFailed, Workings
from appdp.local.ecs.store import Revision, Target
from appdp.local.wire import ServiceError

STAGE_LIMIT_SECONDS = 24 * 3600.0
"""See: deployment-lifecycle-hooks.html: each stage lasts at most 24 hours."""

WRONG_NETWORKING = (
    "Service deployment rolled back because of invalid networking configuration. Both targetGroup and "
    "alternateTargetGroup must be associated with the productionListenerRule or testListenerRule."
)


def steps(configuration: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Production traffic of the target revision in percent, step by step, and the minutes to wait after each.

    The last step waits no minutes of its own: the deployment's bake time follows it.
    """
    strategy = configuration.get("strategy")
    if strategy == "CANARY":
        canary = configuration.get("canaryConfiguration") or {}
        return [
            (float(canary.get("canaryPercent", 5.0)), float(canary.get("canaryBakeTimeInMinutes", 10))),
            (100.0, 0.0),
        ]
    if strategy == "LINEAR":
        linear = configuration.get("linearConfiguration") or {}
        step, minutes = float(linear.get("stepPercent", 10.0)), float(linear.get("stepBakeTimeInMinutes", 6))
        done = [round(step * count, 1) for count in range(1, int(100 // step) + 1) if step * count < 100]
        return [*((percent, minutes) for percent in done), (100.0, 0.0)]
    return [(100.0, 0.0)]


class Shifting:
    """One of the three strategies that shift traffic.

    Args:
        workings: the service deployment and what it acts on.
        hooks: runs lifecycle hooks.
        minute: seconds in one of the minutes in which bake times are set.
    """

    def __init__(self, workings: Workings, hooks: Hooks, *, minute: float = 60.0) -> None:
        self._workings = workings
        self._hooks = hooks
        self._minute = minute

    async def forward(self) -> None:
        """All stages, from reconciling to cleaning up."""
        self._place_target()
        self._check_rules()
        if len(self._workings.service.revisions) > 2:
            await self._stage("RECONCILE_SERVICE", self._reconcile)
        await self._stage("PRE_SCALE_UP")
        await self._stage("SCALE_UP", self._scale_up)
        await self._stage("POST_SCALE_UP")
        self._enter("TEST_TRAFFIC_SHIFT")
        self._set_weights(test=100)
        await self._stage("TEST_TRAFFIC_SHIFT", test=100.0)
        await self._stage("POST_TEST_TRAFFIC_SHIFT")
        await self._shift_production()
        await self._stage("POST_PRODUCTION_TRAFFIC_SHIFT")
        if self._workings.source is not None:
            await self._stage("BAKE_TIME", self._bake)
        await self._stage("CLEAN_UP", self._clean_up)

    async def back(self, to: Revision | None) -> None:
        """Traffic first, then the green tasks."""
        if to is not None:
            try:
                await self._shift_back(to)
            except Rollback as failure:
                raise RollbackFailed(str(failure)) from failure
        self._enter("CLEAN_UP")
        workings = self._workings
        others = [revision for revision in workings.service.revisions if revision is not to]
        await self._take_down(others)

    async def _shift_back(self, to: Revision) -> None:
        await self._bring_up_again(to)
        if self._workings.target.production_weight:
            self._enter("PRODUCTION_TRAFFIC_SHIFT")
            self._set_weights(production=0)
            await self._stage_on_way_back("PRODUCTION_TRAFFIC_SHIFT", production=0.0)
        if self._workings.target.test_weight:
            self._enter("TEST_TRAFFIC_SHIFT")
            self._set_weights(test=0)
            await self._stage_on_way_back("TEST_TRAFFIC_SHIFT", test=0.0)

    async def _shift_production(self) -> None:
        for percent, minutes in steps(self._workings.deployment.configuration):
            before = self._workings.target.production_weight
            await self._stage("PRE_PRODUCTION_TRAFFIC_SHIFT", production=before)
            self._enter("PRODUCTION_TRAFFIC_SHIFT")
            self._set_weights(production=percent)
            await self._stage("PRODUCTION_TRAFFIC_SHIFT", production=percent)
            if minutes and self._workings.source is not None:
                await asyncio.sleep(minutes * self._minute)

    def _place_target(self) -> None:
        """Give the new revision the target groups that the live one does not use."""
        source, target = self._workings.source, self._workings.target
        live = {(item.container, item.port): item.group for item in source.targets} if source else {}
        target.targets = tuple(_other_colour(item, live.get((item.container, item.port))) for item in target.targets)
        if source is not None and source.production_weight == 0:
            source.production_weight = source.test_weight = 100.0

    def _check_rules(self) -> None:
        for target in self._workings.target.targets:
            if target.other_group is None or target.production_rule is None:
                raise Rollback(WRONG_NETWORKING)
            try:
                known = set(self._workings.balancing.rule_weights(target.production_rule))
                if target.test_rule:
                    known |= set(self._workings.balancing.rule_weights(target.test_rule))
            except ServiceError as error:
                raise Rollback(f"{WRONG_NETWORKING} {error.message}") from error
            if not {target.group, target.other_group} <= known:
                raise Rollback(WRONG_NETWORKING)

    async def _stage(self, stage: str, work: Any = None, **traffic: float) -> None:  # noqa: ANN401 - a coroutine function or None
        self._enter(stage)
        try:
            async with asyncio.timeout(STAGE_LIMIT_SECONDS):
                if work is not None:
                    await work()
                await self._run_hooks(stage, **traffic)
        except TimeoutError as error:
            raise Rollback(f"Service deployment rolled back because the stage {stage} lasted 24 hours.") from error

    async def _stage_on_way_back(self, stage: str, **traffic: float) -> None:
        """A stage of the rollback: its hooks run again, and what they answer changes nothing."""
        self._enter(stage)
        try:
            await self._run_hooks(stage, **traffic)
        except Rollback as failure:
            self._workings.journal.service(self._workings.service, f"lifecycle hook failed in the rollback: {failure}")

    async def _run_hooks(self, stage: str, *, test: float | None = None, production: float | None = None) -> None:
        workings = self._workings
        await self._hooks.run(
            workings.deployment,
            workings.service.caller,
            stage,
            test=self._weights(test),
            production=self._weights(production),
        )

    def _weights(self, percent: float | None) -> Weights:
        """Revision → percent, when the target has ``percent`` of some traffic."""
        if percent is None:
            return {}
        source = self._workings.source
        return {self._workings.target.arn: percent} | ({source.arn: 100.0 - percent} if source else {})

    def _enter(self, stage: str) -> None:
        self._workings.deployment.stage = stage
        self._workings.deployment.updated_at = names.now()
        self._workings.scheduler.change.notify()

    async def _reconcile(self) -> None:
        """After a deployment that was superseded half way: all traffic to the live revision, the rest goes."""
        workings = self._workings
        kept = (workings.source, workings.target)
        self._set_weights(production=0, test=0)
        await self._take_down([revision for revision in workings.service.revisions if revision not in kept])

    async def _scale_up(self) -> None:
        scheduler, service, target = self._workings.scheduler, self._workings.service, self._workings.target
        while True:
            scheduler.request(target, service.desired)
            if scheduler.healthy(target) >= service.desired:
                return
            await self._workings.moment()

    async def _bake(self) -> None:
        minutes = float(self._workings.deployment.configuration.get("bakeTimeInMinutes") or 0)
        await asyncio.sleep(minutes * self._minute)

    async def _clean_up(self) -> None:
        workings = self._workings
        await self._take_down([revision for revision in workings.service.revisions if revision is not workings.target])

    async def _bring_up_again(self, revision: Revision) -> None:
        """A revision that was being cleaned up must be whole before it takes traffic again."""
        workings = self._workings
        if workings.deployment.stage != "CLEAN_UP":
            return
        if revision not in workings.service.revisions:
            workings.service.revisions.append(revision)
        workings.scheduler.request(revision, workings.service.desired)
        while workings.scheduler.healthy(revision) < workings.service.desired:
            await workings.moment()

    async def _take_down(self, revisions: list[Revision]) -> None:
        workings = self._workings
        for revision in revisions:
            workings.scheduler.request(revision, 0)
        while not all(workings.scheduler.gone(revision) for revision in revisions):
            await workings.moment()
        for revision in revisions:
            workings.retire(revision)

    def _set_weights(self, *, test: float | None = None, production: float | None = None) -> None:
        """Give the target revision so many percent of the traffic, and the rest to the other colour."""
        source, target = self._workings.source, self._workings.target
        for place in target.targets:
            if production is not None and place.production_rule:
                self._rewrite(place.production_rule, place, production)
            if test is not None and place.test_rule:
                self._rewrite(place.test_rule, place, test)
        if production is not None:
            target.production_weight = production
        if test is not None:
            target.test_weight = test
        if source is not None:
            source.production_weight = 100.0 - target.production_weight
            source.test_weight = 100.0 - target.test_weight

    def _rewrite(self, rule: str, place: Target, percent: float) -> None:
        """Write weights; tenths of a percent need a finer scale than 100."""
        scale = 1 if float(percent).is_integer() else 10
        mine = round(percent * scale)
        try:
            self._workings.balancing.set_rule_weights(
                rule, {place.group: mine, str(place.other_group): 100 * scale - mine}
            )
        except ServiceError as error:
            raise Rollback(f"{WRONG_NETWORKING} {error.message}") from error


def _other_colour(item: Target, live: str | None) -> Target:
    if live is None or live != item.group or item.other_group is None:
        return item
    return replace(item, group=item.other_group, other_group=item.group)
