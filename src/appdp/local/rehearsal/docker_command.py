"""The ``docker`` command, as far as the rehearsal needs it: builds and pushes. Containers are the embedded ECS's."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from appdp.errors import LocalError
from appdp.local.rehearsal.child import Command, Ended, run
from appdp.local.roles import registry_token

LABEL: Final = "appdp.rehearsal"
"""Label of every image that a rehearsal builds. Its value never changes, so it does not change an image's digest."""

PULL_SECONDS: Final = 90.0
SHOWN_LINES: Final = 20
"""How many lines of a failed command an error shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTarget:
    """One image to build, under all the names that it gets."""

    target: str
    arguments: Mapping[str, str]
    tags: tuple[str, ...]


class DockerCommand:
    """Runs ``docker`` against one daemon.

    Args:
        daemon: the daemon's address, such as ``unix:///var/run/docker.sock``.

    Raises:
        LocalError: there is no ``docker`` command.
    """

    def __init__(self, daemon: str) -> None:
        self._program = shutil.which("docker") or ""
        if not self._program:
            raise LocalError(
                f"A Docker daemon answers at {daemon}, but there is no docker command to build images with.",
                hint="Install Docker's command line, or rehearse the control plane alone with --no-docker.",
            )
        mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._environment = {**mine, "DOCKER_HOST": daemon, "BUILDKIT_PROGRESS": "plain"}

    def ask(
        self, *arguments: str, stdin: str = "", configuration: str = "", timeout_seconds: float | None = None
    ) -> Ended:
        """Run it and return how it ended, well or not; ``configuration`` is a folder instead of the user's own."""
        changed = {"DOCKER_CONFIG": configuration} if configuration else {}
        return run(
            Command(
                words=(self._program, *arguments),
                environment={**self._environment, **changed},
                stdin=stdin,
                timeout_seconds=timeout_seconds,
            )
        )

    def do(self, *arguments: str, stdin: str = "", configuration: str = "") -> str:
        """Run it and return what it wrote.

        Raises:
            LocalError: it failed; the error shows its last lines.
        """
        ended = self.ask(*arguments, stdin=stdin, configuration=configuration)
        if ended.code != 0:
            shown = "\n".join(f"  {line}" for line in ended.stderr[-SHOWN_LINES:])
            raise LocalError(f"docker {' '.join(arguments[:3])} failed with code {ended.code}:\n{shown}")
        return ended.stdout.strip()

    def has_image(self, reference: str) -> bool:
        """Whether the daemon has an image."""
        return self.ask("image", "inspect", "--format", "{{.Id}}", reference).code == 0

    def pull(self, reference: str) -> str:
        """Pull an image; returns what went wrong, or ``""``."""
        ended = self.ask("pull", "--quiet", reference, timeout_seconds=PULL_SECONDS)
        if ended.code == 0:
            return ""
        return ended.stderr[-1] if ended.stderr else f"no answer within {PULL_SECONDS:g} s"

    def architecture(self) -> str:
        """The daemon's architecture, in the words that image platforms use, such as ``amd64``."""
        return self.do("version", "--format", "{{.Server.Arch}}")

    def build(self, context: str, dockerfile: str, targets: Sequence[BuildTarget]) -> None:
        """Build images into the daemon's own store: all in one session where buildx is installed, else one by one.

        Raises:
            LocalError: a build failed.
        """
        if self.ask("buildx", "version").code == 0:
            bake = json.dumps(bake_file(context, dockerfile, targets))
            self.do("buildx", "bake", "--file", "-", "--provenance=false", "--load", stdin=bake)
            return
        for target in targets:
            arguments = [f"--build-arg={name}={value}" for name, value in target.arguments.items()]
            tags = [f"--tag={tag}" for tag in target.tags]
            self.do(
                *("build", "--quiet", f"--file={dockerfile}", f"--target={target.target}", f"--label={LABEL}=true"),
                *(*arguments, *tags, context),
            )

    def push(self, reference: str) -> None:
        """Push an image to the embedded registry, logged in by a configuration of its own: the user's stays as it is.

        Raises:
            LocalError: the registry did not take it.
        """
        auths = {reference.partition("/")[0]: {"auth": registry_token()}}
        with TemporaryDirectory(prefix="appdp-docker-") as folder:
            (Path(folder) / "config.json").write_text(json.dumps({"auths": auths}), encoding="utf-8")
            self.do("push", "--quiet", reference, configuration=folder)

    def names(self, *filters: str) -> tuple[str, ...]:
        """The images that match every filter, such as ``label=…``, as ``repository:tag`` or ``repository@digest``."""
        asked = [f"--filter={text}" for text in filters]
        listed = self.do("image", "ls", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}", *asked)
        rows = [line.split() for line in listed.splitlines()]
        return tuple(f"{name}@{digest}" if tag == "<none>" else f"{name}:{tag}" for name, tag, digest in rows)

    def forget(self, references: Sequence[str]) -> None:
        """Remove images by name; those that are gone or in use stay as they are. Layers stay in the build cache."""
        if references:
            self.ask("image", "rm", "--force", *references)


def bake_file(context: str, dockerfile: str, targets: Sequence[BuildTarget]) -> dict[str, Any]:
    """The bake definition of some targets. See: https://docs.docker.com/build/bake/reference/"""
    plain = {
        f"target{number}": {
            "context": context,
            "dockerfile": dockerfile,
            "target": target.target,
            "args": dict(target.arguments),
            "tags": list(target.tags),
            "labels": {LABEL: "true"},
        }
        for number, target in enumerate(targets)
    }
    return {"group": {"default": {"targets": list(plain)}}, "target": plain}
