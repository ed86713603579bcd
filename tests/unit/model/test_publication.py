"""What a pipeline publishes: its values survive their parameters, and what cannot be is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appdp.errors import ConfigurationError
from appdp.model.publication import SEVERITIES, LatestRelease, PipelineManifest, Place, PublishedImage, ScanRule

HOST = "1.dkr.ecr.us-east-1.amazonaws.com"
LATEST = LatestRelease(release="c1", published_at=12.5, pipeline="main")
RULE = ScanRule(kind="ecr_enhanced", severity="HIGH", ignore_unfixed=True, timeout_seconds=900)


def image(name: str, registry_id: str = "1") -> PublishedImage:
    return PublishedImage(
        registry=f"{registry_id}.dkr.ecr.us-east-1.amazonaws.com",
        repository=f"shop/{name}",
        registry_id=registry_id,
        region="us-east-1",
        platforms=("linux/arm64", "linux/amd64"),
    )


MANIFEST = PipelineManifest(
    application="shop",
    pipeline="main",
    images={"web": image("web"), "api": image("api", "2"), "job": image("job")},
    scan=RULE,
    environments=("dev", "prod"),
)


def test_a_manifest_survives_its_parameter() -> None:
    read = PipelineManifest.from_json(MANIFEST.to_json())
    assert read == MANIFEST
    assert list(read.images) == ["web", "api", "job"]
    assert read.images["api"].by_digest("sha256:0") == "2.dkr.ecr.us-east-1.amazonaws.com/shop/api@sha256:0"


def test_a_manifest_without_scan_and_environments() -> None:
    bare = PipelineManifest(application="shop", pipeline="main", images={"web": image("web")})
    assert PipelineManifest.from_json(bare.to_json()) == bare
    data = json.loads(bare.to_json())
    del data["scan"], data["environments"], data["version"]
    assert PipelineManifest.from_json(json.dumps({**data, "new": 1})) == bare


def test_environments_elsewhere_survive_the_parameter() -> None:
    places = {"prod": Place(region="eu-west-1", role="arn:aws:iam::1:role/x"), "asia": Place(region="ap-northeast-1")}
    manifest = replace(MANIFEST, environments=("dev", "prod", "asia"), elsewhere=places)
    assert PipelineManifest.from_json(manifest.to_json()).elsewhere == places
    data = json.loads(manifest.to_json())
    data["elsewhere"]["asia"] = {"region": "ap-northeast-1", "new": 1}
    assert PipelineManifest.from_json(json.dumps(data)) == manifest
    del data["elsewhere"]
    assert PipelineManifest.from_json(json.dumps(data)).elsewhere == {}


def test_tokens_of_the_cdk_are_written_as_they_are() -> None:
    unresolved_text = "${Token[AWS.AccountId.3]}"
    unresolved = PublishedImage(
        registry=f"{unresolved_text}.dkr.ecr",
        repository=unresolved_text,
        registry_id=unresolved_text,
        region=unresolved_text,
        platforms=("linux/amd64",),
    )
    text = PipelineManifest(application="shop", pipeline="main", images={"web": unresolved}).to_json()
    assert PipelineManifest.from_json(text).images == {"web": unresolved}


def test_forty_images_fit_into_a_standard_parameter() -> None:
    names = [f"image-{number:02}" for number in range(40)]
    many = PipelineManifest(application="shop", pipeline="main", images={name: image(name) for name in names})
    assert len(many.to_json()) <= 4096


def test_a_rule_with_unknown_keys_is_read() -> None:
    data = json.loads(MANIFEST.to_json())
    data["scan"]["new"] = 1
    assert PipelineManifest.from_json(json.dumps(data)).scan == RULE


def test_the_latest_release_survives_its_parameter() -> None:
    assert LatestRelease.from_json(LATEST.to_json()) == LATEST
    assert LATEST.to_json() == '{"version":1,"release":"c1","published_at":12.5,"pipeline":"main"}'


@pytest.mark.parametrize("read", [PipelineManifest.from_json, LatestRelease.from_json])
def test_a_newer_version_is_refused(read: Callable[[str], object]) -> None:
    with pytest.raises(ConfigurationError, match="written by a newer appdp") as raised:
        read('{"version": 2}')
    assert "Upgrade appdp" in raised.value.hint


@pytest.mark.parametrize("read", [PipelineManifest.from_json, LatestRelease.from_json])
@pytest.mark.parametrize("text", ["", "c1", "[]", "{}", '{"version": "x"}', '{"images": {"web": 1}}'])
def test_what_is_no_value_is_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["application", "pipeline", "images", "registries", "scan", "environments", "elsewhere", "in", "web"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)


@given(JSON)
def test_any_value_is_read_or_refused(value: object) -> None:
    try:
        PipelineManifest.from_json(json.dumps(value))
    except ConfigurationError:
        return


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "trivy"}, "kind='trivy': allowed are ecr_basic, ecr_enhanced"),
        ({"severity": "BAD"}, "severity='BAD': allowed are CRITICAL, HIGH, MEDIUM, LOW"),
        ({"kind": "ecr_basic", "ignore_unfixed": True}, "do not say whether there is a correction"),
        ({"timeout_seconds": 59}, "may not take 59 s: allowed are 60 to 82,800 s"),
        ({"timeout_seconds": 82_801}, "may not take 82801 s"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {
        "kind": "ecr_enhanced",
        "severity": "HIGH",
        "ignore_unfixed": False,
        "timeout_seconds": 600,
    }
    with pytest.raises(ConfigurationError, match=said):
        ScanRule(**{**given, **changed})


@pytest.mark.parametrize(("severity", "stops"), [("CRITICAL", 1), ("HIGH", 2), ("MEDIUM", 3), ("LOW", 4)])
def test_a_severity_includes_those_that_are_worse(severity: Any, stops: int) -> None:  # noqa: ANN401 - a literal
    rule = ScanRule(kind="ecr_basic", severity=severity, ignore_unfixed=False, timeout_seconds=60)
    assert rule.severities == SEVERITIES[:stops]
