"""The import contracts hold, and each has teeth."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, SCRIPTS

VIOLATIONS = {
    "Layers": ("engine/planted.py", "import appdp.aws"),
    "The core calls nothing outside": ("model/planted.py", "import boto3"),
    "Constructs describe, and never call AWS": ("cdk/planted.py", "import botocore"),
    "Only constructs import the CDK": ("cli/planted.py", "import aws_cdk"),
    "A Lambda function needs boto3 only": ("runtime/planted.py", "import click"),
    "Importing appdp is light": ("__init__.py", "import boto3"),
    "Adapters are wired in few places": ("cli/planted.py", "import appdp.aws"),
    "One verb knows the embedded AWS": ("cli/planted.py", "import appdp.local"),
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package to plant violations in."""
    copied = tmp_path / "src" / "appdp"
    shutil.copytree(ROOT / "src" / "appdp", copied, ignore=shutil.ignore_patterns("__pycache__"))
    return copied


def lint(source: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml against a source folder."""
    command: list[str | Path] = [
        SCRIPTS / "lint-imports",
        "--no-logo",
        "--config",
        ROOT / "pyproject.toml",
        "--cache-dir",
        cache,
    ]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)


def test_contracts_hold(tmp_path: Path) -> None:
    result = lint(ROOT / "src", tmp_path)
    assert result.returncode == 0, result.stdout


def test_every_contract_has_a_violation() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]} == set(VIOLATIONS)


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_violation_breaks_its_contract(contract: str, package: Path, tmp_path: Path) -> None:
    name, line = VIOLATIONS[contract]
    planted = package / name
    planted.write_text((planted.read_text() if planted.exists() else "") + f"\n{line}\n")

    result = lint(package.parent, tmp_path / "cache")

    assert result.returncode == 1, result.stdout
    assert f"{contract} BROKEN" in result.stdout


def test_an_unplaced_module_breaks_the_layers(package: Path, tmp_path: Path) -> None:
    (package / "unplaced.py").write_text('"""Belongs to no layer."""\n')

    assert "unplaced" in lint(package.parent, tmp_path / "cache").stdout
