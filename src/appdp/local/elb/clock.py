"""Time as the load balancer sees it, so that tests can make it pass faster."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Clock(Protocol):
    """Seconds that pass, and waiting for them."""

    def time(self) -> float:
        """Seconds since some moment; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class LoopClock:
    """The event loop's own clock, ``speed`` times as fast.

    Args:
        speed: seconds of this clock in one real second; 1 by default.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed

    def time(self) -> float:
        """The loop's time, scaled."""
        return asyncio.get_running_loop().time() * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait that many of this clock's seconds."""
        await asyncio.sleep(seconds / self._speed)
