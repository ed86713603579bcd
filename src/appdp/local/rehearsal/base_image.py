"""The base image of an example, or a stand-in for it where it cannot be pulled."""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appdp.errors import ConfigurationError, LocalError
from appdp.local.rehearsal.docker_command import LABEL, DockerCommand
from appdp.local.rehearsal.scenario import Build

STAND_IN: Final = "appdp-rehearsal-base"
_MACHINES: Final = {0x3E: "amd64", 0xB7: "arm64"}
_PT_INTERP: Final = 3
_STAND_IN_DOCKERFILE: Final = """\
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -m 1777 /tmp
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the images are built on. ``note`` says what the reader must know, or is empty."""

    reference: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What an executable file's header says: the architecture it runs on, and whether it needs no shared library."""

    architecture: str
    static: bool


def find(build: Build, docker: DockerCommand) -> Base | None:
    """The base image: as the Dockerfile names it, or a stand-in; None when the scenario names no build argument for it.

    Raises:
        ConfigurationError: the Dockerfile has no such build argument, or it has no default.
        LocalError: it cannot be pulled, and there is nothing to make a stand-in from.
    """
    if build.base_argument is None:
        return None
    wanted = default_of_argument(build.dockerfile.read_text(encoding="utf-8"), build.base_argument)
    if docker.has_image(wanted):
        return Base(reference=wanted)
    problem = docker.pull(wanted)
    if not problem:
        return Base(reference=wanted)
    busybox = _find_busybox(docker.architecture(), build.stand_in_needs, wanted, problem)
    return Base(
        reference=_make_stand_in(busybox, docker),
        note=f"The base image {wanted} could not be pulled, so a stand-in was made from {busybox}.",
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


def read_program(header: bytes) -> Program | None:
    """Read the header of a 64-bit little-endian ELF file; None for anything else.

    See: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
    """
    if header[:6] != b"\x7fELF\x02\x01" or len(header) < 64:
        return None
    (machine,) = struct.unpack_from("<H", header, 18)
    (table,) = struct.unpack_from("<Q", header, 32)
    size, entries = struct.unpack_from("<HH", header, 54)
    kinds = [
        struct.unpack_from("<I", header, table + size * number)[0]
        for number in range(entries)
        if table + size * number + 4 <= len(header)
    ]
    return Program(architecture=_MACHINES.get(machine, "other"), static=_PT_INTERP not in kinds)


def _find_busybox(architecture: str, applets: tuple[str, ...], wanted: str, problem: str) -> Path:
    tried = []
    for place in dict.fromkeys((shutil.which("busybox"), "/bin/busybox", "/usr/bin/busybox")):
        if place and (path := Path(place)).is_file():
            fault = _fault(path, architecture, applets)
            if not fault:
                return path
            tried.append(f"{path} {fault}")
    found = "; ".join(tried) if tried else "no busybox on this machine"
    raise LocalError(
        f"The base image {wanted} cannot be pulled ({problem}), and there is nothing to make a stand-in from: {found}.",
        hint="Install a static busybox (Debian, Ubuntu: apt-get install busybox-static), or give Docker a way to pull.",
    )


def _fault(path: Path, architecture: str, applets: tuple[str, ...]) -> str:
    with path.open("rb") as file:
        program = read_program(file.read(4096))
    if program is None or not program.static:
        return "is not a static Linux program"
    if program.architecture != architecture:
        return f"is for {program.architecture}, and the Docker daemon runs {architecture}"
    listed = subprocess.run([str(path), "--list"], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 - a program of the system
    missing = sorted(set(applets) - set(listed.stdout.split()))
    return f"has no {', '.join(missing)}" if missing else ""


def _make_stand_in(busybox: Path, docker: DockerCommand) -> str:
    content = busybox.read_bytes() + _STAND_IN_DOCKERFILE.encode()
    reference = f"{STAND_IN}:{hashlib.sha256(content).hexdigest()[:12]}"
    if docker.has_image(reference):
        return reference
    with tempfile.TemporaryDirectory(prefix="appdp-base-") as folder:
        shutil.copy(busybox, Path(folder) / "busybox")
        (Path(folder) / "Dockerfile").write_text(_STAND_IN_DOCKERFILE, encoding="utf-8")
        docker.do("build", "--quiet", f"--label={LABEL}=true", f"--tag={reference}", folder)
    return reference
