"""Amazon ECR."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appdp.aws.registry import CONFIG_TYPES, INDEX_TYPES, MANIFEST_TYPES, EcrRegistry
from appdp.aws.session import Session
from appdp.errors import Refused, RemoteError
from tests.unit.aws.server import AwsSays, AwsServer

WHERE = ("000000000000", "us-east-1", "shop/api")


def holding(aws: AwsServer, manifest: dict[str, Any], media_type: str = INDEX_TYPES[0]) -> None:
    text = json.dumps(manifest)
    aws.answers["BatchGetImage"] = lambda asked: {
        "images": [
            {
                "imageId": {"imageDigest": "sha256:top", **asked["imageIds"][0]},
                "imageManifest": text,
                "imageManifestMediaType": media_type,
            }
        ],
        "failures": [],
    }


def plain(config_type: str = CONFIG_TYPES[0]) -> dict[str, Any]:
    return {"config": {"mediaType": config_type, "digest": "sha256:cfg"}, "layers": []}


def test_an_index_gives_its_platforms_and_not_its_attestations(aws: AwsServer, session: Session) -> None:
    entries = [
        {"digest": "sha256:amd", "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {"digest": "sha256:pi", "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
        {"digest": "sha256:att", "platform": {"os": "unknown", "architecture": "unknown"}},
        {"digest": "sha256:soci", "artifactType": "x", "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "sha256:odd"},
    ]
    holding(aws, {"manifests": entries})
    found = EcrRegistry(session).resolve(*WHERE, "v1")
    assert found is not None
    assert (found.digest, found.tags) == ("sha256:top", ("v1",))
    assert found.platforms == {
        "linux/amd64": "sha256:amd",
        "linux/arm64": "sha256:arm",
        "linux/arm/v7": "sha256:pi",
    }
    asked = aws.last("BatchGetImage").payload
    assert asked["imageIds"] == [{"imageTag": "v1"}]
    assert set(asked["acceptedMediaTypes"]) == {*INDEX_TYPES, *MANIFEST_TYPES}


def test_a_digest_is_asked_for_as_a_digest(aws: AwsServer, session: Session) -> None:
    holding(aws, {"manifests": []})
    found = EcrRegistry(session).resolve(*WHERE, "sha256:abc")
    assert found is not None
    assert found.tags == ()
    assert aws.last("BatchGetImage").payload["imageIds"] == [{"imageDigest": "sha256:abc"}]


def test_a_plain_image_names_its_platform_in_its_configuration(aws: AwsServer, session: Session) -> None:
    holding(aws, plain(), MANIFEST_TYPES[0])
    aws.files["/blob"] = json.dumps({"os": "linux", "architecture": "arm64"}).encode()
    aws.answers["GetDownloadUrlForLayer"] = lambda asked: {
        "downloadUrl": f"{aws.url}/blob",
        "layerDigest": asked["layerDigest"],
    }
    found = EcrRegistry(session).resolve(*WHERE, "v1")
    assert found is not None
    assert found.platforms == {"linux/arm64": "sha256:top"}
    assert aws.last("GetDownloadUrlForLayer").payload["layerDigest"] == "sha256:cfg"


def test_an_artifact_that_is_no_image_has_no_platform(aws: AwsServer, session: Session) -> None:
    holding(aws, plain("application/vnd.cncf.notary.signature"), MANIFEST_TYPES[0])
    found = EcrRegistry(session).resolve(*WHERE, "v1")
    assert found is not None
    assert found.platforms == {}


@pytest.mark.parametrize("url", ["/not-there", "file:///etc/passwd"])
def test_a_configuration_that_cannot_be_read(aws: AwsServer, session: Session, url: str) -> None:
    holding(aws, plain(), MANIFEST_TYPES[0])
    place = url if ":" in url else f"{aws.url}{url}"
    aws.answers["GetDownloadUrlForLayer"] = lambda _: {"downloadUrl": place, "layerDigest": "sha256:cfg"}
    with pytest.raises(RemoteError):
        EcrRegistry(session).resolve(*WHERE, "v1")


def test_a_tag_that_is_not_there(aws: AwsServer, session: Session) -> None:
    aws.answers["BatchGetImage"] = lambda asked: {
        "images": [],
        "failures": [{"imageId": asked["imageIds"][0], "failureCode": "ImageNotFound"}],
    }
    assert EcrRegistry(session).resolve(*WHERE, "v9") is None


def test_another_failure_is_not_mistaken_for_a_missing_image(aws: AwsServer, session: Session) -> None:
    aws.answers["BatchGetImage"] = lambda _: {
        "images": [],
        "failures": [{"failureCode": "KmsError", "failureReason": "key is gone"}],
    }
    with pytest.raises(RemoteError, match="key is gone"):
        EcrRegistry(session).resolve(*WHERE, "v9")


@pytest.mark.parametrize("operation", ["BatchGetImage", "DescribeImages"])
def test_a_repository_that_is_not_there(aws: AwsServer, session: Session, operation: str) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("RepositoryNotFoundException")

    aws.answers[operation] = refuse
    registry = EcrRegistry(session)
    with pytest.raises(Refused, match="There is no repository 'shop/api' in registry 000000000000"):
        registry.resolve(*WHERE, "v1") if operation == "BatchGetImage" else registry.images(*WHERE)


def test_another_error_keeps_its_code(aws: AwsServer, session: Session) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("AccessDeniedException")

    aws.answers["BatchGetImage"] = refuse
    with pytest.raises(RemoteError, match="ecr:BatchGetImage"):
        EcrRegistry(session).resolve(*WHERE, "v1")


def test_images_come_newest_first_from_all_pages(aws: AwsServer, session: Session) -> None:
    def page(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["filter"] == {"tagStatus": "TAGGED"}
        if "nextToken" not in asked:
            return {
                "imageDetails": [{"imageDigest": "sha256:1", "imageTags": ["v1"], "imagePushedAt": 100}],
                "nextToken": "more",
            }
        return {"imageDetails": [{"imageDigest": "sha256:2", "imageTags": ["v2", "env-dev"], "imagePushedAt": 200}]}

    aws.answers["DescribeImages"] = page
    found = EcrRegistry(session).images(*WHERE)
    assert [(image.digest, image.tags, image.pushed_at) for image in found] == [
        ("sha256:2", ("v2", "env-dev"), 200.0),
        ("sha256:1", ("v1",), 100.0),
    ]


def test_a_tag_moves_with_the_exact_bytes_of_the_manifest(aws: AwsServer, session: Session) -> None:
    manifest = '{ "manifests":[],\n  "odd":   "spacing é" }'
    aws.answers["BatchGetImage"] = lambda asked: {
        "images": [
            {"imageId": asked["imageIds"][0], "imageManifest": manifest, "imageManifestMediaType": INDEX_TYPES[0]}
        ]
    }
    aws.answers["PutImage"] = lambda _: {"image": {}}
    EcrRegistry(session).move_tag(*WHERE, digest="sha256:abc", tag="env-dev")
    assert aws.last("PutImage").payload == {
        "registryId": "000000000000",
        "repositoryName": "shop/api",
        "imageManifest": manifest,
        "imageManifestMediaType": INDEX_TYPES[0],
        "imageTag": "env-dev",
        "imageDigest": "sha256:abc",
    }


def moving(aws: AwsServer, code: str) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays(code)

    holding(aws, {"manifests": []})
    aws.answers["PutImage"] = refuse


def test_moving_a_tag_again_changes_nothing(aws: AwsServer, session: Session) -> None:
    moving(aws, "ImageAlreadyExistsException")
    EcrRegistry(session).move_tag(*WHERE, digest="sha256:abc", tag="env-dev")
    assert aws.operations() == ["BatchGetImage", "PutImage"]


def test_a_repository_that_does_not_let_the_tag_move(aws: AwsServer, session: Session) -> None:
    moving(aws, "ImageTagAlreadyExistsException")
    with pytest.raises(Refused, match="env-"):
        EcrRegistry(session).move_tag(*WHERE, digest="sha256:abc", tag="env-dev")


def test_a_move_that_is_denied(aws: AwsServer, session: Session) -> None:
    moving(aws, "AccessDeniedException")
    with pytest.raises(RemoteError, match="ecr:PutImage"):
        EcrRegistry(session).move_tag(*WHERE, digest="sha256:abc", tag="env-dev")


def test_a_move_to_an_image_that_is_not_there(aws: AwsServer, session: Session) -> None:
    aws.answers["BatchGetImage"] = lambda _: {"images": [], "failures": []}
    with pytest.raises(Refused, match="sha256:abc"):
        EcrRegistry(session).move_tag(*WHERE, digest="sha256:abc", tag="env-dev")
