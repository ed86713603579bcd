"""Sends the health checks: one loop for each target of a group that a rule names.

Checks go out every ``HealthCheckIntervalSeconds`` whatever the target takes to answer, each on a connection of its
own, without following redirects.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

import asyncio

import aiohttp

from appdp.local.elb.clock import Clock
from appdp.local.elb.connections import open_session
from appdp.local.elb.health import CheckResult, Failed, Mismatched, Passed, TimedOut
from appdp.local.elb.store import Store
from appdp.local.elb.targets import Target, TargetGroup
from appdp.local.wire import AddressBook

USER_AGENT = "ELB-HealthChecker/2.0"


class HealthChecker:
    """Keeps the check loops in step with what is registered and in use."""

    def __init__(self, store: Store, addresses: AddressBook, clock: Clock) -> None:
        self._store = store
        self._addresses = addresses
        self._clock = clock
        self._loops: dict[Target, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None

    def reconcile(self) -> None:
        """Start and stop loops so that exactly the targets in use are checked. Call after every change."""
        in_use = self._store.groups_in_use()
        wanted = {
            target: group
            for group in self._store.target_groups.values()
            if group.arn in in_use
            for target in group.targets.values()
            if not target.draining
        }
        for target in self._loops.keys() - wanted.keys():
            self._loops.pop(target).cancel()
            target.health.cease()
        for target in wanted.keys() - self._loops.keys():
            target.health.begin()
            self._begin(wanted[target], target)

    def restart(self, group: TargetGroup) -> None:
        """Check with new settings from now on; the targets keep their states."""
        for target in group.targets.values():
            if target in self._loops:
                self._loops.pop(target).cancel()
                self._begin(group, target)

    async def stop(self) -> None:
        """End every loop and close the connections."""
        loops, self._loops = list(self._loops.values()), {}
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _begin(self, group: TargetGroup, target: Target) -> None:
        self._loops[target] = asyncio.create_task(
            self._check(group, target), name=f"health-check {target.ip}:{target.port}"
        )

    async def _check(self, group: TargetGroup, target: Target) -> None:
        due = self._clock.time()
        while True:
            target.health.first_check_sent()
            settings = group.health_check
            target.health.checked(await self._probe(group, target), settings)
            due += settings.interval_seconds
            await self._clock.sleep(max(0.0, due - self._clock.time()))

    async def _probe(self, group: TargetGroup, target: Target) -> CheckResult:
        settings = group.health_check
        port = target.port if settings.port == "traffic-port" else int(settings.port)
        address = self._addresses.find(target.ip, port)
        if address is None:
            return Failed()
        self._session = self._session or open_session(keep=False)
        try:
            async with self._session.get(
                f"http://{address.host}:{address.port}{settings.path}",
                headers={"Host": f"{target.ip}:{port}", "User-Agent": USER_AGENT},
                timeout=aiohttp.ClientTimeout(total=settings.timeout_seconds),
                allow_redirects=False,
            ) as answer:
                return Passed() if settings.accepts(answer.status) else Mismatched(answer.status)
        except TimeoutError:
            return TimedOut()
        except (aiohttp.ClientError, OSError, ValueError):
            return Failed()
