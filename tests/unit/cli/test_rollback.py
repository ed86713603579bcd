"""``appdp rollback``."""

from __future__ import annotations

from tests.unit.cli.terminal import at_release, data


def test_back_to_the_last_good_release() -> None:
    terminal = at_release()
    assert terminal.run("deploy", "dev", "v2").exit_code == 0
    result = terminal.run("rollback", "dev", "--json")
    assert result.exit_code == 0, result.stderr
    assert "shop/dev: v2 → v1" in result.stderr
    assert data(result)["release"] == "v1"
    assert terminal.account.release == "v1"


def test_back_to_a_release_by_name() -> None:
    terminal = at_release()
    for release in ("v2", "v3"):
        terminal.account.publish(release)
        assert terminal.run("deploy", "dev", release).exit_code == 0
    assert terminal.run("rollback", "dev", "v1", "--direct").exit_code == 0
    assert terminal.account.release == "v1"


def test_the_execution_is_told_the_release_that_the_plan_found() -> None:
    terminal = at_release()
    terminal.run("deploy", "dev", "v2")
    terminal.run("rollback", "dev", "--no-wait")
    *_, run = terminal.executions.runs.values()
    assert run.event["request"]["release"] == "v1"
    assert run.event["request"]["rollback"] is True


def test_a_release_whose_rollback_needs_jobs_is_left_only_with_a_decision() -> None:
    terminal = at_release()
    terminal.account.add_job("migrate")
    assert terminal.run("deploy", "dev", "v2", "--rollback-needs-jobs").exit_code == 0
    assert data(terminal.run("history", "dev", "--json"))[0]["rollback_needs_jobs"] is True
    refused = terminal.run("rollback", "dev")
    assert refused.exit_code == 8
    assert "leaves v2, deployed with --rollback-needs-jobs" in refused.stderr
    assert terminal.account.release == "v2"
    done = terminal.run("rollback", "dev", "--with-jobs")
    assert done.exit_code == 0, done.stderr
    assert len(terminal.account.jobs.ran("migrate")) == 2
    assert terminal.account.release == "v1"


def test_there_is_nothing_to_go_back_to() -> None:
    result = at_release().run("rollback", "dev")
    assert result.exit_code == 2
    assert "Name the release: appdp rollback dev RELEASE." in result.stderr
