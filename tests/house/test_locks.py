"""The locks pin and hash everything, hold what the project asks for, and name no host."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.checkout import ROOT

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)


def locked(name: str) -> dict[str, set[str]]:
    """Package → versions of a lock (several where they depend on the platform)."""
    found: dict[str, set[str]] = {}
    for match in PIN.finditer((ROOT / "locks" / name).read_text()):
        found.setdefault(canonicalize_name(match["name"]), set()).add(match["version"])
    return found


def wanted() -> list[Requirement]:
    """Every requirement of pyproject.toml, direct, extra or of a group, and of its build."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, groups = settings["project"], settings["dependency-groups"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), *groups.values()]
    return [Requirement(line) for lines in [*lists, settings["build-system"]["requires"]] for line in lines]


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_the_lock_satisfies_what_the_project_asks_for(requirement: Requirement) -> None:
    versions = locked("dev.txt").get(canonicalize_name(requirement.name), set())
    assert versions, f"{requirement.name} is not locked; run 'make lock'."
    assert all(requirement.specifier.contains(version) for version in versions), "Run 'make lock'."


@pytest.mark.parametrize("name", ["dev.txt", "uv.txt"])
def test_every_locked_package_is_hashed(name: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "locks" / name).read_text())
    pins = [entry for entry in entries if PIN.match(entry)]
    assert pins
    assert not [entry.splitlines()[0] for entry in pins if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("name", ["dev.txt", "uv.txt"])
def test_no_lock_names_a_host(name: str) -> None:
    assert "://" not in (ROOT / "locks" / name).read_text()


def test_both_locks_pin_the_same_uv() -> None:
    assert locked("uv.txt")["uv"] == locked("dev.txt")["uv"]
