"""The port to fake CloudWatch alarms."""

from __future__ import annotations

from collections.abc import Sequence


class FakeAlarms:
    """``red`` are the names of the alarms that are in ALARM."""

    def __init__(self) -> None:
        self.red: set[str] = set()

    def in_alarm(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted(self.red & set(names)))
