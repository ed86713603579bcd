"""A stand-in for a base image that cannot be reached: a static busybox per architecture, as one image."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from appdp.local.rehearsal.registry import CONFIG, INDEX, LAYER, MANIFEST, Registry, platform_of

PROGRAMS: Final = "APPDP_BUSYBOX"
"""Environment variable: more static busybox programs, their paths joined with ``:``, such as one of another
architecture."""

_MACHINES: Final = {0x3E: "amd64", 0xB7: "arm64"}
_PT_INTERP: Final = 3
_USUAL: Final = ("/bin/busybox", "/usr/bin/busybox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What an executable file's header says: the architecture it runs on, and whether it needs no shared library."""

    architecture: str
    static: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Busybox:
    """A program that can stand in, and the commands that it has."""

    path: Path
    applets: tuple[str, ...]


def find(needs: tuple[str, ...]) -> tuple[dict[str, Busybox], tuple[str, ...]]:
    """The programs on this machine that can stand in: architecture → program; and what is wrong with others.

    Args:
        needs: the commands that it must have.
    """
    found: dict[str, Busybox] = {}
    faults: list[str] = []
    for path in _candidates():
        program = read_program(path.read_bytes()[:4096])
        if program is None or not program.static:
            faults.append(f"{path} is not a static Linux program")
            continue
        applets = _applets(path)
        if missing := sorted(set(needs) - set(applets)):
            faults.append(f"{path} has no {', '.join(missing)}" if applets else f"{path} does not run here")
            continue
        found.setdefault(program.architecture, Busybox(path=path, applets=applets))
    return found, tuple(faults)


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


def push(programs: Mapping[str, Busybox], endpoint: str, repository: str, tag: str) -> None:
    """Push the image: one manifest per architecture, and the index that names them.

    Raises:
        LocalError: the registry refused something.
    """
    with closing(Registry(endpoint)) as registry:
        manifests: list[dict[str, Any]] = []
        for architecture, program in sorted(programs.items()):
            layer = layer_of(program)
            platform = platform_of(architecture)
            config = {
                **platform,
                "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
            }
            manifest = {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": registry.blob(repository, json.dumps(config).encode(), CONFIG),
                "layers": [registry.blob(repository, gzip.compress(layer, mtime=0), LAYER)],
            }
            manifests.append({**registry.manifest(repository, manifest), "platform": platform})
        registry.manifest(repository, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, tag)


def layer_of(program: Busybox) -> bytes:
    """The image's only layer, as a tar archive: the program, a link per command, and a place for temporary files.

    The same program always makes the same bytes, so that build caches hold.
    """
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, mode in (("bin", 0o755), ("tmp", 0o1777)):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            archive.addfile(folder)
        content = program.path.read_bytes()
        file = tarfile.TarInfo("bin/busybox")
        file.size, file.mode = len(content), 0o755
        archive.addfile(file, io.BytesIO(content))
        for applet in sorted(set(program.applets) - {"busybox"}):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    return made.getvalue()


def _candidates() -> Iterator[Path]:
    named = os.environ.get(PROGRAMS, "").split(os.pathsep)
    for place in dict.fromkeys((*named, shutil.which("busybox") or "", *_USUAL)):
        if place and Path(place).is_file():
            yield Path(place)


def _applets(path: Path) -> tuple[str, ...]:
    """The commands of a busybox; none when it does not run on this machine."""
    try:
        listed = subprocess.run([str(path), "--list"], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 - a program of the system
    except OSError:
        return ()
    return tuple(name for name in listed.stdout.split() if "/" not in name)
