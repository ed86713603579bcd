"""``appdp deploy``: plan, ask, start, follow, end."""

from __future__ import annotations

import pytest

from appdp.errors import CredentialsError, RemoteError, Throttled
from appdp.model.deployment import Owner
from appdp.model.handoff import environment_tag, lock_parameter
from appdp.model.lock import Lock
from tests.fakes.registry import Behaviour
from tests.unit.cli.terminal import ALICE, Terminal, at_release, data


def test_the_first_release() -> None:
    terminal = Terminal()
    terminal.account.publish("v1")
    result = terminal.run("deploy", "dev", "v1")
    assert result.exit_code == 0, result.stderr
    assert terminal.account.release == "v1"
    assert terminal.lock is None
    assert result.stdout == ""
    assert "shop/dev: nothing yet → v1" in result.stderr
    assert "Done: dev runs v1." in result.stderr
    assert "Next: appdp status dev; to go back: appdp rollback dev" in result.stderr


def test_the_next_release_tells_its_story_once() -> None:
    terminal = at_release()
    result = terminal.run("deploy", "dev", "v2")
    assert result.exit_code == 0, result.stderr
    assert terminal.account.release == "v2"
    assert result.stderr.count("going from v1 to v2") == 1
    assert "Started deployment" in result.stderr


def test_the_state_machine_gets_the_request_and_who_asked() -> None:
    terminal = at_release()
    terminal.run("deploy", "dev", "v2", "--no-wait")
    (run,) = terminal.executions.runs.values()
    assert run.event["request"]["release"] == "v2"
    assert run.event["request"]["id"] == run.name
    assert run.event["requested_by"] == ALICE


def test_json_says_how_it_ended() -> None:
    terminal = at_release()
    result = terminal.run("deploy", "dev", "v2", "--json")
    found = data(result)
    assert found["outcome"] == "succeeded"
    assert found["exit_code"] == 0
    assert found["release"] == "v2"
    assert found["deployment"]["previous"] == "v1"
    assert found["execution"].endswith(found["id"])
    assert "log" not in found["deployment"]


@pytest.mark.parametrize("how", [(), ("--direct",)])
def test_a_broken_release_is_returned_with_the_reason(how: tuple[str, ...]) -> None:
    terminal = at_release()
    terminal.account.publish("v3", broken={"api": Behaviour.EXITS})
    result = terminal.run("deploy", "dev", "v3", *how)
    assert result.exit_code == 4, result.stderr
    assert "Rolled back: dev runs v1 again, as before." in result.stderr
    assert "api: " in result.stderr
    assert "exited with code" in result.stderr
    assert terminal.account.release == "v1"
    assert terminal.lock is None


def test_direct_runs_without_a_state_machine() -> None:
    terminal = at_release()
    result = terminal.run("deploy", "dev", "v2", "--direct")
    assert result.exit_code == 0, result.stderr
    assert terminal.executions.runs == {}
    assert terminal.account.release == "v2"
    assert terminal.lock is None


@pytest.mark.parametrize("other", [("--no-wait",), ("--timeout", "5m")])
def test_direct_cannot_go_on_alone(other: tuple[str, ...]) -> None:
    result = at_release().run("deploy", "dev", "v2", "--direct", *other)
    assert result.exit_code == 2
    assert "With --direct nobody else goes on" in result.stderr


def test_nothing_to_do() -> None:
    terminal = at_release()
    result = terminal.run("deploy", "dev", "v1", "--json")
    assert result.exit_code == 3
    assert data(result)["outcome"] == "nothing_to_do"
    assert terminal.executions.runs == {}


def test_a_dry_run_prints_the_plan_and_changes_nothing() -> None:
    terminal = at_release()
    terminal.account.publish("v3", same={"worker": "v1"})
    before = dict(terminal.account.parameters.values)
    result = terminal.run("deploy", "dev", "v3", "--dry-run")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "shop/dev: v1 → v3"
    assert lines[1].split(maxsplit=3) == ["api", "blue_green", "changes", "api changed"]
    assert lines[3].split(maxsplit=3) == ["worker", "rolling", "stays", "it already runs the images of v3"]
    assert "nothing was changed" in result.stderr
    assert terminal.account.parameters.values == before
    assert terminal.executions.runs == {}


def test_a_dry_run_as_json() -> None:
    found = data(at_release().run("deploy", "dev", "v2", "--dry-run", "--json"))
    assert found["changes"] is True
    assert [service["name"] for service in found["services"]] == ["api", "storefront", "worker"]


def test_a_dry_run_of_nothing() -> None:
    assert at_release().run("deploy", "dev", "v1", "--dry-run").exit_code == 3


def test_a_protected_environment_needs_yes_where_nobody_can_be_asked() -> None:
    terminal = at_release()
    terminal.protect()
    refused = terminal.run("deploy", "dev", "v2")
    assert refused.exit_code == 2
    assert "Add --yes if this is meant." in refused.stderr
    assert terminal.executions.runs == {}
    assert terminal.run("deploy", "dev", "v2", "--yes").exit_code == 0


@pytest.mark.parametrize(("typed", "exit_code", "release"), [("n\n", 2, "v1"), ("y\n", 0, "v2")])
def test_a_protected_environment_asks(typed: str, exit_code: int, release: str) -> None:
    terminal = at_release()
    terminal.protect()
    terminal.interactive = True
    result = terminal.run("deploy", "dev", "v2", typed=typed)
    assert result.exit_code == exit_code
    assert "is protected. Go on?" in result.stderr
    assert terminal.account.release == release


def test_no_wait_starts_and_says_how_to_follow() -> None:
    terminal = at_release()
    result = terminal.run("deploy", "dev", "v2", "--no-wait", "--json")
    assert result.exit_code == 0
    assert data(result)["outcome"] == "started"
    assert f"Next: appdp status dev --deployment {data(result)['id']}\n" in result.stderr


