"""What the load saw: kept as it comes, and counted per outcome."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from appdp.local.rehearsal.load import Row as Request
from tests.emulator.outcomes.playing import Cell


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

    def failed_answers(self, environment: str, release: str, since: float) -> int:
        """How many requests a release answered with a failure so far."""
        return sum(1 for row in self.of(environment, since, float("inf")) if row[3] == release and row[4] >= 500)


@dataclass(frozen=True, kw_only=True)
class Count:
    """The requests of one outcome.

    Args:
        sent: all of them.
        failed: those without a 2xx answer that says which release it comes from; ``failures`` says how, for a message.
        by_release: those that the deployed release answered, well or not.
        early: those of them that were sent before the test did something about the deployment.
        exposed: those that were sent while some failed.
        back_seconds: from what the test did to the last answer of a release that went back, or None.
    """

    sent: int
    failed: int
    failures: tuple[str, ...]
    by_release: int
    early: int
    exposed: int
    back_seconds: float | None


def count(requests: Requests, cell: Cell) -> Count:
    """Count what the load saw during one outcome."""
    rows = requests.of(cell.strategy, cell.began, cell.ended)
    failed = [row for row in rows if not (200 <= row[4] < 300 and row[3])]
    first, last = (failed[0][0], failed[-1][0]) if failed else (0.0, 0.0)
    answers = [row[0] + row[1] for row in rows if row[3] == cell.release]
    gave_back = cell.acted is not None and cell.recorded != cell.release and bool(answers)
    return Count(
        sent=len(rows),
        failed=len(failed),
        failures=tuple(f"{row[0] - cell.began:.1f} s: {row[4]} by {row[3] or 'nobody'}" for row in failed[:20]),
        by_release=len(answers),
        early=sum(1 for row in rows if row[3] == cell.release and row[0] < (cell.acted or 0.0)),
        exposed=sum(1 for row in rows if first <= row[0] <= last) if failed else 0,
        back_seconds=max(answers) - cell.acted if gave_back and cell.acted is not None else None,
    )
