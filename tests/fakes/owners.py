"""Who is alive, as a test says."""

from __future__ import annotations

from appdp.model.deployment import Owner
from tests.fakes.clock import FakeClock

LEASE_SECONDS = 180


class FakeOwners:
    """Executions are alive while they are in ``running``; processes while their lease is fresh."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.running: set[str] = set()

    def alive(self, owner: Owner, renewed_at: float) -> bool:
        if owner.execution is None:
            return self._clock.now() - renewed_at < LEASE_SECONDS
        return owner.execution in self.running
