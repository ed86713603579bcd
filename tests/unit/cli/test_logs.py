"""``appdp logs``."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.terminal import Terminal, at_release

GROUP = "/appdp/shop/dev"


def said(terminal: Terminal, *lines: tuple[str, float, str]) -> None:
    """(service, seconds ago, line), each by a task of its own."""
    now = terminal.account.clock.now()
    for service, ago, text in lines:
        terminal.log_events.say(GROUP, f"{service}/{service}/0123456789{service}", now - ago, text)


def test_what_all_services_said_in_the_order_of_time() -> None:
    terminal = at_release()
    said(terminal, ("api", 20, "first"), ("worker", 30, "before it"), ("api", 700, "long ago"))
    result = terminal.run("logs", "dev")
    assert result.exit_code == 0, result.stderr
    assert [line.split("  ", 1)[1] for line in result.stdout.splitlines()] == [
        "worker 01234567  before it",
        "api 01234567  first",
    ]
    assert f"api: container api, log group {GROUP}" in result.stderr


def test_one_service_further_back_as_json() -> None:
    terminal = at_release()
    said(terminal, ("api", 20, "first"), ("worker", 30, "before it"), ("api", 700, "long ago"))
    result = terminal.run("logs", "dev", "api", "--since", "1h", "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["service"], line["message"]) for line in lines] == [("api", "long ago"), ("api", "first")]
    assert lines[0]["task"] == "0123456789api"
    assert {(group, prefix) for group, prefix, _ in terminal.log_events.asked} == {(GROUP, "api/api/")}


def test_following_prints_each_line_once_also_one_that_comes_late() -> None:
    terminal = at_release()
    said(terminal, ("api", 5, "one"))

    def goes_on(count: int) -> None:
        if count == 1:
            said(terminal, ("api", 0, "three"), ("api", 10, "two, late"))
        if count == 3:
            terminal.account.clock.jump(300)
            said(terminal, ("api", 0, "four"), ("api", 200, "far too late"))
        if count == 5:
            raise KeyboardInterrupt

    terminal.on_sleep = goes_on
    result = terminal.run("logs", "dev", "api", "--follow")
    assert result.exit_code == 0, result.stderr
    assert [line.rsplit("  ", 1)[1] for line in result.stdout.splitlines()] == [
        "one",
        "two, late",
        "three",
        "far too late",
        "four",
    ]
    # What is known is not asked for again and again.
    asked = [at for _, _, at in terminal.log_events.asked]
    assert asked == sorted(asked)
    assert asked[-1] - asked[0] > 500


def test_ctrl_c_before_the_first_line() -> None:
    terminal = at_release()

    def interrupt(group: str, prefix: str, at: float) -> None:
        raise KeyboardInterrupt

    terminal.log_events.since = interrupt  # type: ignore[method-assign,assignment]  # stands for a slow call
    assert terminal.run("logs", "dev").exit_code == 130
    assert terminal.run("logs", "dev", "--follow").exit_code == 0


def test_containers_that_log_elsewhere() -> None:
    terminal = at_release()
    for definition in terminal.account.definitions.stored.values():
        for container in definition["containerDefinitions"]:
            container["logConfiguration"] = {"logDriver": "awsfirelens", "options": {"awslogs-group": "no"}}
    result = terminal.run("logs", "dev")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No container there logs with awslogs" in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("prod",), "There are: dev."),
        (("dev", "db"), "No service is called 'db'. There are: api, storefront, worker."),
        (("dev", "--since", "soon"), "write 90, 90s, 30m or 2h"),
    ],
)
def test_names_that_are_wrong(args: tuple[str, ...], words: str) -> None:
    result = at_release().run("logs", *args)
    assert result.exit_code == 2
    assert words in result.stderr
