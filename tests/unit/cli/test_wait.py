"""``appdp wait``."""

from __future__ import annotations

import pytest

from appdp.engine.deploy import advance, begin
from appdp.model.deployment import Owner, Phase
from appdp.model.handoff import lock_parameter
from appdp.model.lock import Lock
from tests.fakes.driver import drive, request
from tests.fakes.registry import Behaviour
from tests.unit.cli.terminal import Terminal, at_release, data


def under_way(release: str = "v2", **broken: Behaviour) -> Terminal:
    """A terminal in front of a deployment that has just begun."""
    terminal = at_release()
    if broken:
        terminal.account.publish(release, broken=broken)
    assert terminal.run("deploy", "dev", release, "--no-wait").exit_code == 0
    terminal.account.clock.sleep(2)
    return terminal


@pytest.mark.parametrize(
    ("point", "phases", "shifted"),
    [("green", {"gate", "cutover"}, False), ("shifted", {"bake", "record"}, True)],
)
def test_a_point_on_the_way(point: str, phases: set[str], shifted: bool) -> None:
    terminal = under_way()
    result = terminal.run("wait", "dev", "--until", point, "--json")
    assert result.exit_code == 0, result.stderr
    found = data(result)
    assert (found["outcome"], found["exit_code"], found["release"]) == (point, 0, "v2")
    assert found["deployment"]["phase"] in phases
    assert bool(terminal.account.shifts) is shifted
    assert f"Next: appdp wait dev --deployment {found['id']}" in result.stderr
    assert terminal.run("wait", "dev").exit_code == 0
    assert terminal.account.release == "v2"


@pytest.mark.parametrize("point", ["green", "shifted", "done"])
def test_a_deployment_that_fails_before_it_is_there(point: str) -> None:
    terminal = under_way("bad", api=Behaviour.EXITS)
    result = terminal.run("wait", "dev", "--until", point, "--json")
    assert result.exit_code == 4, result.stderr
    assert data(result)["outcome"] == "rolled_back"


@pytest.mark.parametrize("point", ["green", "shifted", "done"])
def test_a_deployment_that_ended_already(point: str) -> None:
    terminal = at_release()
    name = data(terminal.run("deploy", "dev", "v2", "--json"))["id"]
    assert terminal.run("wait", "dev", "--until", point, "--deployment", name).exit_code == 0
    assert terminal.run("wait", "dev", "--until", point).exit_code == 3


def test_giving_up_after_a_time() -> None:
    terminal = under_way()
    result = terminal.run("wait", "dev", "--until", "shifted", "--timeout", "4s")
    assert result.exit_code == 6
    assert "The deployment goes on." in result.stderr


def test_a_deployment_that_died() -> None:
    terminal = under_way()
    terminal.executions.abort(next(iter(terminal.executions.runs)))
    result = terminal.run("wait", "dev", "--until", "green")
    assert result.exit_code == 5
    assert "The state machine ended with ABORTED before the deployment did." in result.stderr


def test_a_process_shows_its_end_only() -> None:
    terminal = at_release()

    def look(count: int) -> None:
        if count == 5:
            seen = terminal.run("wait", "dev", "--until", "green")
            assert seen.exit_code == 6, seen.stderr
            assert "only that process can show how it goes" in seen.stderr

    terminal.on_sleep = look
    assert terminal.run("deploy", "dev", "v2", "--direct").exit_code == 0

    owner = Owner(execution=None, requested_by="arn:bob")
    deployment = begin(request("v1"), owner=owner, now=terminal.account.clock.now())
    process = [drive(terminal.account, deployment, until=lambda state: state.phase is Phase.GREEN)]
    terminal.on_sleep = lambda _: process.append(advance(process[-1], terminal.account.ports).deployment)
    result = terminal.run("wait", "dev", "--json")
    assert result.exit_code == 0, result.stderr
    assert (data(result)["id"], data(result)["outcome"]) == ("d1", "succeeded")
    assert terminal.account.release == "v1"


def test_a_deployment_that_step_functions_forgot() -> None:
    terminal = at_release()
    terminal.account.publish("bad", broken={"api": Behaviour.EXITS})
    name = data(terminal.run("deploy", "dev", "bad", "--json"))["id"]
    terminal.executions.runs.clear()
    result = terminal.run("wait", "dev", "--deployment", name, "--json")
    assert result.exit_code == 4, result.stderr
    assert "Rolled back: dev runs v1 again, as before." in data(result)["text"]
    assert "exited with code 1" in data(result)["text"]
    unknown = terminal.run("wait", "dev", "--deployment", "nobody")
    assert unknown.exit_code == 2
    assert "'nobody'" in unknown.stderr


def test_a_process_that_died() -> None:
    terminal = at_release()
    owner = Owner(execution=None, requested_by="arn:bob")
    lock = Lock(deployment="other", owner=owner, renewed_at=terminal.account.clock.now())
    terminal.account.parameters.put(lock_parameter("shop", "dev"), lock.to_json())
    assert terminal.run("wait", "dev", "--timeout", "4s").exit_code == 6
    assert terminal.run("wait", "dev").exit_code == 5
    assert terminal.run("wait", "dev").exit_code == 3


@pytest.mark.parametrize(
    ("args", "words"),
    [(("prod",), "There are: dev."), (("dev", "--until", "blue"), "'green', 'shifted', 'done'")],
)
def test_names_that_are_wrong(args: tuple[str, ...], words: str) -> None:
    result = at_release().run("wait", *args)
    assert result.exit_code == 2
    assert words in result.stderr
