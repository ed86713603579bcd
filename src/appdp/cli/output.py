"""What the user sees: talk on stderr, data on stdout; a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import click

from appdp.model.deployment import Deployment, LogEntry, Progress
from appdp.model.plan import Plan

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_COLOURS: Final = {
    Progress.SUCCEEDED: "green",
    Progress.FAILED: "red",
    Progress.RETURNING: "yellow",
    Progress.RETURNED: "yellow",
    Progress.UNCHANGED: "dim",
    Progress.WAITING: "dim",
}


def say(text: str, *, colour: str | None = None) -> None:
    """Talk: one line on stderr."""
    click.secho(text, fg=colour, err=True)


def echo_json(data: object) -> None:
    """Data: JSON on stdout."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def moment(at: float) -> str:
    """A time, in the user's own time zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def columns(rows: Iterable[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """Rows as lines, in columns that are as wide as they must be."""
    table = [tuple(row) for row in rows]
    widths = [max(len(row[index]) for row in table) for index in range(len(table[0]))] if table else []
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in table
    ]


def plan_lines(plan: Plan) -> list[str]:
    """A plan for people: what it would do to each service, and why."""
    head = f"{plan.application}/{plan.environment}: {plan.previous or 'nothing yet'} → {plan.release}"
    rows = [
        (service.name, service.strategy.value, "changes" if service.changes else "stays", service.reason)
        for service in plan.services
    ]
    return [head, *columns(rows)]


class Narrator(Protocol):
    """Tells a deployment's story while it happens."""

    def show(self, deployment: Deployment) -> None:
        """Show what is new."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def narrator() -> Narrator:
    """A live table if stderr is a terminal, plain lines if not."""
    if not sys.stderr.isatty():
        return PlainNarrator()
    # Imported here because rich costs more time than --help may take.
    from rich.console import Console

    return LiveNarrator(Console(stderr=True))


class _Story:
    """The lines of a deployment's log that were not shown yet."""

    def __init__(self) -> None:
        self._shown: set[LogEntry] = set()

    def new(self, deployment: Deployment) -> list[str]:
        fresh = [entry for entry in deployment.log if entry not in self._shown]
        self._shown.update(fresh)
        width = max((len(service.name) for service in deployment.services), default=0)
        return [
            f"{time.strftime('%H:%M:%S', time.localtime(entry.at))}  {entry.service.ljust(width)}  {entry.text}"
            for entry in fresh
        ]


class PlainNarrator:
    """Tells the story in lines."""

    def __init__(self) -> None:
        self._story = _Story()

    def show(self, deployment: Deployment) -> None:
        """Show what is new."""
        for line in self._story.new(deployment):
            say(line)

    def close(self) -> None:
        """Nothing to leave."""


class LiveNarrator:
    """Tells the story in lines above a table of the services, which is gone at the end."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._story = _Story()
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._live.start()

    def show(self, deployment: Deployment) -> None:
        """Show what is new."""
        for line in self._story.new(deployment):
            self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._live.update(_table(deployment))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._live.stop()


def _table(deployment: Deployment) -> Table:
    from rich.markup import escape
    from rich.table import Table

    where = f"{deployment.application}/{deployment.environment} → {deployment.release}"
    table = Table(title=f"{escape(where)}   phase: {deployment.phase.value}", title_justify="left", box=None)
    for heading in ("service", "progress", "stage", ""):
        table.add_column(heading)
    for service in deployment.services:
        colour = _COLOURS.get(service.progress, "cyan")
        table.add_row(
            escape(service.name),
            f"[{colour}]{service.progress.value}[/]",
            escape(service.stage),
            escape(service.detail),
        )
    return table


def deployment_data(deployment: Deployment) -> dict[str, Any]:
    """A deployment as the data that ``--json`` prints; its log is a story, so it is left out."""
    data = deployment.to_dict()
    del data["log"]
    return data
