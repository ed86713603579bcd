"""Which images are built under which names, on which base, and what stands in for one."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from appdp.errors import ConfigurationError
from appdp.local.rehearsal import images
from appdp.local.rehearsal import scenario as scenarios
from appdp.local.rehearsal.base_image import Base, Program, default_of_argument, read_program
from appdp.local.rehearsal.docker_command import LABEL, BuildTarget, bake_file

SHOP = scenarios.read(Path(__file__).parents[4] / "examples" / "shop")
TAGS = {release.name: images.tag_of(SHOP, release) for release in SHOP.releases}


def test_tags_look_like_commits_and_are_stable() -> None:
    assert len(set(TAGS.values())) == len(SHOP.releases)
    assert all(len(tag) == 12 and set(tag) <= set("0123456789abcdef") for tag in TAGS.values())
    assert {release.name: images.tag_of(SHOP, release) for release in SHOP.releases} == TAGS


def test_a_tag_follows_the_content(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch", encoding="utf-8")
    moved = replace(SHOP, directory=tmp_path, build=replace(SHOP.build, context=tmp_path))
    before = images.tag_of(moved, SHOP.release("1"))
    (tmp_path / "app.py").write_text("print()", encoding="utf-8")
    after = images.tag_of(moved, SHOP.release("1"))
    (tmp_path / "rehearsal-report.html").write_text("a report is no source", encoding="utf-8")
    assert before != after == images.tag_of(moved, SHOP.release("1"))


def test_what_is_the_same_is_built_once_under_all_its_names() -> None:
    wanted = images.targets(SHOP, TAGS, registry="localhost:4566", base=Base(reference="busybox:1"))
    workers = [target for target in wanted if target.target == "worker"]
    assert [len(worker.tags) for worker in workers] == [1, 4]
    assert workers[0].tags == (f"localhost:4566/shop/worker:{TAGS['1']}",)
    assert sum(len(target.tags) for target in wanted) == 15
    assert all(target.arguments["BASE"] == "busybox:1" for target in wanted)


def test_only_the_releases_that_are_asked_for() -> None:
    wanted = images.targets(SHOP, {"1": TAGS["1"]}, registry="localhost:4566", base=None)
    assert [target.target for target in wanted] == ["storefront", "api", "worker"]
    assert all("BASE" not in target.arguments for target in wanted)


def test_one_bake_file_for_all() -> None:
    target = BuildTarget(target="api", arguments={"VERSION": "1"}, tags=("localhost:1/shop/api:a",))
    assert bake_file("/src", "/src/Dockerfile", [target]) == {
        "group": {"default": {"targets": ["target0"]}},
        "target": {
            "target0": {
                "context": "/src",
                "dockerfile": "/src/Dockerfile",
                "target": "api",
                "args": {"VERSION": "1"},
                "tags": ["localhost:1/shop/api:a"],
                "labels": {LABEL: "true"},
            }
        },
    }


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
