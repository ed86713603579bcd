"""``appdp run``."""

from __future__ import annotations

import pytest

from tests.fakes.jobs import JobBehaviour
from tests.unit.cli.terminal import Terminal, at_release, data

FAMILY = "shop-dev-migrate"


@pytest.fixture
def terminal() -> Terminal:
    """With a job, whose task says two lines."""
    terminal = at_release()
    terminal.account.add_job("migrate", timeout_seconds=120)
    terminal.on_sleep = lambda count: talk(terminal, count)
    return terminal


def talk(terminal: Terminal, count: int) -> None:
    for task in terminal.account.jobs.started.values():
        if count <= 2:
            stream = f"migrate/main/{task.arn.rsplit('/', 1)[-1]}"
            terminal.log_events.say("/appdp/shop/dev", stream, terminal.account.clock.now(), f"line {count}")


def test_it_runs_with_the_released_images_and_prints_what_it_says(terminal: Terminal) -> None:
    result = terminal.run("run", "dev", "migrate")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "line 1\nline 2\n"
    assert "with release v1: its own command" in result.stderr
    assert "Job migrate succeeded." in result.stderr
    (task,) = terminal.account.jobs.ran("migrate")
    assert task.image.endswith(f"@{terminal.account.digest('api', 'v1')}")
    assert "overrides" not in task.request
    assert task.request["startedBy"] == "appdp-run/shop/dev"


def test_another_command(terminal: Terminal) -> None:
    result = terminal.run("run", "dev", "migrate", "--", "rake", "db:rollback", "--trace")
    assert result.exit_code == 0, result.stderr
    (task,) = terminal.account.jobs.ran("migrate")
    assert task.request["overrides"] == {
        "containerOverrides": [{"name": "main", "command": ["rake", "db:rollback", "--trace"]}]
    }
    assert "rake db:rollback --trace" in result.stderr


def test_each_run_is_a_task_of_its_own(terminal: Terminal) -> None:
    for _ in range(2):
        assert terminal.run("run", "dev", "migrate").exit_code == 0
    assert len(terminal.account.jobs.ran("migrate")) == 2


def test_a_failure_says_the_exit_code(terminal: Terminal) -> None:
    terminal.account.jobs.behaves[FAMILY] = JobBehaviour(exit_code=9)
    result = terminal.run("run", "dev", "migrate", "--json")
    assert result.exit_code == 5
    found = data(result)
    assert (found["outcome"], found["container_exit_code"], found["exit_code"]) == ("failed", 9, 5)
    assert (found["job"], found["release"]) == ("migrate", "v1")
    assert "line 1" in result.stderr
    assert "failed with exit code 9: Essential container in task exited" in result.stderr


def test_one_that_never_started_says_why(terminal: Terminal) -> None:
    terminal.account.jobs.behaves[FAMILY] = JobBehaviour(exit_code=None)
    result = terminal.run("run", "dev", "migrate")
    assert result.exit_code == 5
    assert "without an exit code: CannotPullContainerError" in result.stderr


def test_giving_up_leaves_the_task_running(terminal: Terminal) -> None:
    terminal.account.jobs.behaves[FAMILY] = JobBehaviour(seconds=5000)
    result = terminal.run("run", "dev", "migrate", "--timeout", "10s")
    assert result.exit_code == 6
    assert "aws ecs stop-task --cluster" in result.stderr
    (task,) = terminal.account.jobs.ran("migrate")
    assert not task.stopped


def test_the_jobs_own_limit_stops_it(terminal: Terminal) -> None:
    terminal.account.jobs.behaves[FAMILY] = JobBehaviour(seconds=5000)
    result = terminal.run("run", "dev", "migrate")
    assert result.exit_code == 5
    assert "did not end within 120 s" in result.stderr
    (task,) = terminal.account.jobs.ran("migrate")
    assert task.stopped == "appdp run: it did not end within 120 s"


def test_ctrl_c_stops_it(terminal: Terminal) -> None:
    terminal.account.jobs.behaves[FAMILY] = JobBehaviour(seconds=5000)

    def interrupt(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    terminal.on_sleep = interrupt
    result = terminal.run("run", "dev", "migrate")
    assert result.exit_code == 5
    (task,) = terminal.account.jobs.ran("migrate")
    assert task.stopped == "appdp run: it was interrupted"


def test_a_task_that_ecs_forgot(terminal: Terminal) -> None:
    terminal.account.jobs.list_lag_seconds = 10_000
    result = terminal.run("run", "dev", "migrate")
    assert result.exit_code == 5
    assert "ECS does not know the task" in result.stderr


def test_dry_run_starts_nothing(terminal: Terminal) -> None:
    result = terminal.run("run", "dev", "migrate", "--dry-run", "--json", "--", "ls")
    assert result.exit_code == 0, result.stderr
    assert data(result)["command"] == ["ls"]
    assert not terminal.account.jobs.started
    assert not terminal.account.definitions.registered
    assert "@sha256:" in terminal.run("run", "dev", "migrate", "--dry-run").stdout


def test_an_unknown_job_lists_what_exists(terminal: Terminal) -> None:
    result = terminal.run("run", "dev", "nope")
    assert result.exit_code == 2
    assert "No job is called 'nope'. There are: migrate." in result.stderr
    assert not terminal.account.jobs.started


def test_without_a_release_there_is_no_image() -> None:
    terminal = Terminal()
    terminal.account.add_job("migrate")
    result = terminal.run("run", "dev", "migrate")
    assert result.exit_code == 8
    assert "has no release yet" in result.stderr


def test_a_protected_environment_asks(terminal: Terminal) -> None:
    terminal.protect()
    refused = terminal.run("run", "dev", "migrate")
    assert refused.exit_code == 2
    assert not terminal.account.jobs.started
    assert terminal.run("run", "dev", "migrate", "--yes").exit_code == 0


def test_a_container_without_awslogs_says_so(terminal: Terminal) -> None:
    for definition in terminal.account.definitions.stored.values():
        for container in definition["containerDefinitions"]:
            container.pop("logConfiguration", None)
    result = terminal.run("run", "dev", "migrate")
    assert result.exit_code == 0, result.stderr
    assert "does not log with awslogs" in result.stderr
