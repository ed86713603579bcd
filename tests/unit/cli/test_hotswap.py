"""``appdp hotswap``."""

from __future__ import annotations

from pathlib import Path

import pytest

from appdp.errors import CredentialsError, RemoteError
from appdp.model.hotswap import BuildRecipe
from appdp.model.lock import Lock
from tests.fakes.builder import allow_hotswaps
from tests.fakes.interruptions import Interruptions
from tests.fakes.registry import Behaviour
from tests.unit.cli.terminal import ALICE, Terminal, at_release, data


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An application's repository."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


@pytest.fixture
def terminal() -> Terminal:
    """In front of an environment that is marked."""
    terminal = at_release()
    allow_hotswaps(terminal.account)
    return terminal


def nothing_changed(terminal: Terminal) -> bool:
    """Nothing was built, registered or replaced, and nobody holds the lock."""
    return not terminal.builder.orders and not terminal.account.definitions.registered and terminal.lock is None


def answer(terminal: Terminal, error: BaseException, call: str, *, times: int) -> None:
    """Let AWS answer the next calls of this name with an error."""
    left = times

    def before(number: int, name: str) -> None:
        nonlocal left
        if name == call and left > 0:
            left -= 1
            raise error

    terminal.account.ports = Interruptions(before=before).around(terminal.account.ports)


def test_others_see_that_it_is_under_way_and_cannot_stop_it(terminal: Terminal, source: Path) -> None:
    seen: list[str] = []

    def look(count: int) -> None:
        if count == 2:
            seen.append(terminal.run("status", "dev").stdout)
            stop = terminal.run("stop", "dev", "--yes")
            seen.append(f"{stop.exit_code} {stop.stderr}")

    terminal.on_sleep = look
    assert terminal.run("hotswap", "dev", "worker", "--source", str(source)).exit_code == 0
    status, stop = seen
    assert "-hotswap-worker-" in status
    assert "in a process (hotswap) that was alive at" in status
    assert stop.startswith("8 Error: A hot swap is under way")
    assert "appdp deploy dev RELEASE" in stop


def test_one_command_builds_pushes_and_replaces(terminal: Terminal, source: Path) -> None:
    result = terminal.run("hotswap", "dev", "api", "--source", str(source))
    assert result.exit_code == 0, result.stderr
    (order,) = terminal.builder.orders
    assert (order.source, order.platform) == (source, "linux/arm64")
    assert terminal.account.runs("api") == terminal.account.registry.tag("shop/api", order.tag)
    assert result.stdout == ""
    for words in (
        "shop/dev: api leaves v1 until the next deployment",
        f"image api is built with {source}/Dockerfile for linux/arm64",
        f"it replaces {terminal.account.digest('api', 'v1')} in api",
        f"Built and pushed {order.tag}, sha256:",
        "asked ECS to bring its green up",
        "all traffic is on its green; its blue stands by",
        f"Done: api runs {order.tag}; the release of dev is still v1. Its old tasks stand by until the bake time",
        "Next: appdp deploy dev v1 puts order back",
    ):
        assert words in result.stderr
    assert "gate is shut" not in result.stderr
    assert terminal.lock is None


def test_what_json_says(terminal: Terminal, source: Path) -> None:
    result = terminal.run("hotswap", "dev", "worker", "--source", str(source), "--json")
    assert result.exit_code == 0, result.stderr
    found = data(result)
    (order,) = terminal.builder.orders
    assert (found["outcome"], found["exit_code"], found["reason"]) == ("succeeded", 0, "")
    assert (found["tag"], found["service"], found["release"]) == (order.tag, "worker", "v1")
    assert found["digest"] == terminal.account.runs("worker")
    assert found["source"] == str(source)


