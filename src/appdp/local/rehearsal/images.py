"""The images of every release: built in one go, pushed to the embedded registry, forgotten at the end."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final

from appdp.local.rehearsal.base_image import Base
from appdp.local.rehearsal.docker_command import LABEL, BuildTarget, DockerCommand
from appdp.local.rehearsal.scenario import Build, Release, Scenario
from appdp.model.handoff import repository_name

PARALLEL_PUSHES: Final = 3
_OURS = re.compile(r"localhost:(\d+)/.+")


def tag_of(scenario: Scenario, release: Release) -> str:
    """The image tag of a release: 12 hexadecimal digits that look like a commit's, from its content and its name."""
    digest = hashlib.sha256(f"{release.name}\n".encode())
    for path in _files(scenario.build):
        digest.update(f"{path.relative_to(scenario.directory)}\n".encode())
        digest.update(path.read_bytes())
    for image in release.images:
        digest.update(f"{image.image} {sorted(image.build_args.items())}\n".encode())
    return digest.hexdigest()[:12]


def _files(build: Build) -> list[Path]:
    ignored = {".venv", "cdk.out", ".git", "__pycache__", "node_modules"}
    files = (path for path in build.context.rglob("*") if path.is_file() and not ignored & set(path.parts))
    return sorted(file for file in files if file.suffix != ".html")


def targets(
    scenario: Scenario, tags: Mapping[str, str], *, registry: str, base: Base | None
) -> tuple[BuildTarget, ...]:
    """What to build. Images that are the same in several releases are built once, under several names.

    Args:
        tags: name of the release → its image tag; releases that are not named are left out.
        registry: where they will be pushed, such as ``localhost:4566``.
        base: what they are built on, if the scenario names a build argument for it.
    """
    extra = {scenario.build.base_argument: base.reference} if base and scenario.build.base_argument else {}
    names: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for release in scenario.releases:
        if release.name not in tags:
            continue
        for image in release.images:
            arguments = {**image.build_args, **extra}
            repository = repository_name(scenario.application, image.image)
            reference = f"{registry}/{repository}:{tags[release.name]}"
            names.setdefault((image.image, tuple(sorted(arguments.items()))), []).append(reference)
    return tuple(
        BuildTarget(target=image, arguments=dict(arguments), tags=tuple(references))
        for (image, arguments), references in names.items()
    )


def build(scenario: Scenario, wanted: Sequence[BuildTarget], docker: DockerCommand) -> None:
    """Build images into the daemon's store.

    Raises:
        LocalError: a build failed; the message shows Docker's own.
    """
    docker.build(str(scenario.build.context.resolve()), str(scenario.build.dockerfile.resolve()), wanted)


def push(references: Sequence[str], docker: DockerCommand) -> None:
    """Push images, a few at a time.

    Raises:
        LocalError: the registry did not take one.
    """
    with ThreadPoolExecutor(PARALLEL_PUSHES) as pool:
        list(pool.map(docker.push, references))


def sweep(docker: DockerCommand) -> None:
    """Remove images whose registry is gone: those of this rehearsal when it has ended, and of killed ones."""
    found = [(name, match) for name in docker.names(f"label={LABEL}=true") if (match := _OURS.fullmatch(name))]
    open_ports = {port: _listens(port) for port in {int(match.group(1)) for _name, match in found}}
    docker.forget([name for name, match in found if not open_ports[int(match.group(1))]])


def _listens(port: int) -> bool:
    with closing(socket.socket()) as connection:
        connection.settimeout(0.5)
        return connection.connect_ex(("127.0.0.1", port)) == 0
