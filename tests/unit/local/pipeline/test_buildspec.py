"""A build specification becomes one script with CodeBuild's rules for phases."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from appdp.local.pipeline import buildspec
from appdp.local.pipeline.performing import ActionFailed


def run(tmp_path: Path, phases: dict[str, list[str]], **env: Any) -> tuple[int, list[str], dict[str, str]]:
    text = json.dumps({"version": "0.2", "env": env, "phases": {k: {"commands": v} for k, v in phases.items()}})
    spec = buildspec.read(text)
    exported = tmp_path / "exported"
    ended = subprocess.run(
        [spec.shell, "-c", spec.script(str(exported))], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ended.stderr == ""
    pairs = exported.read_text().split("\0")[:-1] if exported.exists() else []
    lines = [line for line in ended.stdout.splitlines() if not line.startswith("[Container]")]
    return ended.returncode, lines, dict(pair.split("=", 1) for pair in pairs)


def test_one_shell_runs_all_phases(tmp_path: Path) -> None:
    code, lines, exported = run(
        tmp_path,
        {"pre_build": ["A='it is \"kept\"'", "cd /"], "build": ["echo $A in $PWD"], "post_build": ["B=$A"]},
        **{"exported-variables": ["B", "NONE"]},
    )
    assert (code, lines) == (0, ['it is "kept" in /'])
    assert exported == {"B": 'it is "kept"', "NONE": ""}


@pytest.mark.parametrize(
    ("failing", "ran"),
    [("install", ["install"]), ("pre_build", ["install", "pre_build"]), ("build", [*buildspec.PHASES])],
)
def test_what_follows_a_phase_that_failed(tmp_path: Path, failing: str, ran: list[str]) -> None:
    phases = {
        name: [f"echo {name}", *(["false", "echo never"] if name == failing else [])] for name in buildspec.PHASES
    }
    code, lines, _ = run(tmp_path, phases)
    assert (code, lines) == (1, ran)


def test_a_command_of_several_lines(tmp_path: Path) -> None:
    command = "for n in 1 2; do\n  echo $n\ndone\ncat <<'X'\n$n\nX"
    code, lines, _ = run(tmp_path, {"build": [command]}, **{"shell": "bash"})
    assert (code, lines) == (0, ["1", "2", "$n"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("version: 0.2", "not inline JSON"),
        ('{"phases": {"biuld": {}}}', "unknown phases: biuld"),
        ('{"env": {"shell": "powershell.exe"}}', "'powershell.exe'; sh and bash run here"),
    ],
)
def test_a_specification_that_cannot_run(text: str, reason: str) -> None:
    with pytest.raises(ActionFailed, match=reason):
        buildspec.read(text)