def test_dry_run(terminal: Terminal, source: Path) -> None:
    result = terminal.run("hotswap", "dev", "api", "--source", str(source), "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert f"image api is built with {source}/Dockerfile" in result.stdout
    assert "Dry run: nothing was built or replaced." in result.stderr
    assert data(terminal.run("hotswap", "dev", "api", "--source", str(source), "--dry-run", "--json"))["image"] == "api"
    assert nothing_changed(terminal)


def test_new_tasks_that_do_not_come_up(terminal: Terminal, source: Path) -> None:
    terminal.builder.behaviour = Behaviour.EXITS
    result = terminal.run("hotswap", "dev", "api", "--source", str(source), "--json")
    assert result.exit_code == 4
    assert "Rolled back: api runs what it ran before." in result.stderr
    assert "no such table: carts" in result.stderr
    found = data(result)
    assert (found["outcome"], found["exit_code"]) == ("rolled_back", 4)
    assert "no such table: carts" in found["reason"]
    assert terminal.account.runs("api") == terminal.account.digest("api", "v1")
    assert terminal.lock is None


def test_a_service_that_cannot_go_back(terminal: Terminal, source: Path) -> None:
    terminal.builder.behaviour = Behaviour.EXITS
    terminal.account.service("api").rollback_fails = True
    result = terminal.run("hotswap", "dev", "api", "--source", str(source))
    assert result.exit_code == 5
    assert "Failed: api needs a human." in result.stderr
    assert "Next: appdp status dev" in result.stderr


def test_giving_up_leaves_ecs_to_it_and_the_lock_to_others(terminal: Terminal, source: Path) -> None:
    terminal.builder.behaviour = Behaviour.NEVER_STARTS
    result = terminal.run("hotswap", "dev", "api", "--source", str(source), "--timeout", "20s", "--json")
    assert result.exit_code == 6
    assert "The time to wait is over. ECS goes on replacing the tasks of api." in result.stderr
    assert data(result)["outcome"] == "still_running"
    assert terminal.account.service("api").rollout is not None
    assert terminal.lock is None


def test_ctrl_c_while_ecs_works(terminal: Terminal, source: Path) -> None:
    terminal.builder.behaviour = Behaviour.NEVER_STARTS

    def interrupt(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    terminal.on_sleep = interrupt
    result = terminal.run("hotswap", "dev", "api", "--source", str(source))
    assert result.exit_code == 6
    assert "Stopped waiting. ECS goes on replacing the tasks of api." in result.stderr
    assert terminal.account.service("api").rollout is not None
    assert terminal.lock is None


def test_ctrl_c_before_ecs_was_asked(terminal: Terminal, source: Path) -> None:
    answer(terminal, KeyboardInterrupt(), "services.update", times=1)
    result = terminal.run("hotswap", "dev", "api", "--source", str(source))
    assert result.exit_code == 6
    assert "Stopped waiting. api may not be replaced yet." in result.stderr
    assert terminal.account.service("api").rollout is None
    assert terminal.lock is None


def test_ctrl_c_on_the_way_back(terminal: Terminal, source: Path) -> None:
    terminal.builder.behaviour = Behaviour.EXITS

    def interrupt(count: int) -> None:
        rollout = terminal.account.service("api").rollout
        if rollout is not None and rollout.status.name.startswith(("STOP", "ROLLBACK")):
            raise KeyboardInterrupt

    terminal.on_sleep = interrupt
    result = terminal.run("hotswap", "dev", "api", "--source", str(source))
    assert result.exit_code == 6
    assert "ECS goes on taking api back to what it ran before." in result.stderr


def test_ctrl_c_while_it_builds(terminal: Terminal, source: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    terminal.builder.during = interrupt
    result = terminal.run("hotswap", "dev", "api", "--source", str(source))
    assert result.exit_code == 130
    assert "Interrupted: nothing was changed." in result.stderr
    assert not terminal.account.definitions.registered
    assert terminal.lock is None


def test_the_lock_names_who_swaps(terminal: Terminal, source: Path) -> None:
    seen: list[Lock] = []

    def look(count: int) -> None:
        if terminal.lock is not None:
            seen.append(Lock.from_json(terminal.lock))

    terminal.on_sleep = look
    assert terminal.run("hotswap", "dev", "worker", "--source", str(source)).exit_code == 0
    assert seen[0].owner.requested_by == ALICE
    assert "hotswap-worker" in seen[0].deployment


def test_aws_that_does_not_answer_for_a_while(terminal: Terminal, source: Path) -> None:
    answer(terminal, RemoteError("no answer", code="ServerException"), "services.deployments", times=3)
    result = terminal.run("hotswap", "dev", "api", "--source", str(source))
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    "error",
    [CredentialsError("expired", code="ExpiredTokenException"), RemoteError("no answer", code="ServerException")],
    ids=["expired credentials", "no answer for minutes"],
)
def test_aws_that_does_not_answer_any_more(terminal: Terminal, source: Path, error: RemoteError) -> None:
    answer(terminal, error, "services.deployments", times=10_000)
    result = terminal.run("hotswap", "dev", "api", "--source", str(source))
    assert result.exit_code == 9
    assert "What becomes of api is ECS's affair now. Look: appdp status dev" in result.stderr
    assert result.stderr.count("Error: ") == 1
    assert terminal.lock is None


def test_a_lock_that_cannot_be_deleted(terminal: Terminal, source: Path) -> None:
    answer(terminal, RemoteError("denied", code="AccessDeniedException"), "parameters.delete", times=10_000)
    result = terminal.run("hotswap", "dev", "worker", "--source", str(source))
    assert result.exit_code == 0, result.stderr
    assert "The lock could not be deleted, and ends by itself in three minutes: denied" in result.stderr


def test_an_image_whose_build_needs_secrets(terminal: Terminal, source: Path) -> None:
    allow_hotswaps(terminal.account, api=BuildRecipe(secrets=("gems", "npm")))
    result = terminal.run("hotswap", "dev", "api", "--source", str(source), "--dry-run")
    assert "built without its secrets (gems, npm)" in result.stderr


def test_the_sources_are_looked_for_before_anything_else(terminal: Terminal, tmp_path: Path) -> None:
    allow_hotswaps(terminal.account, api=BuildRecipe(context="services/api"))
    result = terminal.run("hotswap", "dev", "api", "--source", str(tmp_path))
    assert result.exit_code == 2
    assert f"there is no directory {tmp_path}/services/api" in result.stderr
    assert nothing_changed(terminal)
    nowhere = terminal.run("hotswap", "dev", "api", "--source", str(tmp_path / "nowhere"))
    assert nowhere.exit_code == 2
    assert "does not exist" in nowhere.stderr


def test_an_environment_that_is_not_marked(source: Path) -> None:
    terminal = at_release()
    result = terminal.run("hotswap", "dev", "api", "--source", str(source))
    assert result.exit_code == 8
    assert "not marked for hot swaps" in result.stderr
    assert "Deployer(..., hotswap=True)" in result.stderr
    assert nothing_changed(terminal)
