"""Amazon ECR as the engine and Docker use it: moving environment tags on otherwise immutable repositories.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

import hashlib
import json
import urllib.request
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest

from appdp.local.calls import Call
from appdp.local.clients import SECRET
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.roles import registry_token

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EXCLUSIONS = [{"filterType": "WILDCARD", "filter": "env-*"}, {"filterType": "WILDCARD", "filter": "cache-*"}]


class Pushing:
    """Pushes to one repository through the registry's HTTP API, as docker does."""

    def __init__(self, aws: EmbeddedAws, repository: str) -> None:
        self._host = aws.endpoint.url.removeprefix("http://")
        self.repository = repository
        self.token = registry_token()

    def request(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self._host, timeout=10)
        try:
            headers = {"Authorization": f"Basic {self.token}", **({"Content-Type": kind} if kind else {})}
            connection.request(method, f"/v2/{self.repository}/{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def blob(self, content: bytes) -> str:
        digest = _digest(content)
        _, headers, _ = self.request("POST", "blobs/uploads/")
        location = headers["location"].removeprefix(f"/v2/{self.repository}/")
        joint = "&" if "?" in location else "?"
        status, _, _ = self.request("PUT", f"{location}{joint}digest={digest}", content, "application/octet-stream")
        assert status == 201
        return digest

    def manifest(self, content: dict[str, Any], name: str) -> tuple[int, str]:
        body = json.dumps(content).encode()
        status, _, _ = self.request("PUT", f"manifests/{name}", body, str(content["mediaType"]))
        return status, _digest(body)

    def image(self, tag: str, text: str = "layer", architecture: str = "amd64") -> str:
        config = self.blob(json.dumps({"os": "linux", "architecture": architecture, "text": text}).encode())
        layer = self.blob(text.encode())
        content = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": config, "size": 10},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": len(text)}],
        }
        status, digest = self.manifest(content, tag)
        assert status == 201
        return digest

    def index(self, tag: str, children: dict[str, str]) -> str:
        entries = [
            {
                "mediaType": MANIFEST,
                "digest": digest,
                "size": 1,
                "platform": {"os": "linux", "architecture": architecture},
            }
            for architecture, digest in children.items()
        ]
        status, digest = self.manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}, tag)
        assert status == 201
        return digest


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def pushing(aws: EmbeddedAws, request: pytest.FixtureRequest) -> Pushing:
    name = f"shop/{request.node.name.replace('_', '-')}"
    aws.client("ecr").create_repository(
        repositoryName=name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=EXCLUSIONS,
    )
    return Pushing(aws, name)


def _get(aws: EmbeddedAws, repository: str, **image_id: str) -> dict[str, Any]:
    answer = aws.client("ecr").batch_get_image(
        repositoryName=repository, imageIds=[image_id], acceptedMediaTypes=[INDEX, MANIFEST]
    )
    assert answer["failures"] == []
    return dict(answer["images"][0])


def _move(aws: EmbeddedAws, repository: str, digest: str, tag: str) -> None:
    image = _get(aws, repository, imageDigest=digest)
    aws.client("ecr").put_image(
        repositoryName=repository,
        imageManifest=image["imageManifest"],
        imageManifestMediaType=image["imageManifestMediaType"],
        imageTag=tag,
        imageDigest=digest,
    )


def test_a_repository_keeps_its_exclusion_filters(aws: EmbeddedAws, pushing: Pushing) -> None:
    found = aws.client("ecr").describe_repositories(repositoryNames=[pushing.repository])["repositories"][0]
    assert found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert found["imageTagMutabilityExclusionFilters"] == EXCLUSIONS


def test_an_excluded_tag_moves_and_another_does_not(aws: EmbeddedAws, pushing: Pushing) -> None:
    ecr = aws.client("ecr")
    first, second = pushing.image("r1", "one"), pushing.image("r2", "two")
    _move(aws, pushing.repository, first, "env-dev")
    _move(aws, pushing.repository, second, "env-dev")
    assert _get(aws, pushing.repository, imageTag="env-dev")["imageId"] == {
        "imageDigest": second,
        "imageTag": "env-dev",
    }
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException, match="immutable"):
        _move(aws, pushing.repository, second, "r1")
    assert _get(aws, pushing.repository, imageTag="r1")["imageId"]["imageDigest"] == first


def test_the_registry_keeps_tags_immutable_too(pushing: Pushing) -> None:
    pushing.image("r1", "one")
    status, _ = pushing.manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}, "r1")
    assert status == 400
    pushing.image("cache-amd64", "one")
    pushing.image("cache-amd64", "two")


def test_moving_a_tag_to_where_it_is_already(aws: EmbeddedAws, pushing: Pushing) -> None:
    """See: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html"""
    digest = pushing.image("r1")
    _move(aws, pushing.repository, digest, "env-dev")
    with pytest.raises(aws.client("ecr").exceptions.ImageAlreadyExistsException):
        _move(aws, pushing.repository, digest, "env-dev")


def test_an_index_is_read_by_tag_and_by_digest(aws: EmbeddedAws, pushing: Pushing) -> None:
    amd64, arm64 = pushing.image("r1-amd64", "a", "amd64"), pushing.image("r1-arm64", "b", "arm64")
    index = pushing.index("r1", {"amd64": amd64, "arm64": arm64})
    by_tag = _get(aws, pushing.repository, imageTag="r1")
    assert by_tag["imageId"] == {"imageDigest": index, "imageTag": "r1"}
    assert by_tag["imageManifestMediaType"] == INDEX
    assert _digest(by_tag["imageManifest"].encode()) == index
    assert _get(aws, pushing.repository, imageDigest=index)["imageId"] == {"imageDigest": index}
    status, headers, body = pushing.request("GET", f"manifests/{index}")
    assert (status, headers["docker-content-digest"], _digest(body)) == (200, index, index)


