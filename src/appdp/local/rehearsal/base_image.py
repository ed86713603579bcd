"""The base image of an example, or a stand-in for it where it cannot be reached."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from appdp.errors import ConfigurationError, LocalError
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal import stand_in
from appdp.local.rehearsal.docker_command import DockerCommand
from appdp.local.rehearsal.scenario import Build

REPOSITORY: Final = "appdp-rehearsal-base"
"""The repository of the embedded registry in which a stand-in is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the images are built on, and for what.

    Args:
        platforms: what can be built, such as ``linux/arm64``.
        reference: another base image than the Dockerfile's default, or ``""``.
        note: what the reader must know, or ``""``.
    """

    platforms: tuple[str, ...]
    reference: str = ""
    note: str = ""


def find(build: Build, docker: DockerCommand, aws: EmbeddedAws) -> Base:
    """What to build on: what the Dockerfile names, or a stand-in in the embedded registry.

    Raises:
        ConfigurationError: the Dockerfile has no such build argument, or it has no default.
        LocalError: it cannot be reached, and there is nothing to make a stand-in from.
    """
    platforms = docker.platforms()
    if build.base_argument is None:
        return Base(platforms=platforms)
    wanted = default_of_argument(build.dockerfile.read_text(encoding="utf-8"), build.base_argument)
    problem = docker.reach(wanted)
    if not problem:
        return Base(platforms=platforms)
    programs, faults = stand_in.find(build.stand_in_needs)
    usable = {name: program for name, program in programs.items() if f"linux/{name}" in platforms}
    if docker.architecture() not in usable:
        raise _nothing(wanted, problem, faults, docker.architecture())
    repository, registry = REPOSITORY, aws.endpoint.url
    aws.client("ecr").create_repository(repositoryName=repository)
    stand_in.push(usable, registry, repository, "latest")
    return Base(
        platforms=tuple(platform for platform in platforms if platform.rpartition("/")[2] in usable),
        reference=f"{registry.replace('http://127.0.0.1', 'localhost')}/{repository}:latest",
        note=f"The base image {wanted} could not be reached, so a stand-in was made from this machine's "
        f"static busybox for {' and '.join(sorted(usable))}.",
    )


def default_of_argument(dockerfile: str, argument: str) -> str:
    """The default of a global build argument of a Dockerfile.

    Raises:
        ConfigurationError: there is none.
    """
    found = re.search(rf"^\s*ARG\s+{re.escape(argument)}=[\"']?([^\s\"']+)", dockerfile, re.MULTILINE | re.IGNORECASE)
    if not found:
        raise ConfigurationError(
            f"The Dockerfile has no build argument {argument} with a default, as base_argument says.",
            hint=f"Write ARG {argument}=<image> above the first FROM.",
        )
    return found.group(1)


def _nothing(wanted: str, problem: str, faults: tuple[str, ...], architecture: str) -> LocalError:
    found = "; ".join(faults) if faults else f"no busybox for {architecture} on this machine"
    return LocalError(
        f"The base image {wanted} cannot be reached ({problem}), and there is nothing to make a stand-in from: "
        f"{found}.",
        hint="Install a static busybox (Debian, Ubuntu: apt-get install busybox-static), or give Docker a way to pull.",
    )
