"""A program that stands for ``docker``: it writes down how it was called, and builds what it is told to."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DIGEST = f"sha256:{'1' * 64}"

PROGRAM = """#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
words = sys.argv[1:]
told = json.loads((folder / "told.json").read_text())
stdin = sys.stdin.read() if "--password-stdin" in words else ""
with open(folder / "calls", "a") as log:
    log.write(json.dumps([words, stdin]) + "\\n")
verb = " ".join(words[:2]) if words[0] == "buildx" else words[0]
code, text = told.get(verb, [0, ""])
print(text, file=sys.stderr)
if verb == "buildx build" and code == 0:
    pathlib.Path(words[words.index("--metadata-file") + 1]).write_text(json.dumps(told["metadata"]))
sys.exit(code)
"""


@dataclass(frozen=True)
class DockerProgram:
    """Where it is, and where it writes."""

    folder: Path

    @property
    def calls(self) -> list[tuple[list[str], str]]:
        """The arguments of every start, and what came on stdin where a password was expected."""
        log = self.folder / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        return [(words, stdin) for words, stdin in map(json.loads, lines)]

    def ends(self, verb: str, code: int, text: str) -> None:
        """From now on ``docker VERB`` prints this and ends with this code."""
        self._tell(**{verb: [code, text]})

    def says(self, metadata: object) -> None:
        """What a build writes as its metadata."""
        self._tell(metadata=metadata)

    def _tell(self, **more: Any) -> None:
        told = self.folder / "told.json"
        before = json.loads(told.read_text()) if told.exists() else {"metadata": {"containerimage.digest": DIGEST}}
        told.write_text(json.dumps({**before, **more}))


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerProgram:
    """Make it the only ``docker`` on the PATH."""
    folder = tmp_path / "docker-program"
    folder.mkdir()
    docker = DockerProgram(folder)
    docker.says({"containerimage.digest": DIGEST})
    program = folder / "docker"
    program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return docker
