"""``appdp unlock``."""

from __future__ import annotations

from appdp.model.deployment import Owner
from appdp.model.handoff import gate_parameter, lock_parameter, takeover_parameter
from appdp.model.lock import Lock
from tests.unit.cli.terminal import Terminal, at_release

LOCK = lock_parameter("shop", "dev")


def held(terminal: Terminal, age: float) -> None:
    """A process holds the lock, with its last sign of life that long ago."""
    owner = Owner(execution=None, requested_by="arn:bob")
    lock = Lock(deployment="other", owner=owner, renewed_at=terminal.account.clock.now() - age)
    terminal.account.parameters.put(LOCK, lock.to_json())


def died(*, seconds: int = 12) -> Terminal:
    """A terminal in front of a deployment whose execution somebody ended."""
    terminal = at_release()
    terminal.run("deploy", "dev", "v2", "--no-wait")
    terminal.account.clock.sleep(seconds)
    terminal.executions.abort(next(iter(terminal.executions.runs)))
    return terminal


def test_the_lock_of_a_dead_one_goes_and_its_gate_stays() -> None:
    terminal = died()
    gate = terminal.account.parameters.values[gate_parameter("shop", "dev")]
    result = terminal.run("unlock", "dev", "--yes")
    assert result.exit_code == 0, result.stderr
    assert "lock left by deployment" in result.stderr
    assert terminal.lock is None
    assert not [name for name in terminal.account.parameters.values if "takeover" in name]
    assert terminal.account.parameters.values[gate_parameter("shop", "dev")] == gate
    assert terminal.run("unlock", "dev", "--yes").exit_code == 3
    # The next deployment takes back what the dead one left in progress.
    assert terminal.run("deploy", "dev", "v2").exit_code == 0
    assert terminal.account.release == "v2"


def test_the_lock_of_a_living_execution_stays() -> None:
    terminal = at_release()
    terminal.run("deploy", "dev", "v2", "--no-wait")
    terminal.account.clock.sleep(5)
    before = terminal.lock
    result = terminal.run("unlock", "dev", "--yes")
    assert result.exit_code == 8
    assert "is locked by deployment" in result.stderr
    assert "alice" in result.stderr
    assert terminal.lock == before is not None


def test_the_lock_of_a_living_process_stays() -> None:
    terminal = at_release()
    held(terminal, 10)
    result = terminal.run("unlock", "dev", "--yes")
    assert result.exit_code == 8
    assert "arn:bob" in result.stderr
    assert terminal.lock is not None


def test_whoever_took_over_is_asked_for_not_the_dead_one() -> None:
    terminal = at_release()
    held(terminal, 1000)
    owner = Owner(execution=None, requested_by="arn:carol")
    marker = Lock(deployment="heir", owner=owner, renewed_at=terminal.account.clock.now())
    terminal.account.parameters.put(takeover_parameter("shop", "dev", "other"), marker.to_json())
    result = terminal.run("unlock", "dev", "--yes")
    assert result.exit_code == 8
    assert "arn:carol" in result.stderr
    terminal.account.clock.jump(1000)
    assert terminal.run("unlock", "dev", "--yes").exit_code == 0
    assert [name for name in terminal.account.parameters.values if "/lock" in name] == []


def test_it_asks_first() -> None:
    terminal = at_release()
    held(terminal, 1000)
    dry = terminal.run("unlock", "dev", "--dry-run")
    assert (dry.exit_code, terminal.lock is not None) == (0, True)
    assert "arn:bob" in dry.stderr
    assert terminal.run("unlock", "dev").exit_code == 2
    terminal.interactive = True
    assert terminal.run("unlock", "dev", typed="n\n").exit_code == 2
    assert terminal.lock is not None
    assert terminal.run("unlock", "dev", typed="y\n").exit_code == 0
    assert terminal.lock is None


def test_a_lock_that_goes_while_the_user_thinks() -> None:
    terminal = at_release()
    held(terminal, 1000)
    create = terminal.account.parameters.create

    def meanwhile(name: str, value: str) -> bool:
        """The next deployment has taken over and ended when we try to."""
        terminal.account.parameters.delete(LOCK)
        return create(name, value)

    terminal.account.parameters.create = meanwhile  # type: ignore[method-assign]  # stands for another terminal
    assert terminal.run("unlock", "dev", "--yes").exit_code == 0
    assert terminal.lock is None


def test_an_unknown_environment() -> None:
    result = at_release().run("unlock", "prod", "--yes")
    assert result.exit_code == 2
    assert "There are: dev." in result.stderr
