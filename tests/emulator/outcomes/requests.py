"""The requests of the load, kept as they come."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from appdp.local.rehearsal.load import Row as Request


@dataclass
class Requests:
    """The production requests; ``environments`` names the environment of each of the load's targets, in their order."""

    environments: Sequence[str]
    _rows: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, rows: list[Request]) -> None:
        """Take rows as they come."""
        with self._lock:
            self._rows.extend(rows)

    def of(self, environment: str, since: float, until: float) -> list[Request]:
        """One environment's requests that were due in a time."""
        with self._lock:
            return [row for row in self._rows if self.environments[row[2]] == environment and since <= row[0] < until]

    def answers(self, environment: str, release: str, since: float, *, failed: bool) -> int:
        """How many requests a release answered so far; with ``failed``, only the failures."""
        least = 500 if failed else 0
        return sum(1 for row in self.of(environment, since, float("inf")) if row[3] == release and row[4] >= least)
