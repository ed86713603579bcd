"""Pipelines with every option of a build, as a whole: nothing about them is left unexplained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from cfnlint.api import lint_file  # type: ignore[import-untyped] # it ships no types

from appdp.cdk import Build, DeliveryPipeline, ImageRepositories, PullThroughCache, Push, Scan, Soci
from tests.synth.environment import SHOP, STRONG
from tests.synth.example import findings, warnings
from tests.synth.pipeline import SOURCE

SHA256 = {"amd64": "a" * 64, "arm64": "b" * 64}
OPTIONS: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "soci": lambda _: {"build": Build(soci=Soci(version="0.15.0", sha256=SHA256))},
    "trivy": lambda _: {"scan": Scan.trivy(version="1.2.3", sha256=SHA256), "build": Build(sbom=True)},
    "cache": lambda stack: {"build": Build(pull_through=[PullThroughCache(stack, "Quay", upstream="quay")])},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_nothing_about_it_is_left_unexplained(tmp_path: Path, option: str) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=STRONG)
    stack = Stack(app, "pipeline")
    images = ImageRepositories(Stack(app, "images"), "Images", application=SHOP)
    DeliveryPipeline(
        stack,
        "Main",
        application=SHOP,
        repositories=images,
        source=SOURCE,
        trigger=Push(branches=["main"]),
        **OPTIONS[option](stack),
    )
    assert findings(app) == []
    assembly = app.synth()
    assert warnings(assembly) == []
    found = lint_file(Path(assembly.directory) / "pipeline.template.json")
    # A warning that is left: the CDK repeats in DependsOn what a Ref says already.
    assert [str(match) for match in found if match.rule.id != "W3005"] == []
