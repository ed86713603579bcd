"""What is printed while a rehearsal runs, and at its end."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from tests.fakes.deployments import a_deployment
from tests.unit.local.rehearsal.sample import SHOP, rehearsal

from appdp.local.rehearsal.acts import targets_of
from appdp.local.rehearsal.live import LiveScreen, PlainScreen, Screen, Sight
from appdp.local.rehearsal.load import Target
from appdp.local.rehearsal.observe import states
from appdp.local.rehearsal.table import table
from appdp.local.rehearsal.traffic import Traffic
from appdp.model.deployment import Phase
from appdp.model.job import JobRun
from appdp.model.job_state import JobProgress, JobState
from appdp.model.service_state import Progress, ServiceState

DEPLOYMENT = a_deployment(
    started_at=100.0,
    phase=Phase.GREEN,
    services=(ServiceState(name="api", progress=Progress.AT_GATE, stage="POST_TEST_TRAFFIC_SHIFT"),),
    jobs=(
        JobState(name="migrate", run=JobRun.BEFORE_TRAFFIC, progress=JobProgress.RUNNING, tail=("adding a column",)),
        JobState(name="warm", run=JobRun.AFTER_TRAFFIC),
    ),
)


def _watched(screen: Screen) -> None:
    traffic = Traffic((Target(service="api", url=""),))
    traffic.add([(4e9, 0.1, 0, "1", 200), (4e9, 0.1, 0, "", 502)])
    record = rehearsal(failed=7).acts[1]
    screen.step("deploying the stacks")
    screen.note("no Docker")
    screen.begin(Sight(act=SHOP.acts[1], deployment=lambda: DEPLOYMENT, traffic=lambda: traffic))
    screen.line("Started deployment d.")
    if isinstance(screen, LiveScreen):
        screen.refresh()
    screen.end(record)


def test_plain_lines() -> None:
    out = io.StringIO()
    with PlainScreen(Console(file=out, width=100)) as screen:
        _watched(screen)
    lines = [line[10:] for line in out.getvalue().splitlines()]
    assert lines == [
        "deploying the stacks",
        "note: no Docker",
        "act 2: Release 2 under load: green, tested, all traffic at once",
        "  | Started deployment d.",
        "act 2: succeeded after 27.0 s, 7 of 7,447 requests failed",
        "  NOT AS EXPECTED: no request failed: 7 of 7447 failed",
    ]


def test_where_nobody_can_be_asked_nobody_agrees() -> None:
    out = io.StringIO()
    with PlainScreen(Console(file=out, width=100)) as screen:
        assert not screen.ask("Approve?")
    assert "--yes agrees to everything" in out.getvalue()


@pytest.mark.parametrize(("typed", "agreed"), [("y\n", True), ("n\n", False)])
def test_a_terminal_asks(typed: str, agreed: bool) -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, color_system=None)
    with LiveScreen(console, answers=io.StringIO(typed)) as screen:
        assert screen.ask("shop-tags stands before Deploy-dev. Approve?") is agreed
        screen.refresh()
    assert "Approve? [y/n]" in out.getvalue()


def test_a_terminal() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, color_system=None)
    with LiveScreen(console) as screen:
        _watched(screen)
    text = out.getvalue()
    assert "▶ 2. Release 2 under load" in text
    assert "at gate" in text
    assert "POST_TEST_TRAFFIC_SHIFT" in text
    assert "2 requests, 1 failed" in text
    assert "adding a column" in text
    assert "warm" not in text
    assert "✗ 2. Release 2 under load: succeeded after 27.0 s" in text


def test_the_table_at_the_end() -> None:
    out = io.StringIO()
    record = rehearsal(failed=7)
    long = replace(record.acts[2], happened="x" * 300)
    Console(file=out, width=120).print(table(replace(record, acts=(*record.acts[:2], long))))
    text = out.getvalue()
    assert "2 of three acts as expected" in text
    assert "7,447" in text
    assert "NO" in text
    assert "…" in text


def test_load_goes_to_both_listeners_of_one_load_balancer() -> None:
    listeners = {"lb:80": "http://127.0.0.1:1", "lb:9000": "http://127.0.0.1:2/", "lb:443": "http://127.0.0.1:3"}
    assert targets_of(SHOP, listeners) == (
        Target(service="storefront", url="http://127.0.0.1:1/"),
        Target(service="api", url="http://127.0.0.1:1/api/items"),
        Target(service="storefront", url="http://127.0.0.1:2/", test=True),
        Target(service="api", url="http://127.0.0.1:2/api/items", test=True),
    )
    other = replace(SHOP, load=replace(SHOP.load, load_balancer="other"))
    assert targets_of(other, listeners) == ()


def test_states_are_found_in_every_kind_of_event() -> None:
    import json
    from datetime import UTC, datetime

    plain = {"deployment": DEPLOYMENT.to_dict(), "wait_seconds": 2}
    at = datetime.fromtimestamp(5, UTC)
    events = [
        {"timestamp": at, "stateExitedEventDetails": {"output": json.dumps(plain)}},
        {"timestamp": at, "taskSucceededEventDetails": {"output": json.dumps({"Payload": plain})}},
        {"timestamp": at, "stateEnteredEventDetails": {"input": json.dumps({"request": {}})}},
        {"timestamp": at, "lambdaFunctionSucceededEventDetails": {"output": "not JSON"}},
        {"timestamp": at, "type": "ExecutionStarted"},
    ]
    found = [snapshot for event in events for snapshot in states(event)]
    assert [(snapshot.at, snapshot.deployment) for snapshot in found] == [(5.0, DEPLOYMENT)] * 2
