"""What images are built on, and what stands in for it."""

from __future__ import annotations

import io
import struct
import tarfile
from pathlib import Path

import pytest
from tests.unit.local.rehearsal.sample import SHOP

from appdp.errors import ConfigurationError
from appdp.local.rehearsal import stand_in
from appdp.local.rehearsal.base_image import default_of_argument
from appdp.local.rehearsal.docker_command import platforms_of
from appdp.local.rehearsal.stand_in import Busybox, Program, read_program


def test_the_base_image_that_a_dockerfile_names() -> None:
    dockerfile = SHOP.build.dockerfile.read_text(encoding="utf-8")
    assert default_of_argument(dockerfile, "BASE").endswith("/busybox:1.37-musl")
    assert default_of_argument('ARG  BASE="alpine:3"\nFROM ${BASE}', "BASE") == "alpine:3"
    with pytest.raises(ConfigurationError, match="no build argument ROOT with a default"):
        default_of_argument(dockerfile, "ROOT")


def _program(machine: int, *kinds: int) -> bytes:
    header = bytearray(64 + 56 * len(kinds))
    header[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<H", header, 18, machine)
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, len(kinds))
    for number, kind in enumerate(kinds):
        struct.pack_into("<I", header, 64 + 56 * number, kind)
    return bytes(header)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (_program(0x3E, 1, 1), Program(architecture="amd64", static=True)),
        (_program(0xB7, 1, 3), Program(architecture="arm64", static=False)),
        (_program(0x28, 1), Program(architecture="other", static=True)),
        (b"#!/bin/sh\n", None),
        (b"\x7fELF\x01\x01" + bytes(64), None),
    ],
)
def test_which_programs_can_stand_in(header: bytes, expected: Program | None) -> None:
    assert read_program(header) == expected


INSPECTED = """\
Name:          default
Driver:        docker
Nodes:
Name:             default
BuildKit version: v0.0.0+unknown
Platforms:        linux/amd64*, linux/amd64/v2, linux/amd64/v3, linux/arm64, linux/arm64
Labels:
 org.mobyproject.buildkit.worker.executor: containerd
"""


def test_the_platforms_that_a_builder_has() -> None:
    assert platforms_of(INSPECTED) == ("linux/amd64", "linux/arm64")
    assert platforms_of("Name: default\nError: no such builder\n") == ()


def test_the_layer_of_a_stand_in_is_always_the_same(tmp_path: Path) -> None:
    program = tmp_path / "busybox"
    program.write_bytes(b"a program")
    first = stand_in.layer_of(Busybox(path=program, applets=("sh", "busybox", "httpd")))
    program.touch()
    assert stand_in.layer_of(Busybox(path=program, applets=("httpd", "sh"))) == first
    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        assert archive.getnames() == ["bin", "tmp", "bin/busybox", "bin/httpd", "bin/sh"]
        assert archive.getmember("bin/sh").linkname == "busybox"
        assert archive.getmember("tmp").mode == 0o1777


def test_programs_that_cannot_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, foreign = tmp_path / "script", tmp_path / "foreign"
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    foreign.write_bytes(_program(0x28, 1))
    foreign.chmod(0o755)
    monkeypatch.setenv(stand_in.PROGRAMS, f"{script}:{foreign}:{tmp_path / 'absent'}")
    found, faults = stand_in.find(("sh",))
    assert "other" not in found
    assert faults[:2] == (f"{script} is not a static Linux program", f"{foreign} does not run here")
