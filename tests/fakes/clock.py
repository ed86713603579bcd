"""A clock that only a test moves."""

from __future__ import annotations

from collections.abc import Callable


def _never() -> bool:
    return False


class FakeClock:
    """Time that passes in whole seconds, and tells others of every one."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._idle: Callable[[], bool] = _never
        self._listeners: list[Callable[[float], None]] = []

    def now(self) -> float:
        return self._now

    def each_second(self, listener: Callable[[float], None]) -> None:
        """Call ``listener`` with the time after every second that passes."""
        self._listeners.append(listener)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if seconds > 1 and self._idle():
            self.jump(int(seconds) - 1)
            seconds = 1
        for _ in range(int(seconds)):
            self._now += 1
            for listener in self._listeners:
                listener(self._now)

    def hurry(self, idle: Callable[[], bool]) -> None:
        """From now on, do not go second by second through long sleeps while ``idle`` says that nothing moves."""
        self._idle = idle

    def jump(self, seconds: float) -> None:
        """Let much time pass in which nothing else moves."""
        self._now += seconds
