"""What the user sees while a deployment runs."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from appdp.cli.output import LiveNarrator, PlainNarrator, columns, length, narrator
from appdp.model.deployment import Phase
from appdp.model.service_state import Progress, ServiceState
from tests.fakes.deployments import a_deployment

DEPLOYMENT = a_deployment(
    release="v2",
    phase=Phase.GREEN,
    services=(
        ServiceState(name="api", progress=Progress.STARTING, stage="SCALE_UP", detail="[2] of 3"),
        ServiceState(name="worker", progress=Progress.UNCHANGED),
    ),
).logged(1.0, "its green comes [up]", "api")


def test_lines_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    voice = PlainNarrator()
    voice.show(DEPLOYMENT)
    voice.show(DEPLOYMENT.logged(2.0, "it is up", "api"))
    voice.close()
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(maxsplit=1)[1] for line in err.splitlines()] == [
        "api     its green comes [up]",
        "api     it is up",
    ]


def test_a_terminal_gets_a_table_below_the_lines() -> None:
    screen = io.StringIO()
    voice = LiveNarrator(Console(file=screen, force_terminal=True, width=100))
    voice.show(DEPLOYMENT)
    voice.show(replace(DEPLOYMENT, phase=Phase.GATE))
    voice.close()
    shown = screen.getvalue()
    assert shown.count("its green comes [up]") == 1
    assert "shop/dev → v2" in shown
    assert "phase: gate" in shown
    assert "starting" in shown
    assert "[/]" not in shown, "the table is drawn with the options of the lines above it, where markup is off"
    assert "SCALE_UP" in shown
    assert "[2] of 3" in shown
    assert shown.endswith("\x1b[?25h") or "\x1b[?25h" in shown, "the cursor is back"


def test_a_narrow_terminal_shows_names_and_progress_whole() -> None:
    screen = io.StringIO()
    voice = LiveNarrator(Console(file=screen, force_terminal=True, width=40))
    voice.show(DEPLOYMENT)
    voice.show(replace(DEPLOYMENT, phase=Phase.GATE))
    voice.close()
    lines = screen.getvalue().splitlines()
    assert any("phase: gate" in line for line in lines)
    for service in DEPLOYMENT.services:
        assert any(service.name in line and service.progress.value in line for line in lines)


def test_what_is_no_terminal_gets_lines() -> None:
    assert isinstance(narrator(), PlainNarrator)


def test_columns() -> None:
    assert columns([("a", "bb"), ("ccc", "d")]) == ["  a    bb", "  ccc  d"]
    assert columns([]) == []


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0s"), (59.4, "59s"), (65, "1m 05s"), (3599.6, "1h 00m"), (7620, "2h 07m"), (-1, "0s")]
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert length(seconds) == words
