"""The repositories: what goes by itself, what never does, and who encrypts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template
from cfnlint.api import lint_file  # type: ignore[import-untyped] # it ships no types

from appdp.cdk import ImageRepositories
from appdp.errors import ConfigurationError
from tests.synth.assembly import resources_of
from tests.synth.environment import SHOP, STRONG
from tests.synth.example import findings, warnings

KEY = "arn:aws:kms:eu-west-1:111122223333:key/00000000-aaaa-4bbb-8ccc-000000000000"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(App(outdir=str(tmp_path), post_cli_context=STRONG), "images")


def repositories(stack: Stack, **options: Any) -> list[dict[str, Any]]:
    ImageRepositories(stack, "Images", application=SHOP, **options)
    found = resources_of(Template.from_stack(stack).to_json(), "AWS::ECR::Repository")
    return [item["Properties"] for item in found.values()]


@pytest.mark.parametrize(("options", "days"), [({}, 14), ({"untagged_days": 1}, 1)])
def test_only_what_has_no_tag_goes_by_itself(stack: Stack, options: dict[str, Any], days: int) -> None:
    found = repositories(stack, **options)
    assert len(found) == len(SHOP.images)
    for properties in found:
        # A rule for tags, or for any status, could take a release, or an index over what runs.
        (rule,) = json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        assert rule["selection"] == {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": days,
        }
        assert rule["action"] == {"type": "expire"}


def test_everything_may_stay(stack: Stack) -> None:
    assert all("LifecyclePolicy" not in properties for properties in repositories(stack, untagged_days=None))


@pytest.mark.parametrize("days", [0, -1])
def test_less_than_a_day_is_refused(stack: Stack, days: int) -> None:
    with pytest.raises(
        ConfigurationError, match=f"images/Images: untagged_days={days}: allowed are 1 or more, or None"
    ):
        repositories(stack, untagged_days=days)


def test_ecr_encrypts_with_its_own_key_unless_there_is_another(stack: Stack) -> None:
    assert all("EncryptionConfiguration" not in properties for properties in repositories(stack))


def test_a_key_of_ones_own_encrypts(stack: Stack) -> None:
    found = repositories(stack, encryption_key=kms.Key.from_key_arn(stack, "Key", KEY))
    assert [item["EncryptionConfiguration"] for item in found] == [{"EncryptionType": "KMS", "KmsKey": KEY}] * 2


def test_nothing_about_them_is_left_unexplained(stack: Stack, tmp_path: Path) -> None:
    app = stack.node.root
    assert isinstance(app, App)
    ImageRepositories(stack, "Images", application=SHOP, encryption_key=kms.Key.from_key_arn(stack, "Key", KEY))
    assert findings(app) == []
    assert warnings(app.synth()) == []
    assert [str(match) for match in lint_file(tmp_path / "images.template.json")] == []
