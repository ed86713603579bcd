"""The Lambda functions' code is our own package, and small."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from appdp.cdk.runtime_asset import PARTS
from tests.synth.assembly import Assembly, resources_of
from tests.synth.environment import Environment

SIZE_LIMIT = 256 * 1024


def asset(shop: Assembly) -> Path:
    (folder,) = shop.folder.glob("asset.*")
    return folder


def test_it_holds_our_own_package_only(shop: Assembly) -> None:
    files = {path.relative_to(asset(shop)).as_posix() for path in asset(shop).rglob("*") if path.is_file()}
    assert {"appdp/__init__.py", "appdp/errors.py", "appdp/runtime/gate.py", "appdp/runtime/advance.py"} <= files
    allowed = ("appdp/__init__.py", *(f"appdp/{part}" for part in PARTS))
    assert [name for name in sorted(files) if not name.startswith(allowed)] == []
    assert [name for name in sorted(files) if not name.endswith(".py")] == []


def test_it_is_small(shop: Assembly, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "asset.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in asset(shop).rglob("*"):
            zipped.write(path, path.relative_to(asset(shop)))
    size = archive.stat().st_size
    with capsys.disabled():
        print(f"[the Lambda asset: {size / 1024:.0f} KiB zipped]", end=" ")  # noqa: T201 - the figure is wanted
    assert size < SIZE_LIMIT


def test_its_hash_depends_on_its_content_alone(shop: Assembly, environment: Environment) -> None:
    first = asset(shop).name.removeprefix("asset.")
    functions = resources_of(environment.deployers, "AWS::Lambda::Function").values()
    assert {item["Properties"]["Code"]["S3Key"] for item in functions} == {f"{first}.zip"}


def test_every_handler_is_in_it(shop: Assembly) -> None:
    for function in resources_of(shop.template("shop-dev-deployer"), "AWS::Lambda::Function").values():
        module, _, name = function["Properties"]["Handler"].rpartition(".")
        source = asset(shop) / (module.replace(".", "/") + ".py")
        assert f"def {name}(" in source.read_text()
