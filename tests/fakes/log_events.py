"""What containers said, as a list."""

from __future__ import annotations

from appdp.engine.log_events import LogEvent


class FakeLogEvents:
    """Log groups: group → its lines, in the order in which they came in."""

    def __init__(self) -> None:
        self.groups: dict[str, list[LogEvent]] = {}
        self.asked: list[tuple[str, str, float]] = []

    def say(self, group: str, stream: str, at: float, message: str) -> None:
        """A container says something."""
        lines = self.groups.setdefault(group, [])
        lines.append(LogEvent(id=str(len(lines)), at=at, stream=stream, message=message))

    def since(self, group: str, prefix: str, at: float) -> tuple[LogEvent, ...]:
        self.asked.append((group, prefix, at))
        found = [line for line in self.groups.get(group, ()) if line.stream.startswith(prefix) and line.at >= at]
        return tuple(sorted(found, key=lambda line: line.at))
