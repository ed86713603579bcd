"""``appdp stop``."""

from __future__ import annotations

import pytest

from appdp.engine.deploy import advance, begin
from appdp.model.deployment import Deployment, Owner, Phase
from appdp.model.handoff import lock_parameter, stop_parameter
from appdp.model.lock import Lock
from tests.fakes.driver import drive, request
from tests.fakes.registry import Behaviour
from tests.unit.cli.terminal import ALICE, Terminal, at_release, data

STOP = stop_parameter("shop", "dev")


def under_way(seconds: int = 10, release: str = "v2", **broken: Behaviour) -> Terminal:
    """A terminal in front of a deployment that runs for some seconds."""
    terminal = at_release()
    if broken:
        terminal.account.publish(release, broken=broken)
    assert terminal.run("deploy", "dev", release, "--no-wait").exit_code == 0
    terminal.account.clock.sleep(seconds)
    return terminal


def state(terminal: Terminal) -> str:
    """The phase of the only deployment."""
    (run,) = terminal.executions.runs.values()
    return str(run.event["deployment"]["phase"])


def process_under_way() -> tuple[Terminal, list[Deployment]]:
    """A terminal in front of a deployment that a process runs, whose states are the list."""
    terminal = at_release()
    owner = Owner(execution=None, requested_by="arn:bob")
    deployment = begin(request("v2"), owner=owner, now=terminal.account.clock.now())
    return terminal, [drive(terminal.account, deployment, until=lambda state: state.phase is Phase.GREEN)]


@pytest.mark.parametrize("seconds", [2, 4, 8, 12, 20, 26])
def test_a_deployment_goes_back_from_every_phase(seconds: int) -> None:
    terminal = under_way(seconds)
    result = terminal.run("stop", "dev", "--yes", "--reason", "wrong {{ branch }}", "--json")
    assert result.exit_code == 0, result.stderr
    found = data(result)
    assert found["outcome"] == "rolled_back"
    assert found["deployment"]["failure"]["summary"] == f"stopped by {ALICE}: wrong {{{{ branch }}}}"
    assert terminal.account.release == "v1"
    assert all(terminal.account.runs(name) == terminal.account.digest(name, "v1") for name in terminal.account.images)
    assert terminal.lock is None
    assert STOP not in terminal.account.parameters.values


def test_a_deployment_that_has_just_taken_the_lock_is_refused() -> None:
    terminal = under_way(1)
    result = terminal.run("stop", "dev", "--yes", "--json")
    assert data(result)["outcome"] == "refused"
    assert terminal.account.release == "v1"
    assert terminal.lock is None


def test_a_process_hears_of_it_too() -> None:
    terminal = at_release()

    def stop(count: int) -> None:
        if count == 5:
            other = terminal.run("stop", "dev", "--yes", "--timeout", "0s")
            assert other.exit_code == 6, other.stderr
            assert "in a process (--direct)" in other.stderr

    terminal.on_sleep = stop
    result = terminal.run("deploy", "dev", "v2", "--direct")
    assert result.exit_code == 4, result.stderr
    assert f"stopped by {ALICE}" in result.stderr
    assert terminal.account.release == "v1"
    assert STOP not in terminal.account.parameters.values


def test_waiting_for_a_process_that_goes_back() -> None:
    terminal, process = process_under_way()

    def advanced(_: int) -> None:
        """The process goes on while the other terminal waits."""
        process.append(advance(process[-1], terminal.account.ports).deployment)

    terminal.on_sleep = advanced
    result = terminal.run("stop", "dev", "--yes", "--json")
    assert result.exit_code == 0, result.stderr
    assert (data(result)["outcome"], data(result)["exit_code"]) == ("rolled_back", 0)
    assert f"stopped by {ALICE}" in data(result)["text"]


def test_waiting_for_a_process_that_dies() -> None:
    terminal, _ = process_under_way()
    terminal.on_sleep = lambda count: terminal.account.clock.jump(100)
    result = terminal.run("stop", "dev", "--yes")
    assert result.exit_code == 5
    assert "The process ended before its deployment did." in result.stderr


