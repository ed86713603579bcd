"""Every strategy goes through every outcome, on real containers under load.

``pytest -s tests/emulator/outcomes`` prints the table; ``APPDP_OUTCOMES=outcomes.json`` writes it too.

The strategies are the rows of ``program/cdk.json``; they play at the same time, each in an environment of its own, one
outcome after the other, and each from the release that ran before it. A minute of bake time takes 6 seconds.
"""

from __future__ import annotations

import json
import os
import platform
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from appdp.local import stacks
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal.load import LoadGenerator, Order, Target
from appdp.local.rehearsal.synth import synthesise
from tests.emulator.outcomes import releases, table
from tests.emulator.outcomes.environment import Environment
from tests.emulator.outcomes.playing import BLUE_STAYS, MIXED, Cell, Row, outcomes_of, play_cell
from tests.emulator.outcomes.requests import Requests
from tests.emulator.outcomes.traffic import Count, count
from tests.emulator.policies import refused

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

PROGRAM: Final = Path(__file__).parent / "program"
CONTEXT: Final[dict[str, dict[str, dict[str, Any]]]] = json.loads((PROGRAM / "cdk.json").read_text())["context"]
ARCHITECTURE: Final = "arm64" if platform.machine() in ("arm64", "aarch64") else "amd64"
BAKE_SCALE: Final = 0.1
RATE: Final = 25.0
"""Requests per second in each environment."""

WANTED: Final = frozenset(os.environ.get("APPDP_OUTCOMES_ROWS", "").split(",")) - {""}

Counted = dict[tuple[str, str], tuple[Cell, Count]]


def rows(aws: Any) -> list[Row]:  # noqa: ANN401 - while tests are collected there is none
    """The strategies, and the environment with several of them."""
    made = [
        Row(environment=Environment(aws, name.replace("_", "-")), share=first_share(settings))
        for name, settings in CONTEXT["strategies"].items()
    ]
    made.append(Row(environment=Environment(aws, MIXED), share=100.0))
    return [row for row in made if not WANTED or row.environment.name in WANTED]


def first_share(settings: dict[str, Any]) -> float:
    """Percent of the traffic that a strategy moves first."""
    if traffic := re.search(r"(\d+)_PERCENT", str(settings.get("traffic"))):
        return float(traffic[1])
    return float(settings.get("percent", settings.get("step_percent", 100.0)))


CELLS: Final = [(row.environment.name, outcome) for row in rows(None) for outcome in outcomes_of(row)]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """The program's stacks, and every release in the registry."""
    assembly = tmp_path_factory.mktemp("outcomes") / "cdk.out"
    synthesise(PROGRAM, assembly, {"architecture": ARCHITECTURE})
    with EmbeddedAws.start(docker=True, bake_scale=BAKE_SCALE) as started:
        stacks.deploy(started, assembly)
        releases.push_all(started.endpoint.url, ARCHITECTURE, [name.replace("_", "-") for name in CONTEXT[MIXED]])
        yield started


@pytest.fixture(scope="module")
def counted(aws: EmbeddedAws) -> Counted:
    """Everything is played, then counted."""
    all_rows = rows(aws)
    targets = targets_of(aws, all_rows)
    order = Order(targets=targets, rate=RATE * len(all_rows), release_pattern=releases.PATTERN)
    requests = Requests([target.service for target in targets])
    with ThreadPoolExecutor(len(all_rows)) as threads:
        list(threads.map(first_release, all_rows))
        tell(f"{time.strftime('%X')} every environment is up")
        with LoadGenerator(order, aws.environment(), requests.keep) as load:
            cells = [cell for played in threads.map(partial(play_row, requests), all_rows) for cell in played]
            load.finish()
    found = {(cell.strategy, cell.outcome): (cell, count(requests, cell)) for cell in cells}
    tell("", *table.lines(found))
    if path := os.environ.get("APPDP_OUTCOMES"):
        table.write(Path(path), found)
    return found


def targets_of(aws: EmbeddedAws, all_rows: list[Row]) -> tuple[Target, ...]:
    """Load for every environment, the same for each, whether one service gets it or several do."""
    (production,) = (url.rstrip("/") for name, url in aws.listeners().items() if name.endswith(":80"))
    services = [name.replace("_", "-") for name in CONTEXT[MIXED]]
    names = [row.environment.name for row in all_rows]
    paths = [(name, f"{name}/{one}" if name == MIXED else name) for one in services for name in names]
    return tuple(Target(service=name, url=f"{production}/{path}/") for name, path in paths)


def first_release(row: Row) -> None:
    """Bring an environment up."""
    row.environment.set_alarm("OK")
    ended = row.environment.start("deploy", "one").ended()
    assert ended.code == 0, ended.said


def play_row(requests: Requests, row: Row) -> list[Cell]:
    """One strategy's outcomes, one after the other."""
    played = []
    for name in outcomes_of(row):
        cell = play_cell(row, name, requests)
        tell(f"{time.strftime('%X')} {cell.strategy}, {name}: {cell.word} after {cell.ended - cell.began:.0f} s")
        played.append(cell)
    return played


def tell(*lines: str) -> None:
    """Say it to whoever runs this with ``pytest -s``."""
    for line in lines:
        print(line, flush=True)  # noqa: T201 - that is what it is for


@pytest.mark.parametrize(("strategy", "outcome"), CELLS)
def test_outcome(counted: Counted, aws: EmbeddedAws, strategy: str, outcome: str) -> None:
    cell, seen = counted[strategy, outcome]
    row = row_of(aws, strategy)
    wanted = outcomes_of(row)[outcome]
    assert (cell.exit_code, cell.word) == (wanted.exit_code, wanted.word), cell.said
    assert (cell.first.code if cell.first else None) == wanted.first, cell.first
    after = cell.release if wanted.succeeds else cell.before
    assert cell.recorded == after
    assert len(cell.runs) == (len(CONTEXT[MIXED]) if strategy == MIXED else 1)
    assert cell.runs == row.environment.digests_of(after)
    assert cell.left == frozenset()
    assert seen.sent > 0
    if cell.release in BLUE_STAYS:
        assert seen.by_release == 0
    else:
        assert seen.by_release > 0


@pytest.mark.parametrize(("strategy", "outcome"), CELLS)
def test_failed_requests(counted: Counted, aws: EmbeddedAws, strategy: str, outcome: str) -> None:
    cell, seen = counted[strategy, outcome]
    if cell.release != "errors":
        assert seen.failed == 0, seen.failures
        return
    # The load balancer deals requests out by weight; where a share of it begins and ends, one more may fall.
    assert 0 < seen.failed <= row_of(aws, strategy).share / 100 * seen.exposed + 2, seen.failures
    assert all("500 by errors" in failure for failure in seen.failures)


@pytest.mark.parametrize("strategy", [strategy for strategy, outcome in CELLS if outcome == "approved by hand"])
def test_a_release_on_hold_gets_no_request_of_any_service(counted: Counted, strategy: str) -> None:
    _, seen = counted[strategy, "approved by hand"]
    assert seen.early == 0


def test_the_deployers_may_do_all_that(counted: Counted, aws: EmbeddedAws) -> None:
    assert len(counted) == len(CELLS)
    assert refused(aws) == []


def row_of(aws: EmbeddedAws, name: str) -> Row:
    """A row by its name."""
    return next(row for row in rows(aws) if row.environment.name == name)