def test_an_index_that_the_api_put_is_pulled_by_digest(aws: EmbeddedAws, pushing: Pushing) -> None:
    entry = {"mediaType": MANIFEST, "digest": pushing.image("r1-amd64"), "size": 1}
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
    put = aws.client("ecr").put_image(
        repositoryName=pushing.repository, imageManifest=body, imageManifestMediaType=INDEX, imageTag="r1"
    )["image"]
    digest = put["imageId"]["imageDigest"]
    assert digest == _digest(body.encode())
    assert pushing.request("GET", f"manifests/{digest}")[2] == body.encode()


def test_an_image_that_is_not_there(aws: EmbeddedAws, pushing: Pushing) -> None:
    ecr = aws.client("ecr")
    answer = ecr.batch_get_image(repositoryName=pushing.repository, imageIds=[{"imageTag": "nope"}])
    assert answer["images"] == []
    assert answer["failures"][0]["failureCode"] == "ImageNotFound"
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName=pushing.repository, imageIds=[{"imageTag": "nope"}])
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_images(repositoryName="nope")


def test_a_configuration_is_read_through_its_download_url(aws: EmbeddedAws, pushing: Pushing) -> None:
    pushing.image("r1", architecture="arm64")
    ecr = aws.client("ecr")
    config = json.loads(_get(aws, pushing.repository, imageTag="r1")["imageManifest"])["config"]["digest"]
    url = ecr.get_download_url_for_layer(repositoryName=pushing.repository, layerDigest=config)["downloadUrl"]
    assert url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of the embedded AWS
        assert json.loads(answer.read())["architecture"] == "arm64"
    with pytest.raises(ecr.exceptions.LayersNotFoundException):
        ecr.get_download_url_for_layer(repositoryName=pushing.repository, layerDigest="sha256:" + "0" * 64)


def test_the_registry_lets_nobody_in_without_a_password(aws: EmbeddedAws, pushing: Pushing) -> None:
    """See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html"""
    for path in ("/v2/", f"/v2/{pushing.repository}/manifests/r1", f"/v2/{pushing.repository}/blobs/sha256:0"):
        connection = HTTPConnection(aws.endpoint.url.removeprefix("http://"), timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 401
            assert answer.headers["Www-Authenticate"].startswith('Basic realm="http://127.0.0.1:')
        finally:
            connection.close()


def test_a_call_of_a_role_is_recorded_and_so_is_what_it_does_with_its_password(
    aws: EmbeddedAws, pushing: Pushing
) -> None:
    role = f"arn:aws:iam::000000000000:role/{pushing.repository}"
    ecr = boto3.client(
        "ecr",
        endpoint_url=aws.endpoint.url,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key=SECRET,
        aws_session_token=role,
    )
    given = ecr.get_authorization_token()["authorizationData"][0]
    ecr.close()
    pushing.image("r1")
    pushing.token = given["authorizationToken"]
    assert pushing.request("GET", "manifests/r1")[0] == 200
    arn = f"arn:aws:ecr:us-east-1:000000000000:repository/{pushing.repository}"
    assert [call for call in aws.calls() if call.role == role] == [
        Call(role, "ecr:BatchGetImage", arn),
        Call(role, "ecr:GetAuthorizationToken", "*"),
    ]


def test_images_are_listed_in_pages(aws: EmbeddedAws, pushing: Pushing) -> None:
    ecr = aws.client("ecr")
    pushed = {pushing.image(f"r{number}", f"text {number}") for number in range(5)}
    pushing.image("env-dev", "text 4")
    pages = list(
        ecr.get_paginator("describe_images").paginate(
            repositoryName=pushing.repository, filter={"tagStatus": "TAGGED"}, PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["imageDetails"]) for page in pages] == [2, 2, 1]
    details = [detail for page in pages for detail in page["imageDetails"]]
    assert {detail["imageDigest"] for detail in details} == pushed
    assert sorted(tag for detail in details for tag in detail["imageTags"]) == ["env-dev", "r0", "r1", "r2", "r3", "r4"]
    assert details[0]["imageSizeInBytes"] == len("text 0") + 10
    ids = [
        found
        for page in ecr.get_paginator("list_images").paginate(
            repositoryName=pushing.repository, PaginationConfig={"PageSize": 4}
        )
        for found in page["imageIds"]
    ]
    assert sorted(found["imageTag"] for found in ids) == ["env-dev", "r0", "r1", "r2", "r3", "r4"]


def test_deleting_a_tag_leaves_the_image_until_its_last_tag(aws: EmbeddedAws, pushing: Pushing) -> None:
    """See: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html"""
    ecr = aws.client("ecr")
    digest = pushing.image("r1")
    _move(aws, pushing.repository, digest, "env-dev")
    ecr.batch_delete_image(repositoryName=pushing.repository, imageIds=[{"imageTag": "r1"}])
    assert _get(aws, pushing.repository, imageTag="env-dev")["imageId"]["imageDigest"] == digest
    ecr.batch_delete_image(repositoryName=pushing.repository, imageIds=[{"imageTag": "env-dev"}])
    answer = ecr.batch_get_image(repositoryName=pushing.repository, imageIds=[{"imageDigest": digest}])
    assert answer["images"] == []
    assert pushing.request("GET", f"manifests/{digest}")[0] == 404
