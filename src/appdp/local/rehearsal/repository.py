"""The git repository that stands for the application's on GitHub: the example, and a commit per release."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from appdp.errors import LocalError
from appdp.local.pipeline.push import PushEvent
from appdp.local.rehearsal.child import Command, run
from appdp.local.rehearsal.scenario import Release

_LEFT_OUT: Final = (".git", ".venv", "cdk.out", "__pycache__", "node_modules", "rehearsal-report*")
_EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""What git calls a tree without files: a first push changes everything against it."""
_NOBODY: Final = "0" * 40
_WHO: Final = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "appdp rehearsal"), ("EMAIL", "rehearsal@example.com"), ("DATE", "@1767225600 +0000"))
}
"""Always the same, so that the same files make the same commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A push that was done: what a webhook of GitHub would tell, and the command line."""

    event: PushEvent
    command: str


class SourceRepository:
    """A working copy and the repository that it pushes to.

    Args:
        folder: an empty directory; everything is in it.

    Attributes:
        origin: the bare repository that stands for the one on GitHub.
        commits: name of a release → its commit.
    """

    def __init__(self, folder: Path) -> None:
        if shutil.which("git") is None:
            raise LocalError("A rehearsal pushes commits, and there is no git command.", hint="Install git.")
        self.origin = folder / "origin.git"
        self._work = folder / "work"
        self.commits: Mapping[str, str] = MappingProxyType({})

    def fill(self, example: Path, releases: Sequence[Release]) -> None:
        """Commit the example's files, and each release on top of the one before. Nothing is pushed yet.

        Args:
            example: the directory whose files make the first commit.
            releases: at least one, in order.

        Raises:
            LocalError: git failed.
        """
        shutil.copytree(example, self._work, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
        self._git("init", "--quiet", "--initial-branch=work")
        self._git("init", "--quiet", "--bare", str(self.origin))
        self._git("remote", "add", "origin", str(self.origin))
        commits: dict[str, str] = {}
        for release in releases:
            for name, content in release.files.items():
                path = self._work / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            self._git("add", "--all", "--force")
            self._git("commit", "--quiet", "--allow-empty", f"--message={release.label.capitalize()}")
            commits[release.name] = self._git("rev-parse", "HEAD")
        self.commits = MappingProxyType(commits)

    def push(self, commit: str, *, branch: str, tag: str = "") -> Pushed:
        """Push a commit to a branch, or as a tag when one is named.

        Raises:
            LocalError: git failed, as it does where the push is no fast-forward.
        """
        name = f"refs/tags/{tag}" if tag else f"refs/heads/{branch}"
        before = self._git("ls-remote", "origin", name).partition("\t")[0] or _NOBODY
        self._git("push", "--quiet", "origin", f"{commit}:{name}")
        command = f"git push origin {commit[:12]}:{name if tag else branch}"
        if tag:
            return Pushed(event=PushEvent(tag=tag), command=command)
        known = _EMPTY_TREE if before == _NOBODY else before
        paths = self._git("diff", "--name-only", "-z", known, commit).split("\0")
        return Pushed(event=PushEvent(branch=branch, paths=tuple(path for path in paths if path)), command=command)

    def _git(self, *words: str) -> str:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        # Neither the user's settings nor the machine's: hooks and signatures are for real commits.
        own = {**_WHO, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        ended = run(Command(words=("git", *words), environment={**mine, **own}, directory=self._work))
        if ended.code != 0:
            shown = "\n".join(f"  {line}" for line in ended.stderr[-20:])
            raise LocalError(f"git {' '.join(words[:2])} failed with code {ended.code}:\n{shown}")
        return ended.stdout.strip()
