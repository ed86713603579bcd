"""The part of load balancing that runs: listeners, health checks and draining targets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from appdp.local.elb.checks import HealthChecker
from appdp.local.elb.clock import Clock
from appdp.local.elb.data_plane import DataPlane
from appdp.local.elb.store import Listener, Store
from appdp.local.elb.targets import Target, TargetGroup
from appdp.local.wire import AddressBook


class Running:
    """Keeps what runs in step with the store."""

    def __init__(self, store: Store, addresses: AddressBook, clock: Clock) -> None:
        self.store = store
        self.data_plane = DataPlane(store, addresses)
        self._checker = HealthChecker(store, addresses, clock)
        self._clock = clock
        self._drains: dict[Target, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def open(self, listener: Listener) -> None:
        """Serve a new listener and check the targets of its groups."""
        self._checker.reconcile()
        await self.data_plane.open(listener)

    async def remove_listener(self, listener: str) -> None:
        """Take a listener out of the store and stop serving it."""
        self.store.listeners.pop(listener, None)
        self._checker.reconcile()
        await self.data_plane.close(listener)

    def changed(self) -> None:
        """Take note of changed rules."""
        self._checker.reconcile()

    def settings_changed(self, group: TargetGroup) -> None:
        """Check a group's targets with its new settings."""
        self._checker.restart(group)

    def register(self, group: TargetGroup, ip: str, port: int) -> None:
        """Add a target; one that is there already stays as it is, one that drains starts anew."""
        known = group.targets.get((ip, port))
        if known is None or known.draining:
            group.targets[ip, port] = Target(ip, port)
            self._checker.reconcile()

    def drain(self, group: TargetGroup, ip: str, port: int) -> asyncio.Task[None] | None:
        """Send nothing more to a target; the task ends when its requests are done or the deregistration delay is over.

        What is then still in flight is broken off with 502. The target is shown as draining until the delay is over.

        See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
        (deregistration delay)
        """
        target = group.targets.get((ip, port))
        if target is None:
            return None
        if not target.draining:
            target.draining = True
            self._checker.reconcile()
            self._drains[target] = self._spawn(self._drain(group, target))
        return self._drains.get(target)

    def remove_group(self, group: TargetGroup) -> None:
        """Forget a group's targets; what is in flight to them ends as it would."""
        for target in group.targets.values():
            self._spawn(self._close_when_quiet(target))
        group.targets.clear()
        self._checker.reconcile()

    async def stop(self) -> None:
        """Close every listener, end every check and close every connection."""
        await self.data_plane.stop()
        await self._checker.stop()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for group in self.store.target_groups.values():
            for target in group.targets.values():
                await target.connections.close()

    async def _drain(self, group: TargetGroup, target: Target) -> None:
        over = self._clock.time() + group.deregistration_delay_seconds
        try:
            await self._quiet_or(target, group.deregistration_delay_seconds)
        finally:
            self._drains.pop(target, None)
            await target.connections.close()
        self._spawn(self._forget(group, target, over))

    async def _quiet_or(self, target: Target, seconds: float) -> None:
        waits = [asyncio.create_task(target.quiet()), asyncio.create_task(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _forget(self, group: TargetGroup, target: Target, when: float) -> None:
        await self._clock.sleep(max(0.0, when - self._clock.time()))
        if group.targets.get((target.ip, target.port)) is target:
            del group.targets[target.ip, target.port]

    async def _close_when_quiet(self, target: Target) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await target.quiet()
        await target.connections.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task
