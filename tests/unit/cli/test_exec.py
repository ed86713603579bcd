"""``appdp exec``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from appdp.engine.live import DeploymentStatus
from tests.unit.aws.server import environment, serving
from tests.unit.cli.cloud import Cloud
from tests.unit.cli.session_plugin import SessionPlugin, install, write
from tests.unit.cli.terminal import Terminal, at_release


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SessionPlugin:
    return install(tmp_path, monkeypatch)


def ids(terminal: Terminal, service: str) -> list[str]:
    """The tasks of a service, oldest first."""
    tasks = [task for task in terminal.account.service(service).tasks if task.status == "RUNNING"]
    return [task.arn.rpartition("/")[2] for task in sorted(tasks, key=lambda task: task.started_at or 0)]


def test_a_shell_in_the_newest_task(plugin: SessionPlugin) -> None:
    terminal = at_release()
    tasks = terminal.account.service("api").tasks
    tasks[0].started_at = (tasks[0].started_at or 0) + 100
    newest = ids(terminal, "api")[-1]
    result = terminal.run("exec", "dev", "api")
    assert result.exit_code == 0, result.stderr
    assert terminal.shells.opened == [(newest, "api", "/bin/sh")]
    assert f"api: container api of task {newest}" in result.stderr
    (call,) = plugin.calls
    assert json.loads(call[0]) == {"sessionId": "s1", "streamUrl": "wss://127.0.0.1:1/s1", "tokenValue": "secret"}
    assert call[1:4] == ["us-east-1", "StartSession", ""]
    assert json.loads(call[4]) == {"Target": f"ecs:shop_{newest}_runtime-of-api"}
    assert call[5] == "http://127.0.0.1:1"


def test_a_command_in_a_chosen_task_and_container(plugin: SessionPlugin) -> None:
    terminal = at_release()
    first = ids(terminal, "api")[0]
    result = terminal.run(
        "exec", "dev", "api", "--task", first, "--container", "sidecar", "--profile", "p", "--", "ls", "-l", "a b"
    )
    assert result.exit_code == 0, result.stderr
    assert terminal.shells.opened == [(first, "sidecar", "ls -l 'a b'")]
    assert plugin.calls[0][3] == "p"


def test_while_a_release_comes_up_the_released_tasks_are_meant(plugin: SessionPlugin) -> None:
    terminal = at_release()
    before = ids(terminal, "api")
    service = terminal.account.service("api")
    arn = terminal.account.definitions.add(dict(terminal.account.definitions.read(service.task_definition)))
    terminal.account.services.update(service.cluster, service.arn, task_definition=arn)
    terminal.account.clock.sleep(8)
    assert service.rollout is not None
    assert service.rollout.status is DeploymentStatus.IN_PROGRESS
    assert len(ids(terminal, "api")) > len(before)
    result = terminal.run("exec", "dev", "api")
    assert result.exit_code == 0, result.stderr
    assert terminal.shells.opened[0][0] in before

    # And when none of them is left: those that run are named.
    for task in service.tasks:
        if task.arn.rpartition("/")[2] in before:
            task.stop("killed", None)
    result = terminal.run("exec", "dev", "api")
    assert result.exit_code == 8
    assert "which is released, is running; those that run are" in result.stderr
    assert "--task" in result.stderr


def test_tasks_that_take_no_commands(plugin: SessionPlugin) -> None:
    cases: list[tuple[bool, tuple[str, str] | None, list[str]]] = [
        (False, None, ["started without ECS Exec", "enable_execute_command=True", "cdk deploy"]),
        (True, ("PENDING", ""), ["is starting", "in a few seconds"]),
        (True, ("STOPPED", "timed out"), ["is STOPPED (timed out)", "ssmmessages"]),
        (True, None, ["is not there", "ecs-exec.html"]),
    ]
    for enabled, agent, words in cases:
        terminal = at_release()
        terminal.shells = replace(terminal.shells, enabled=enabled, agent=agent)
        result = terminal.run("exec", "dev", "api")
        assert result.exit_code == 8
        assert all(word in result.stderr for word in words), result.stderr
        assert terminal.shells.opened == []
    assert plugin.calls == []


def test_no_task_runs(plugin: SessionPlugin) -> None:
    result = Terminal().run("exec", "dev", "api")
    assert result.exit_code == 8
    assert "No task of service 'api' is running." in result.stderr


def test_several_containers_of_the_application(plugin: SessionPlugin) -> None:
    terminal = at_release()
    account = terminal.account
    account.write_manifest(replace(account.manifest("api"), containers={"api": "api", "sidecar": "api"}))
    result = terminal.run("exec", "dev", "api")
    assert result.exit_code == 2
    assert "several containers of the application: api, sidecar" in result.stderr
    assert terminal.run("exec", "dev", "api", "--container", "sidecar").exit_code == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("prod", "api"), "There are: dev."),
        (("dev", "db"), "No service is called 'db'. There are: api, storefront, worker."),
        (("dev", "api", "--task", "nope"), "No running task is called 'nope'. There are: "),
        (("dev", "api", "--task", ""), "Several running tasks begin with ''"),
        (("dev", "api", "--container", "db"), "No container is called 'db'. There are: api, sidecar."),
    ],
)
def test_names_that_are_wrong(plugin: SessionPlugin, args: tuple[str, ...], words: str) -> None:
    terminal = at_release()
    result = terminal.run("exec", *args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert terminal.shells.opened == []
    assert plugin.calls == []


def test_without_the_plugin_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = at_release().run("exec", "dev", "api")
    assert result.exit_code == 2
    assert "'session-manager-plugin', which is not on the PATH" in result.stderr
    assert "session-manager-working-with-install-plugin.html" in result.stderr


def test_a_plugin_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, code=7)
    result = at_release().run("exec", "dev", "api")
    assert result.exit_code == 5
    assert "exit code 7" in result.stderr


def test_ctrl_c_is_the_plugins(tmp_path: Path) -> None:
    """The installed command, in a process group of its own, as a terminal would have it."""
    plugin = write(tmp_path / "bin", seconds=60)
    program = [sys.executable, "-c", "from appdp.cli.main import main; main()", "exec", "dev", "api"]
    with serving() as server:
        Cloud(server)
        path = f"{plugin.directory}{os.pathsep}{os.environ['PATH']}"
        process = subprocess.Popen(
            program,
            env={**os.environ, **environment(server.url), "PATH": path},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(1200):
            if plugin.calls or process.poll() is not None:
                break
            time.sleep(0.1)
        assert plugin.calls
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=120)
    # The plugin died of it, as it does not handle it, and the command says so instead of dying as well.
    assert process.returncode == 5, said
    assert "Session Manager's plugin" in said
    assert "Traceback" not in said
