"""The table of outcomes, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.emulator.outcomes.playing import Cell
from tests.emulator.outcomes.traffic import Count

HEAD: Final = ("strategy", "outcome", "exit", "ended", "runs after", "requests", "failed", "verdict", "traffic back")


def lines(counted: Mapping[tuple[str, str], tuple[Cell, Count]]) -> list[str]:
    """A Markdown table."""
    rows = [_row(cell, count) for cell, count in counted.values()]
    widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD))]
    ruled = [HEAD, tuple("-" * width for width in widths), *rows]
    return [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in ruled
    ]


def write(path: Path, counted: Mapping[tuple[str, str], tuple[Cell, Count]]) -> None:
    """Write the table as JSON: a list of objects, one per row; times in seconds."""
    found = [
        {
            "strategy": cell.strategy,
            "outcome": cell.outcome,
            "release": cell.release,
            "before": cell.before,
            "exit_code": cell.exit_code,
            "ended": cell.word,
            "recorded": cell.recorded,
            "requests": count.sent,
            "failed": count.failed,
            "answered_by_release": count.by_release,
            "verdict_seconds": round(cell.ended - cell.began, 1),
            "back_seconds": None if count.back_seconds is None else round(count.back_seconds, 1),
        }
        for cell, count in counted.values()
    ]
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _row(cell: Cell, count: Count) -> tuple[str, ...]:
    after = "the new release" if cell.recorded == cell.release else "as before"
    back = "" if count.back_seconds is None else f"{max(0.0, count.back_seconds):.1f} s"
    failed = f"{count.failed} of {count.exposed} then" if count.failed else "0"
    return (
        cell.strategy,
        cell.outcome,
        str(cell.exit_code),
        cell.word.replace("_", " "),
        after,
        str(count.sent),
        failed,
        f"{cell.ended - cell.began:.0f} s",
        back,
    )
