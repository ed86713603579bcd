"""The ``docker`` command, as far as the rehearsal asks it. Builds are the pipeline's, containers the embedded ECS's."""

from __future__ import annotations

import os
import re
import shutil
from typing import Final

from appdp.errors import LocalError
from appdp.local.rehearsal.child import Command, Ended, run

REACH_SECONDS: Final = 60.0
SHOWN_LINES: Final = 20
"""How many lines of a failed command an error shows."""


class DockerCommand:
    """Runs ``docker`` against one daemon.

    Args:
        daemon: the daemon's address, such as ``unix:///var/run/docker.sock``.

    Raises:
        LocalError: something is missing that builds need: ``docker``, its buildx, or ``curl``.
    """

    def __init__(self, daemon: str) -> None:
        self._program = shutil.which("docker") or ""
        if not self._program:
            raise LocalError(
                f"A Docker daemon answers at {daemon}, but there is no docker command to build images with.",
                hint="Install Docker's command line, or rehearse the control plane alone with --no-docker.",
            )
        mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._environment = {**mine, "DOCKER_HOST": daemon}
        if self.ask("buildx", "version").code != 0:
            raise LocalError(
                "The docker command has no buildx, with which the pipeline builds.",
                hint="Install Docker's buildx plugin, or rehearse the control plane alone with --no-docker.",
            )
        if shutil.which("curl") is None:
            raise LocalError(
                "The pipeline's builds ask the registry with curl, which CodeBuild's images have; there is none here.",
                hint="Install curl, or rehearse the control plane alone with --no-docker.",
            )

    def ask(self, *arguments: str, timeout_seconds: float | None = None) -> Ended:
        """Run it and return how it ended, well or not."""
        return run(
            Command(words=(self._program, *arguments), environment=self._environment, timeout_seconds=timeout_seconds)
        )

    def do(self, *arguments: str) -> str:
        """Run it and return what it wrote.

        Raises:
            LocalError: it failed; the error shows its last lines.
        """
        ended = self.ask(*arguments)
        if ended.code != 0:
            shown = "\n".join(f"  {line}" for line in ended.stderr[-SHOWN_LINES:])
            raise LocalError(f"docker {' '.join(arguments[:3])} failed with code {ended.code}:\n{shown}")
        return ended.stdout.strip()

    def reach(self, reference: str) -> str:
        """Ask an image's registry for it, without pulling; returns what went wrong, or ``""``."""
        ended = self.ask("buildx", "imagetools", "inspect", reference, timeout_seconds=REACH_SECONDS)
        if ended.code == 0:
            return ""
        return ended.stderr[-1] if ended.stderr else f"no answer within {REACH_SECONDS:g} s"

    def architecture(self) -> str:
        """The daemon's architecture, in the words that image platforms use, such as ``amd64``."""
        return self.do("version", "--format", "{{.Server.Arch}}")

    def platforms(self) -> tuple[str, ...]:
        """What its own builder can build for, such as ``linux/amd64``: this machine's, and what it emulates."""
        return platforms_of(self.do("buildx", "inspect", "default", "--bootstrap"))


def platforms_of(inspected: str) -> tuple[str, ...]:
    """The platforms in what ``docker buildx inspect`` prints, without variants."""
    listed = re.findall(r"^Platforms:\s*(.+)$", inspected, re.MULTILINE)
    names = (name.strip(" *") for line in listed for name in line.split(","))
    return tuple(dict.fromkeys(name for name in names if name.count("/") == 1))
