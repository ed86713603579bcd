"""The table of the acts, which ends a rehearsal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from appdp.local.rehearsal.record import ActRecord, RehearsalRecord
from appdp.local.rehearsal.report import words

_HAPPENED_LIMIT = 100


def table(record: RehearsalRecord) -> Table:
    """Act, what happened, whether that was expected, requests, failed, time."""
    made = Table(title=words.verdict(record), title_style="bold", title_justify="left", pad_edge=False)
    made.add_column("", justify="right")
    made.add_column("act", ratio=2)
    made.add_column("what happened", ratio=3)
    made.add_column("expected")
    made.add_column("requests", justify="right")
    made.add_column("failed", justify="right")
    made.add_column("time", justify="right")
    for act in record.acts:
        made.add_row(*_row(act))
    return made


def _row(act: ActRecord) -> tuple[str | Text, ...]:
    happened = act.happened.splitlines()[0]
    if len(happened) > _HAPPENED_LIMIT:
        happened = f"{happened[: _HAPPENED_LIMIT - 1]}…"
    return (
        str(act.number),
        act.title,
        happened,
        Text("yes", style="green") if act.as_expected else Text("NO", style="bold red"),
        f"{act.traffic.sent:,}" if act.traffic else "–",
        f"{act.traffic.failed:,}" if act.traffic else "–",
        words.seconds(act.seconds),
    )
