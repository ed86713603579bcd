"""A program that stands for Session Manager's plugin: it writes down how it was called."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = """#!{python}
import json, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
time.sleep({seconds})
sys.exit({code})
"""


@dataclass(frozen=True)
class SessionPlugin:
    """Where it is, and where it writes."""

    directory: Path
    log: Path

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of every start."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


def write(directory: Path, *, code: int = 0, seconds: float = 0) -> SessionPlugin:
    """Write the program; it ends with ``code`` after that time."""
    directory.mkdir(exist_ok=True)
    program, log = directory / "session-manager-plugin", directory / "calls"
    program.write_text(PROGRAM.format(python=sys.executable, log=str(log), code=code, seconds=seconds))
    program.chmod(0o755)
    return SessionPlugin(directory, log)


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, code: int = 0) -> SessionPlugin:
    """Put the program first on the PATH."""
    plugin = write(tmp_path / "bin", code=code)
    monkeypatch.setenv("PATH", str(plugin.directory), prepend=":")
    return plugin
