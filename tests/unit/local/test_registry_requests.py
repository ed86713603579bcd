"""Requests of Docker and BuildKit to the registry, and the IAM actions that ECR checks for them."""

from __future__ import annotations

import base64

import pytest

from appdp.local.registry_requests import SIGNED_DOWNLOAD, RegistryRequest, challenge
from appdp.local.roles import REGISTRY_PASSWORD, registry_login, registry_token, role_of

ROLE = "arn:aws:iam::000000000000:role/appdp/shop/pipelines/main/Build"


@pytest.mark.parametrize(
    ("method", "rest", "headers", "actions"),
    [
        ("GET", "manifests/r1", {}, {"ecr:BatchGetImage"}),
        ("HEAD", "manifests/sha256:0", {}, {"ecr:BatchGetImage"}),
        ("PUT", "manifests/r1", {"content-length": "9"}, {"ecr:PutImage"}),
        ("HEAD", "blobs/sha256:0", {}, {"ecr:BatchCheckLayerAvailability"}),
        ("GET", "blobs/sha256:0", {}, {"ecr:GetDownloadUrlForLayer"}),
        ("POST", "blobs/uploads/", {"content-length": "0"}, {"ecr:InitiateLayerUpload"}),
        ("PATCH", "blobs/uploads/1", {"transfer-encoding": "chunked"}, {"ecr:UploadLayerPart"}),
        ("PUT", "blobs/uploads/1", {"content-length": "0"}, {"ecr:CompleteLayerUpload"}),
        ("PUT", "blobs/uploads/1", {"content-length": "9"}, {"ecr:CompleteLayerUpload", "ecr:UploadLayerPart"}),
        (
            "PUT",
            "blobs/uploads/1",
            {"transfer-encoding": "chunked"},
            {"ecr:CompleteLayerUpload", "ecr:UploadLayerPart"},
        ),
        ("GET", "tags/list", {}, {"ecr:ListImages"}),
        ("DELETE", "manifests/r1", {}, set()),
    ],
)
def test_what_a_request_needs(method: str, rest: str, headers: dict[str, str], actions: set[str]) -> None:
    found = RegistryRequest.read(method, f"/v2/shop/web/{rest}", headers)
    assert found is not None
    assert (found.repository, set(found.actions)) == ("shop/web", actions)


def test_asking_for_the_registry_itself_needs_nothing() -> None:
    assert RegistryRequest.read("GET", "/v2/", {}) == RegistryRequest(repository="", actions=())


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/v2/apis", {}),
        ("/v2/email/identities", {}),
        ("/v2/", {"authorization": "AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/apigateway/aws4_request"}),
    ],
)
def test_what_is_not_for_the_registry(path: str, headers: dict[str, str]) -> None:
    assert RegistryRequest.read("GET", path, headers) is None


def test_who_has_no_password_is_asked_for_one() -> None:
    answer = challenge({"host": "localhost:4566"}, "")
    assert answer is not None
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="http://localhost:4566/",service="ecr.amazonaws.com"'


@pytest.mark.parametrize("authorization", ["Bearer x", "Basic !", f"Basic {base64.b64encode(b'AWS').decode()}"])
def test_what_is_no_password(authorization: str) -> None:
    assert challenge({"authorization": authorization}, "") is not None


def test_a_password_and_a_signed_address_open_the_registry() -> None:
    login = {name.lower(): value for name, value in registry_login().items()}
    assert challenge(login, "") is None
    assert challenge({}, SIGNED_DOWNLOAD) is None


def test_a_password_says_whose_it_is() -> None:
    assert role_of({"authorization": f"Basic {registry_token(ROLE)}"}) == ROLE
    assert role_of({"x-amz-security-token": ROLE}) == ROLE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": f"Basic {registry_token()}"},
        {"authorization": "AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/ecr/aws4_request"},
        {"x-amz-security-token": "FwoGZXIvYXdzEBY"},
    ],
)
def test_who_is_no_role(headers: dict[str, str]) -> None:
    assert role_of(headers) == ""
    assert base64.b64decode(registry_token()).decode() == f"AWS:{REGISTRY_PASSWORD}"
