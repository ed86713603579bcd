"""What the user sees: talk on stderr, data on stdout; a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

import click

if TYPE_CHECKING:
    # Only for checking: this module is part of ``appdp --help``, which must not take long.
    from rich.console import Console, Group

    from appdp.model.deployment import Deployment, LogEntry
    from appdp.model.plan import Plan

_COLOURS: Final = {
    "succeeded": "green",
    "failed": "red",
    "returning": "yellow",
    "returned": "yellow",
    "unchanged": "dim",
    "waiting": "dim",
}
"""Style of each :class:`appdp.model.service_state.Progress`; all others are ``cyan``."""


def say(text: str, *, colour: str | None = None) -> None:
    """Talk: one line on stderr. Nobody listening (a closed pipe or terminal) is no reason to break off the work."""
    with suppress(OSError):
        click.secho(text, fg=colour, err=True)


def echo_json(data: object) -> None:
    """Data: JSON on stdout."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def moment(at: float) -> str:
    """A time, in the user's own time zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def length(seconds: float) -> str:
    """A length of time: ``42s``, ``3m 05s`` or ``2h 07m``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"


def columns(rows: Iterable[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """Rows as lines, in columns that are as wide as they must be."""
    table = [tuple(row) for row in rows]
    widths = [max(len(row[index]) for row in table) for index in range(len(table[0]))] if table else []
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in table
    ]


def plan_lines(plan: Plan) -> list[str]:
    """A plan for people: what it would do to each service and schedule, and why."""
    head = f"{plan.application}/{plan.environment}: {plan.previous or 'nothing yet'} → {plan.release}"
    rows = [
        (service.name, service.strategy.value, "changes" if service.changes else "stays", service.reason)
        for service in plan.services
    ]
    rows += [
        (schedule.name, "schedule", "changes" if schedule.changes else "stays", schedule.reason)
        for schedule in plan.schedules
    ]
    hold = []
    if plan.approval_seconds is not None:
        hold = [f"  on hold before traffic moves: somebody must approve within {plan.approval_seconds / 3600:g} h"]
    red = [
        f"  {name}: {', '.join(alarms)} in ALARM; ECS watches none of its alarms"
        for name, alarms in plan.red_alarms.items()
    ]
    return [
        head,
        *columns(rows),
        *(f"  job {job.name} runs {job.run.value.replace('_', ' ')}" for job in plan.jobs),
        *hold,
        *red,
        *(f"  {line}" for line in wrong_tag_lines(plan.environment, plan.wrong_tags)),
    ]


def wrong_tag_lines(environment: str, images: Sequence[str]) -> list[str]:
    """What it means that images' environment tags do not name the recorded release; no line when all do."""
    if not images:
        return []
    from appdp.model.handoff import environment_tag

    what = f"tag {environment_tag(environment)} of {', '.join(images)} does not name the recorded release"
    return [f"{what}: a 'cdk deploy' would start the wrong image; a deployment moves it back"]


class Narrator(Protocol):
    """Tells a deployment's story while it happens."""

    def show(self, deployment: Deployment) -> None:
        """Show what is new."""

    def tell(self, text: str) -> None:
        """Say something that is not part of the story."""

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

    def tell(self, text: str) -> None:
        """Say it."""
        say(text)

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
        # A terminal that was closed is no reason to break off the work.
        with suppress(OSError):
            for line in self._story.new(deployment):
                self._print(line)
            self._live.update(_picture(deployment))

    def tell(self, text: str) -> None:
        """Say it above the table, which would draw itself over anything else."""
        with suppress(OSError):
            self._print(text)

    def close(self) -> None:
        """Leave the terminal as it was."""
        with suppress(OSError):
            self._live.stop()

    def _print(self, text: str) -> None:
        self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _picture(deployment: Deployment) -> Group:
    """The services as they stand. Texts, not markup: the live display draws itself with the options of what is printed
    above it, and there markup is off.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    where = f"{deployment.application}/{deployment.environment} → {deployment.release}"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("service", "progress", "stage", ""):
        # One line per service, also on a narrow terminal: what does not fit is in the story above.
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for service in deployment.services:
        style = _COLOURS.get(service.progress.value, "cyan")
        table.add_row(
            Text(service.name),
            Text(service.progress.value, style=style),
            Text(service.stage),
            Text(service.detail),
        )
    return Group(Text(f"{where}   phase: {deployment.phase.value}", style="italic"), table)


def deployment_data(deployment: Deployment) -> dict[str, Any]:
    """A deployment as the data that ``--json`` prints; its log is a story, so it is left out."""
    data = deployment.to_dict()
    del data["log"]
    return data
