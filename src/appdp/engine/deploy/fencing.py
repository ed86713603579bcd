"""Writes of a step that was frozen half-way: none, but for the one that was on its way.

A laptop is suspended, a paused function goes on after its execution was aborted: the rest of a step would then run
while another deployment owns the environment. So a write that begins more than :data:`locking.RECHECK_SECONDS` after
the last look at the lock is preceded by another look; without the lock the step ends there, and the next one says what
became of it. Whoever takes the lock pauses for longer than that, so the two never write at the same time.

What remains: a process that is frozen between the look and the arrival of the very next call. Neither ECS nor ECR nor
Parameter Store takes a token that would let them refuse an old owner's call, so that one call happens. It is one
call at most, and the next release puts right what it did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from appdp.engine.deploy import locking
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import Deployment

WRITES: Final = {
    "services": ("update", "set_desired_count", "stop", "open_gate"),
    "task_definitions": ("register",),
    "jobs": ("run", "stop"),
    "registry": ("move_tag",),
    "schedules": ("update",),
    "parameters": ("create", "put", "delete"),
    "events": ("put",),
}
"""Port → its methods that change something."""

_LOOKS: Final = 3
"""How often a look that took too long itself is repeated: a slow network must not stop a deployment for good."""


def fenced(deployment: Deployment, ports: Ports, now: float) -> Ports:
    """Ports for one step whose writes look at the lock first, where the last look is too old.

    Args:
        deployment: the owner of the environment.
        ports: AWS.
        now: when the lock was looked at last, in seconds since the epoch.
    """
    fence = _Fence(deployment, ports, now)
    guarded: dict[str, Any] = {name: _Guarded(getattr(ports, name), methods, fence) for name, methods in WRITES.items()}
    return replace(ports, **guarded)


class _Fence:
    def __init__(self, deployment: Deployment, ports: Ports, now: float) -> None:
        self._deployment, self._ports, self._looked_at = deployment, ports, now

    def check(self) -> None:
        """Look at the lock unless that was done just now.

        Raises:
            RemoteError: it is not ours (any more); it passes, so the step is tried again, which begins with the lock.
        """
        for _ in range(_LOOKS):
            now = self._ports.clock.now()
            if now - self._looked_at < locking.RECHECK_SECONDS:
                return
            if not self._owns(now):
                raise RemoteError(f"Deployment {self._deployment.id} was asleep, and does not own the lock any more.")
            self._looked_at = now

    def _owns(self, now: float) -> bool:
        """A process's lease is in the lock; an execution that was aborted is over, whoever has the lock."""
        owner = self._deployment.owner
        alive = owner.execution is None or self._ports.owners.alive(owner, now)
        return alive and locking.holds(self._deployment, self._ports)


class _Guarded:
    """A port of which some methods ask the fence first."""

    def __init__(self, port: object, methods: tuple[str, ...], fence: _Fence) -> None:
        self._port, self._methods, self._fence = port, methods, fence

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._port, name)
        if name not in self._methods:
            return method

        def call(*args: Any, **more: Any) -> Any:  # noqa: ANN401  # any port
            self._fence.check()
            return method(*args, **more)

        return call