def test_the_next_command_repeats_the_account_that_was_given() -> None:
    terminal = at_release()
    words = ("--app", "shop", "--profile", "my account", "--region", "eu-west-1")
    result = terminal.run("deploy", "dev", "v2", *words)
    given = "--app shop --profile 'my account' --region eu-west-1"
    assert f"Next: appdp status dev {given}; to go back: appdp rollback dev {given}\n" in result.stderr


@pytest.mark.parametrize("how", [(), ("--direct",)])
def test_an_environment_tag_that_moved_or_is_gone_is_put_right(how: tuple[str, ...]) -> None:
    terminal = at_release()
    registry, tag = terminal.account.registry, environment_tag("dev")
    registry.move_tag("", "", "shop/api", digest=str(terminal.account.digest("api", "v2")), tag=tag)
    registry.forget("shop/worker", tag)

    planned = terminal.run("deploy", "dev", "v1", "--dry-run")
    assert planned.exit_code == 0
    assert "tag env-dev of api, worker does not name the recorded release" in planned.stdout
    assert data(terminal.run("deploy", "dev", "v1", "--dry-run", "--json"))["wrong_tags"] == ["api", "worker"]
    assert "tag env-dev of api, worker does not name" in terminal.run("status", "dev").stdout
    assert data(terminal.run("status", "dev", "--json"))["wrong_tags"] == ["api", "worker"]

    deployed = terminal.run("deploy", "dev", "v1", *how)
    assert deployed.exit_code == 0, deployed.stderr
    for image in terminal.account.images:
        assert registry.tag(f"shop/{image}", tag) == terminal.account.digest(image, "v1")
    assert terminal.run("deploy", "dev", "v1").exit_code == 3


def test_giving_up_leaves_it_running_and_status_follows_it_to_its_end() -> None:
    terminal = at_release()
    result = terminal.run("deploy", "dev", "v2", "--timeout", "6s")
    assert result.exit_code == 6
    assert "The deployment goes on." in result.stderr
    assert terminal.account.release == "v1"
    followed = terminal.run("status", "dev", "--follow", "--json")
    assert followed.exit_code == 0, followed.stderr
    assert data(followed)["outcome"] == "succeeded"
    assert terminal.account.release == "v2"


def test_an_execution_that_was_stopped_by_somebody_needs_a_human() -> None:
    terminal = at_release()

    def abort(count: int) -> None:
        if count == 5:
            terminal.executions.abort(next(iter(terminal.executions.runs)))

    terminal.on_sleep = abort
    result = terminal.run("deploy", "dev", "v2")
    assert result.exit_code == 5
    assert "The state machine ended with ABORTED before the deployment did." in result.stderr
    assert "the next deployment takes over" in result.stderr

    assert terminal.run("deploy", "dev", "v2").exit_code == 0
    assert terminal.account.release == "v2"


def test_following_survives_errors_that_pass() -> None:
    terminal = at_release()
    terminal.executions.failures = [Throttled("slow down"), RemoteError("no answer")]
    assert terminal.run("deploy", "dev", "v2").exit_code == 0


@pytest.mark.parametrize(
    "error", [CredentialsError("expired", hint="Log in."), RemoteError("denied", code="AccessDeniedException")]
)
def test_not_being_able_to_look_does_not_stop_the_deployment(error: RemoteError) -> None:
    terminal = at_release()
    terminal.executions.failures = [error]
    result = terminal.run("deploy", "dev", "v2")
    assert result.exit_code == 9
    assert "The deployment goes on, but it cannot be followed." in result.stderr
    (run,) = terminal.executions.runs.values()
    assert terminal.run("status", "dev", "--deployment", run.name).exit_code == 0
    assert terminal.run("status", "dev", "--deployment", run.name).exit_code == 0, "also when it has ended"


def test_a_lock_that_is_held_names_its_owner() -> None:
    terminal = at_release()
    owner = Owner(execution=None, requested_by="arn:bob")
    lock = Lock(deployment="other", owner=owner, renewed_at=terminal.account.clock.now())
    terminal.account.parameters.put(lock_parameter("shop", "dev"), lock.to_json())
    result = terminal.run("deploy", "dev", "v2")
    assert result.exit_code == 8
    assert "arn:bob" in result.stderr
    assert terminal.executions.runs == {}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("deploy", "prod", "v2"), "There are: dev."),
        (("deploy", "dev", "v9"), "There are: v2, v1."),
        (("deploy", "dev", "env-dev"), "is not a release"),
        (("deploy", "Dev!", "v2"), "is not a name"),
        (("deploy", "dev", "v2", "--app", "blog"), "No environment is called 'dev'"),
        (("deploy", "dev", "v2", "--timeout", "soon"), "is not a length of time"),
    ],
)
def test_what_does_not_exist_is_told_with_what_does(args: tuple[str, ...], words: str) -> None:
    terminal = at_release()
    result = terminal.run(*args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert terminal.executions.runs == {}


def test_an_alarm_that_is_red_already_is_refused_unless_it_is_ignored() -> None:
    terminal = at_release()
    terminal.account.service("api").alarms = ("api-5xx",)
    terminal.account.alarms.red.add("api-5xx")
    refused = terminal.run("deploy", "dev", "v2")
    assert refused.exit_code == 8
    assert "api-5xx is in ALARM" in refused.stderr
    assert "--ignore-alarms" in refused.stderr
    assert terminal.executions.runs == {}
    assert "api: api-5xx in ALARM" in terminal.run("deploy", "dev", "v2", "--ignore-alarms").stderr
    assert terminal.account.release == "v2"
