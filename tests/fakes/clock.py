"""A clock that only a test moves."""

from __future__ import annotations

from collections.abc import Callable


class FakeClock:
    """Time that passes in whole seconds, and tells others of every one."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._listeners: list[Callable[[float], None]] = []

    def now(self) -> float:
        return self._now

    def each_second(self, listener: Callable[[float], None]) -> None:
        """Call ``listener`` with the time after every second that passes."""
        self._listeners.append(listener)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(int(seconds)):
            self._now += 1
            for listener in self._listeners:
                listener(self._now)

    def jump(self, seconds: float) -> None:
        """Let much time pass in which nothing else moves."""
        self._now += seconds
