"""What an interrupted command leaves, and what it says about it."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from appdp.model.handoff import release_parameter
from tests.unit.cli.terminal import at_release, data


def test_ctrl_c_while_it_plans_changes_nothing() -> None:
    terminal = at_release()

    def interrupt(name: str) -> None:
        raise KeyboardInterrupt

    terminal.account.parameters.get = interrupt  # type: ignore[method-assign]  # stands for a slow call
    result = terminal.run("deploy", "dev", "v2")
    assert result.exit_code == 130
    assert "Interrupted: nothing was changed." in result.stderr
    assert terminal.executions.runs == {}


def test_ctrl_c_at_the_question_changes_nothing() -> None:
    terminal = at_release()
    terminal.protect()
    terminal.interactive = True
    result = terminal.run("deploy", "dev", "v2", typed="")
    assert result.exit_code == 130
    assert "Interrupted: nothing was changed." in result.stderr
    assert terminal.executions.runs == {}


def test_ctrl_c_at_the_moment_of_the_start_says_that_it_may_run() -> None:
    terminal = at_release()
    start = terminal.executions.start

    def interrupt(*args: Any, **kwargs: Any) -> str:
        start(*args, **kwargs)
        raise KeyboardInterrupt

    terminal.executions.start = interrupt  # type: ignore[method-assign]  # stands for a call that was answered too late
    result = terminal.run("deploy", "dev", "v2", "--json")
    assert result.exit_code == 6
    assert "so it may run or not" in result.stderr
    assert f"Next: appdp status dev --deployment {data(result)['id']}" in result.stderr
    assert terminal.run("status", "dev", "--deployment", data(result)["id"]).exit_code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_takes_a_direct_deployment_back_as_ctrl_c_does(number: signal.Signals) -> None:
    terminal = at_release()
    before = signal.getsignal(number)

    def stop(now: int) -> None:
        if now == 5:
            signal.raise_signal(number)

    terminal.on_sleep = stop
    result = terminal.run("deploy", "dev", "v2", "--direct")
    assert result.exit_code == 4, result.stderr
    assert f"stopped by the user ({number.name})" in result.stderr
    assert terminal.account.release == "v1"
    assert terminal.lock is None
    assert signal.getsignal(number) == before


def test_ctrl_c_while_it_ends_says_that_it_ends() -> None:
    terminal = at_release()
    put = terminal.account.parameters.put
    interrupted: list[str] = []

    def interrupt(name: str, value: str) -> None:
        put(name, value)
        if name == release_parameter("shop", "dev") and not interrupted:
            interrupted.append(name)
            raise KeyboardInterrupt

    terminal.account.parameters.put = interrupt  # type: ignore[method-assign]  # interrupts the last write
    result = terminal.run("deploy", "dev", "v2", "--direct")
    assert result.exit_code == 0, result.stderr
    assert "It is ending already, in phase record." in result.stderr
    assert terminal.lock is None


def test_a_reader_who_went_away_does_not_break_a_deployment_off(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_release()
    told: list[str] = []

    def gone(text: str, **_: object) -> None:
        told.append(text)
        raise BrokenPipeError

    monkeypatch.setattr("click.secho", gone)
    assert terminal.run("deploy", "dev", "v2", "--direct").exit_code == 0
    assert told
    assert terminal.account.release == "v2"
    assert terminal.lock is None


def test_ctrl_c_stops_following_only() -> None:
    terminal = at_release()

    def interrupt(count: int) -> None:
        if count == 5:
            raise KeyboardInterrupt

    terminal.on_sleep = interrupt
    result = terminal.run("deploy", "dev", "v2")
    assert result.exit_code == 6
    assert "Stopped following. The deployment goes on." in result.stderr
    terminal.on_sleep = lambda count: None
    assert terminal.run("status", "dev", "--follow").exit_code == 0


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_ctrl_c_takes_a_direct_deployment_back(count: int) -> None:
    terminal = at_release()

    def interrupt(now: int) -> None:
        if now == count:
            raise KeyboardInterrupt

    terminal.on_sleep = interrupt
    result = terminal.run("deploy", "dev", "v2", "--direct")
    assert result.exit_code in (4, 8), result.stderr
    assert "Stopping: everything goes back" in result.stderr
    assert "stopped by the user (Ctrl-C)" in result.stderr
    assert terminal.account.release == "v1"
    assert terminal.account.runs("api") == terminal.account.digest("api", "v1")
    assert terminal.lock is None


def test_a_second_ctrl_c_leaves_it_for_the_next_deployment() -> None:
    terminal = at_release()

    def interrupt(count: int) -> None:
        if count in (6, 8):
            raise KeyboardInterrupt

    terminal.on_sleep = interrupt
    result = terminal.run("deploy", "dev", "v2", "--direct")
    assert result.exit_code == 5
    assert "nobody goes on with it" in result.stderr
    assert "in three minutes" in result.stderr
    assert terminal.lock is not None

    terminal.on_sleep = lambda count: None
    assert terminal.run("deploy", "dev", "v2", "--direct").exit_code == 8
    terminal.account.clock.sleep(200)
    assert terminal.run("deploy", "dev", "v2", "--direct").exit_code == 0
    assert terminal.account.release == "v2"
    assert terminal.lock is None
