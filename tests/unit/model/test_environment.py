"""The manifests: they survive their parameters, and a newer version is refused."""

from __future__ import annotations

import json

import pytest

from appdp.errors import ConfigurationError
from appdp.model.environment import DeployerManifest, ImageRepository, ServiceManifest, StrategyKind

HOST = "1.dkr.ecr.us-east-1.amazonaws.com"
REPOSITORY = ImageRepository(registry=HOST, repository="shop/web", registry_id="1", region="us-east-1")
SERVICE = ServiceManifest(
    name="web",
    cluster="arn:cluster",
    service="arn:service",
    task_definition="arn:td:1",
    containers={"web": "web"},
    strategy=StrategyKind.BLUE_GREEN,
    desired_count=2,
    target_groups=("arn:blue", "arn:green"),
    test_url="http://test",
)
DEPLOYER = DeployerManifest(application="shop", environment="dev", state_machine="arn:sm", images={"web": REPOSITORY})


def test_manifests_survive_their_parameters() -> None:
    assert ServiceManifest.from_json(SERVICE.to_json()) == SERVICE
    assert DeployerManifest.from_json(DEPLOYER.to_json()) == DEPLOYER


def test_unknown_keys_are_left_out_and_optional_ones_may_be_missing() -> None:
    data = json.loads(SERVICE.to_json())
    del data["target_groups"], data["test_url"], data["version"]
    read = ServiceManifest.from_json(json.dumps({**data, "new": 1}))
    assert read.target_groups == ()
    assert read.test_url is None


@pytest.mark.parametrize("read", [ServiceManifest.from_json, DeployerManifest.from_json])
def test_a_newer_version_is_refused(read: type[ServiceManifest]) -> None:
    with pytest.raises(ConfigurationError, match="written by a newer appdp") as raised:
        read('{"version": 2}')  # type: ignore[call-arg]  # a class method of either
    assert "pip install --upgrade" in raised.value.hint


def test_only_rolling_has_no_green() -> None:
    assert [kind for kind in StrategyKind if not kind.shifts_traffic] == [StrategyKind.ROLLING]


def test_an_image_by_digest() -> None:
    assert REPOSITORY.by_digest("sha256:0") == f"{HOST}/shop/web@sha256:0"
