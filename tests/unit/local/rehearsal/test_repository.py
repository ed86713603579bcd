"""The git repository of a rehearsal: a commit per release, and what a push tells."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.unit.local.rehearsal.sample import SHOP

from appdp.errors import LocalError
from appdp.local.pipeline.push import PushEvent
from appdp.local.rehearsal.repository import SourceRepository


@pytest.fixture
def source(tmp_path: Path) -> SourceRepository:
    made = SourceRepository(tmp_path)
    made.fill(SHOP.directory, SHOP.releases)
    return made


def _git(source: SourceRepository, *words: str) -> str:
    return subprocess.run(["git", "-C", str(source.origin), *words], capture_output=True, text=True, check=True).stdout


def test_the_same_files_make_the_same_commits(source: SourceRepository, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    again = SourceRepository(tmp_path / "again")
    again.fill(SHOP.directory, SHOP.releases)
    assert again.commits == source.commits
    assert len(set(source.commits.values())) == len(SHOP.releases)
    assert all(len(commit) == 40 for commit in source.commits.values())


def test_a_push_tells_the_branch_and_the_changed_paths(source: SourceRepository) -> None:
    first = source.push(source.commits["1"], branch="main")
    assert first.event.branch == "main"
    assert {"Dockerfile", "settings/api.env", "app/serve.sh"} <= set(first.event.paths)
    assert first.command == f"git push origin {source.commits['1'][:12]}:main"
    third = source.push(source.commits["3"], branch="main")
    assert third.event.paths == ("settings/api.env", "settings/storefront.env", "settings/worker.env")
    assert _git(source, "rev-parse", "main").strip() == source.commits["3"]
    assert "MODE=exits" in _git(source, "show", "main:settings/api.env")


def test_a_tag(source: SourceRepository) -> None:
    pushed = source.push(source.commits["2"], branch="main", tag="v2.0")
    assert pushed.event == PushEvent(tag="v2.0")
    assert pushed.command.endswith(":refs/tags/v2.0")


def test_a_push_that_would_lose_commits_is_refused_as_git_does(source: SourceRepository) -> None:
    source.push(source.commits["3"], branch="main")
    with pytest.raises(LocalError, match="git push --quiet failed with code 1"):
        source.push(source.commits["2"], branch="main")


def test_what_is_no_source_is_left_out(tmp_path: Path) -> None:
    example = tmp_path / "example"
    (example / "cdk.out").mkdir(parents=True)
    (example / "cdk.out" / "x.json").write_text("{}", encoding="utf-8")
    (example / "rehearsal-report.html").write_text("", encoding="utf-8")
    (example / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    source = SourceRepository(tmp_path)
    source.fill(example, SHOP.releases[:1])
    source.push(source.commits["1"], branch="main")
    assert _git(source, "ls-tree", "-r", "--name-only", "main").split() == ["Dockerfile"]
