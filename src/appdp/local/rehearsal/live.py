"""What the person in front of the screen sees while a rehearsal runs. Everything goes to stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.prompt import Confirm
from rich.table import Table
from rich.text import Text

from appdp.local.rehearsal.record import ActRecord
from appdp.local.rehearsal.report.words import OUTCOMES, seconds
from appdp.local.rehearsal.scenario import Act
from appdp.local.rehearsal.traffic import FAILED, Traffic
from appdp.model.deployment import Deployment
from appdp.model.service_state import Progress

RECENT_SECONDS = 2.0
"""The rate shown is that of the last two seconds."""


@dataclass
class Sight:
    """What there is to see of the act that runs now. Functions, so that the display asks when it draws."""

    act: Act
    deployment: Callable[[], Deployment | None]
    traffic: Callable[[], Traffic | None]
    started_at: float = field(default_factory=time.time)


class Screen(Protocol):
    """Follows a rehearsal."""

    def step(self, text: str) -> None:
        """Something begins."""

    def note(self, text: str) -> None:
        """Something that the reader must know to judge what follows."""

    def begin(self, sight: Sight) -> None:
        """An act begins."""

    def line(self, text: str) -> None:
        """The act's command wrote a line."""

    def ask(self, question: str) -> bool:
        """Somebody must agree; whether they do. Where nobody can be asked, nobody agrees."""
        ...

    def end(self, record: ActRecord) -> None:
        """The act ended."""


class PlainScreen:
    """One line per event, for logs and pipes.

    Args:
        console: where to write.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()

    def __enter__(self) -> PlainScreen:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None

    def step(self, text: str) -> None:
        self._say(text)

    def note(self, text: str) -> None:
        self._say(f"note: {text}")

    def begin(self, sight: Sight) -> None:
        self._say(f"act {sight.act.number}: {sight.act.title}")

    def line(self, text: str) -> None:
        if text.strip():
            self._say(f"  | {text}")

    def ask(self, question: str) -> bool:
        self._say(f"  | {question} Nobody can be asked here, so no: --yes agrees to everything.")
        return False

    def end(self, record: ActRecord) -> None:
        self._say(f"act {record.number}: {ending(record)}")
        for check in record.checks:
            if not check.passed:
                self._say(f"  NOT AS EXPECTED: {check.name}: {check.seen}")

    def _say(self, text: str) -> None:
        self._console.print(
            f"{time.monotonic() - self._started:6.1f} s  {text}", markup=False, highlight=False, soft_wrap=True
        )


class LiveScreen:
    """A display that is drawn anew four times a second, for terminals.

    Args:
        console: the terminal.
        answers: where answers to questions come from. Default: the terminal's keyboard.
    """

    def __init__(self, console: Console, answers: TextIO | None = None) -> None:
        self._console = console
        self._answers = answers
        self._step = ""
        self._sight: Sight | None = None
        self._lines: list[str] = []
        self._live = Live(get_renderable=self._draw, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> LiveScreen:
        self._live.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.stop()

    def refresh(self) -> None:
        """Draw now, without waiting for the next quarter of a second."""
        self._live.refresh()

    def step(self, text: str) -> None:
        self._step = text

    def note(self, text: str) -> None:
        self._console.print(Text(f"  ! {text}", style="yellow"))

    def begin(self, sight: Sight) -> None:
        self._sight, self._lines = sight, []

    def line(self, text: str) -> None:
        self._lines = [*self._lines, text][-4:]

    def ask(self, question: str) -> bool:
        self._live.stop()
        try:
            return Confirm.ask(question, console=self._console, stream=self._answers)
        finally:
            self._live.start()

    def end(self, record: ActRecord) -> None:
        self._sight = None
        mark, style = ("✓", "green") if record.as_expected else ("✗", "bold red")
        self._console.print(Text.assemble((f"  {mark} ", style), f"{record.number}. {record.title}: ", ending(record)))
        for check in record.checks:
            if not check.passed:
                self._console.print(Text(f"      not as expected: {check.name}: {check.seen}", style="red"))

    def _draw(self) -> RenderableType:
        if self._sight is None:
            return Text.assemble(("  … ", "cyan"), self._step)
        sight = self._sight
        clock = f"{time.time() - sight.started_at:.0f} s"
        head = Text.assemble(("  ▶ ", "cyan bold"), (f"{sight.act.number}. {sight.act.title}", "bold"), f"  {clock}")
        parts: list[RenderableType] = [head]
        deployment, traffic = sight.deployment(), sight.traffic()
        if deployment:
            parts.append(_services(deployment))
        if traffic:
            parts.append(_traffic(traffic))
        parts += [Text(f"      {line}", style="dim", no_wrap=True) for line in self._lines]
        return Group(*parts)


_STYLES: Mapping[Progress, str] = {
    Progress.STARTING: "green",
    Progress.AT_GATE: "yellow",
    Progress.SHIFTING: "magenta",
    Progress.BAKING: "cyan",
    Progress.SUCCEEDED: "bold green",
    Progress.FAILED: "bold red",
    Progress.RETURNING: "yellow",
    Progress.RETURNED: "yellow",
}


def _services(deployment: Deployment) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("     ", Text("engine", style="bold"), Text(str(deployment.phase), style="bold"), "")
    for job in deployment.jobs:
        if job.progress.begun:
            said = Text(job.tail[-1] if job.tail else "", style="dim", overflow="ellipsis")
            table.add_row("     ", job.name, Text(str(job.progress), style="yellow"), said)
    for service in deployment.services:
        progress = Text(service.progress.replace("_", " "), style=_STYLES.get(service.progress, "dim"))
        table.add_row(
            "     ", service.name, progress, Text(service.stage or service.detail, style="dim", overflow="ellipsis")
        )
    return table


def _traffic(traffic: Traffic) -> Table:
    recent = traffic.recent(time.time() - RECENT_SECONDS)
    answered, failed = traffic.totals
    table = Table.grid(padding=(0, 2))
    for service in dict.fromkeys(target.service for target in traffic.targets):
        counts = sorted((name, count) for (of, name), count in recent.items() if of == service)
        table.add_row("     ", service, _share(counts))
    style = "green" if failed == 0 else "bold red"
    total = Text.assemble(f"{answered:,} requests, ", (f"{failed:,} failed", style))
    table.add_row("     ", "load", total)
    return table


def _share(counts: list[tuple[str, int]]) -> Text:
    total = sum(count for _name, count in counts) or 1
    text = Text()
    for name, count in counts:
        style = "red" if name == FAILED else f"color({33 + 36 * (sum(map(ord, name)) % 5)})"
        width = max(1, round(30 * count / total))
        said = "failed" if name == FAILED else f"release {name}"
        text.append("█" * width + f" {said} {count / RECENT_SECONDS:.0f}/s  ", style=style)
    return text


def ending(record: ActRecord) -> str:
    """How an act ended, in one line."""
    load = f", {record.traffic.failed:,} of {record.traffic.sent:,} requests failed" if record.traffic else ""
    return f"{OUTCOMES.get(record.outcome, record.outcome)} after {seconds(record.seconds)}{load}"
