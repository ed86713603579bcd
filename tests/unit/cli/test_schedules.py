"""Schedules in what the verbs show."""

from __future__ import annotations

from tests.fakes.scheduled import scheduled_aws
from tests.fakes.schedules import GROUP
from tests.unit.cli.terminal import Terminal, data


def at(release: str | None = "r1") -> Terminal:
    return Terminal(account=scheduled_aws(release=release))


def test_status_shows_what_schedules_run() -> None:
    terminal = at()
    lines = terminal.run("status", "dev").stdout.splitlines()
    assert "  report    cron(0 9 * * ? *) Europe/Berlin  on  released" in lines
    account = terminal.account
    stale = account.definitions.stored[account.schedules.target("report")]["containerDefinitions"][0]
    stale["image"] = stale["image"].replace(":env-dev", f"@{account.digest('report', 'r2')}")
    account.schedules.stored[(GROUP, "report")]["State"] = "DISABLED"
    del account.schedules.stored[(GROUP, "mailing")]
    found = data(terminal.run("status", "dev", "--json"))["schedules"]
    assert [(one["name"], one["enabled"], one["released"]) for one in found] == [
        ("mailing", False, None),
        ("report", False, False),
    ]
    shown = terminal.run("status", "dev").stdout
    assert "its next task does not run the release" in shown
    assert "the schedule does not exist any more" in shown


def test_before_the_first_release_they_are_off() -> None:
    found = data(at(None).run("status", "dev", "--json"))["schedules"]
    assert [(one["enabled"], one["released"]) for one in found] == [(False, None)] * 2


def test_diff_shows_what_a_deployment_then_registers() -> None:
    terminal = at()
    result = terminal.run("diff", "dev", "r2")
    assert result.exit_code == 1
    assert "--- report: shop-dev-report:1 (runs now)" in result.stdout.splitlines()
    assert "report      differs  report changed" in result.stderr
    found = data(terminal.run("diff", "dev", "r2", "--json"))
    assert terminal.run("deploy", "dev", "r2").exit_code == 0
    after = [one["after"] for one in (*found["services"], *found["schedules"])]
    assert sorted(after, key=str) == sorted(terminal.account.definitions.registered, key=str)
    assert data(terminal.run("diff", "dev", "r2", "--json"))["differs"] is False


def test_diff_before_the_first_release_is_against_nothing() -> None:
    found = data(at(None).run("diff", "dev", "r1", "--json"))["schedules"]
    assert [(one["before"], one["deployed"]) for one in found] == [(None, True)] * 2


def test_a_dry_run_shows_what_becomes_of_them() -> None:
    terminal = at()
    terminal.account.publish("r3", same={"api": "r1", "worker": "r1", "storefront": "r1"})
    result = terminal.run("deploy", "dev", "r3", "--dry-run")
    assert result.exit_code == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["report", "schedule", "changes", "report", "changed"] in lines
    assert ["mailing", "schedule", "stays", "it", "already", "runs", "the", "images", "of", "r3"] in lines
