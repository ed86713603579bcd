"""CloudWatch Logs in a dictionary."""

from __future__ import annotations


class FakeLogs:
    """Log streams: (group, stream) → lines."""

    def __init__(self) -> None:
        self.streams: dict[tuple[str, str], list[str]] = {}

    def tail(self, group: str, stream: str, lines: int) -> tuple[str, ...]:
        return tuple(self.streams.get((group, stream), [])[-lines:])
