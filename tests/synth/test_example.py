"""The example as a whole: what it becomes, and that nothing about it is left unexplained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped] # it ships no types
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.synth.assembly import Assembly

STACKS = (
    *("shop-dev", "shop-dev-deployer", "shop-images", "shop-network"),
    *("shop-pipeline-main", "shop-pipeline-tags"),
)
HASH = re.compile(r"[0-9a-f]{64}")
EXAMPLE = Path(__file__).parents[2] / "examples" / "shop" / "app.py"


def test_it_has_the_stacks_that_the_readme_names(shop: Assembly) -> None:
    assert sorted(shop.templates) == sorted(STACKS)


@pytest.mark.parametrize("stack", STACKS)
def test_its_templates_change_on_purpose_only(shop: Assembly, snapshot: SnapshotAssertion, stack: str) -> None:
    # A change of a logical id replaces a resource in every user's account. Asset hashes follow the code: left out.
    template: dict[str, Any] = json.loads(HASH.sub("<hash>", json.dumps(shop.template(stack))))
    assert template == snapshot.use_extension(JSONSnapshotExtension)(name=stack)


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_no_error(shop: Assembly, stack: str) -> None:
    found = lint_file(shop.templates[stack])
    # A warning that is left: the CDK repeats in DependsOn what a Ref says already.
    assert [str(match) for match in found if match.rule.id != "W3005"] == []


def test_cdk_nag_finds_nothing_that_is_not_explained(shop: Assembly) -> None:
    assert shop.findings == []


def test_the_cdk_warns_of_nothing_that_is_not_explained(shop: Assembly) -> None:
    assert shop.warnings == []
    assert shop.said == ""


def test_the_program_is_under_fifty_lines() -> None:
    _, _, program = EXAMPLE.read_text().partition("# One repository per image")
    assert len(program.splitlines()) < 50
