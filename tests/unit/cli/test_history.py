"""``appdp history``."""

from __future__ import annotations

import re

from appdp.model.handoff import SENTINEL, history_parameter, release_parameter
from appdp.model.history import VERSION
from tests.fakes.registry import Behaviour
from tests.unit.cli.terminal import ALICE, Terminal, at_release, data


def test_what_happened_newest_first() -> None:
    terminal = at_release()
    terminal.account.publish("bad", broken={"api": Behaviour.EXITS})
    terminal.run("deploy", "dev", "v2")
    terminal.run("deploy", "dev", "bad", "--direct")
    terminal.run("rollback", "dev")
    result = terminal.run("history", "dev")
    assert result.exit_code == 0, result.stderr
    titles, *rows = result.stdout.splitlines()
    assert titles.split() == ["ended", "took", "outcome", "release", "before", "requested", "by"]
    cells = [re.split(r"\s{2,}", row) for row in rows]
    assert [row[2:6] for row in cells] == [
        ["succeeded", "v1", "v2", "assumed-role/dev/alice"],
        ["rolled_back", "bad", "v2", "assumed-role/dev/alice"],
        ["succeeded", "v2", "v1", "assumed-role/dev/alice"],
        # Recorded before the history began.
        ["succeeded", "v1", "-", "role/x"],
    ]
    assert cells[1][6].startswith("api: ")
    assert [re.fullmatch(r"(\d+m )?\d+s", row[1]) is not None for row in cells] == [True, True, True, False]
    assert len(terminal.run("history", "dev", "--limit", "2").stdout.splitlines()) == 3


def test_as_json() -> None:
    terminal = at_release()
    terminal.account.publish("bad", broken={"api": Behaviour.EXITS})
    failed = data(terminal.run("deploy", "dev", "bad", "--json"))
    newest, oldest = data(terminal.run("history", "dev", "--json"))
    assert (newest["deployment"], newest["outcome"], newest["release"]) == (failed["id"], "rolled_back", "bad")
    assert (newest["requested_by"], newest["direct"], newest["services"]) == (ALICE, False, 3)
    assert newest["seconds"] == newest["ended_at"] - newest["started_at"] > 5
    assert "exited with code 1" in newest["reason"]
    assert (oldest["deployment"], oldest["release"], oldest["seconds"]) == (None, "v1", None)


def test_a_release_that_needs_jobs_to_go_back_from() -> None:
    terminal = at_release()
    terminal.account.publish("bad", broken={"api": Behaviour.EXITS})
    terminal.run("deploy", "dev", "v2", "--rollback-needs-jobs")
    terminal.run("deploy", "dev", "bad", "--rollback-needs-jobs")
    _, failed, needing, before = terminal.run("history", "dev").stdout.splitlines()
    assert "  rollback needs jobs; api: " in failed
    assert needing.endswith("  rollback needs jobs")
    assert "rollback needs jobs" not in before


def test_nothing_yet() -> None:
    result = Terminal().run("history", "dev")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "had no deployment yet" in result.stderr


def test_what_somebody_else_wrote_is_left_out() -> None:
    terminal = at_release()
    for text in ("oops", "[]", '{"version":1}', '{"version":"x"}'):
        terminal.account.parameters.put(history_parameter("shop", "dev"), text)
    terminal.account.parameters.put(release_parameter("shop", "dev"), "by-hand")
    assert [one["release"] for one in data(terminal.run("history", "dev", "--json"))] == ["by-hand", "v1"]


def test_a_release_parameter_that_began_anew() -> None:
    terminal = at_release()
    terminal.run("deploy", "dev", "v2")
    terminal.account.parameters.delete(release_parameter("shop", "dev"))
    terminal.account.parameters.put(release_parameter("shop", "dev"), SENTINEL)
    assert [one["release"] for one in data(terminal.run("history", "dev", "--json"))] == ["v2"]


def test_a_history_of_a_newer_version() -> None:
    terminal = at_release()
    terminal.run("deploy", "dev", "v2")
    name = history_parameter("shop", "dev")
    text = terminal.account.parameters.values[name]
    terminal.account.parameters.put(name, text.replace(f'"version":{VERSION}', f'"version":{VERSION + 1}'))
    result = terminal.run("history", "dev")
    assert result.exit_code == 2
    assert "pip install --upgrade" in result.stderr
    # It does not keep a deployment from ending.
    assert terminal.run("deploy", "dev", "v1").exit_code == 0


def test_an_unknown_environment() -> None:
    result = at_release().run("history", "prod")
    assert result.exit_code == 2
    assert "There are: dev." in result.stderr