def test_ctrl_c_ends_the_wait_only() -> None:
    terminal, _ = process_under_way()

    def interrupt(count: int) -> None:
        raise KeyboardInterrupt

    terminal.on_sleep = interrupt
    result = terminal.run("stop", "dev", "--yes")
    assert result.exit_code == 6
    assert "Next: appdp status dev" in result.stderr


def test_it_asks_first() -> None:
    terminal = under_way()
    nobody = terminal.run("stop", "dev")
    assert nobody.exit_code == 2
    assert "Add --yes if this is meant." in nobody.stderr
    terminal.interactive = True
    no = terminal.run("stop", "dev", typed="n\n")
    assert no.exit_code == 2
    assert "v1 → v2, phase green" in no.stderr
    assert STOP not in terminal.account.parameters.values
    assert terminal.run("stop", "dev", typed="y\n").exit_code == 0


def test_a_dry_run_changes_nothing() -> None:
    terminal = under_way()
    result = terminal.run("stop", "dev", "--dry-run")
    assert result.exit_code == 0
    assert "v1 → v2, phase green" in result.stderr
    assert STOP not in terminal.account.parameters.values
    assert terminal.run("wait", "dev").exit_code == 0


def test_nobody_has_to_wait() -> None:
    terminal = under_way()
    result = terminal.run("stop", "dev", "--yes", "--no-wait", "--json")
    assert (result.exit_code, data(result)["outcome"]) == (0, "stopping")
    assert terminal.run("wait", "dev").exit_code == 4
    both = terminal.run("stop", "dev", "--no-wait", "--timeout", "1s")
    assert both.exit_code == 2


def test_giving_up_after_a_time() -> None:
    assert under_way(20).run("stop", "dev", "--yes", "--timeout", "1s").exit_code == 6


def test_nothing_is_under_way() -> None:
    result = at_release().run("stop", "dev", "--yes")
    assert result.exit_code == 3
    assert "no deployment is under way" in result.stderr


def test_too_late_because_it_is_on_its_way_back() -> None:
    terminal = under_way(2, "bad", api=Behaviour.EXITS)
    while state(terminal) != "return":
        terminal.account.clock.sleep(1)
    result = terminal.run("stop", "dev", "--yes")
    assert result.exit_code == 8
    assert "is ending already, in phase return" in result.stderr
    assert "appdp rollback dev" in result.stderr


def test_too_late_although_it_did_not_look_so() -> None:
    terminal = under_way()
    newest = terminal.executions.newest_state

    def slow(arn: str) -> object:
        """The answer comes when the deployment has gone on and ended."""
        found = newest(arn)
        terminal.executions.newest_state = newest  # type: ignore[method-assign]  # only the first answer is slow
        terminal.account.clock.sleep(60)
        return found

    terminal.executions.newest_state = slow  # type: ignore[method-assign,assignment]  # stands for a slow call
    result = terminal.run("stop", "dev", "--yes")
    assert result.exit_code == 8, result.stderr
    assert "Too late to stop it." in result.stderr
    assert terminal.account.release == "v2"
    # What is left of the request is deleted by the next deployment, and does not stop it.
    assert terminal.run("deploy", "dev", "v1").exit_code == 0
    assert STOP not in terminal.account.parameters.values


def test_a_dead_one_does_not_hear() -> None:
    terminal = at_release()
    owner = Owner(execution=None, requested_by="arn:bob")
    lock = Lock(deployment="other", owner=owner, renewed_at=terminal.account.clock.now() - 1000)
    terminal.account.parameters.put(lock_parameter("shop", "dev"), lock.to_json())
    result = terminal.run("stop", "dev", "--yes")
    assert result.exit_code == 8
    assert "Nobody would hear" in result.stderr


@pytest.mark.parametrize("reason", ["x" * 501, "two\nlines"])
def test_a_reason_that_is_too_long(reason: str) -> None:
    terminal = under_way()
    result = terminal.run("stop", "dev", "--yes", "--reason", reason)
    assert result.exit_code == 2
    assert "allowed are up to 500" in result.stderr
    assert terminal.run("wait", "dev").exit_code == 0


def test_an_unknown_environment() -> None:
    result = at_release().run("stop", "prod", "--yes")
    assert result.exit_code == 2
    assert "There are: dev." in result.stderr
