"""What the load saw: kept as it comes, and counted per outcome."""

from __future__ import annotations

from dataclasses import dataclass

from tests.emulator.outcomes.playing import Cell
from tests.emulator.outcomes.requests import Requests


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
