"""A registry's distribution API, on the wire."""

from __future__ import annotations

import base64
import hashlib
import json
import time

import pytest

from appdp.aws.distribution import ATTEMPTS, EcrDistribution
from appdp.aws.registry import INDEX_TYPES, MANIFEST_TYPES
from appdp.aws.session import Session
from appdp.engine.deploy import passes
from appdp.engine.publish.ports import Manifest, TagTaken
from appdp.errors import CredentialsError, Refused, RemoteError, Throttled
from appdp.model.environment import ImageRepository
from tests.unit.aws.server import AwsServer, RegistryAnswer

AT = ImageRepository(
    registry="000000000000.dkr.ecr.us-east-1.amazonaws.com",
    repository="shop/api",
    registry_id="000000000000",
    region="us-east-1",
)
CONTENT = b'{"manifests":[]}'
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
GET, PUT = "GET /v2/shop/api/manifests/c1", "PUT /v2/shop/api/manifests/c1"
PASSWORD = base64.b64encode(b"AWS:secret").decode()


def error(status: int, code: str, message: str = "no") -> RegistryAnswer:
    return status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), {}


def good(content: bytes = CONTENT, digest: str = DIGEST, kind: str = INDEX_TYPES[0]) -> RegistryAnswer:
    return 200, content, {"Docker_Content_Digest": digest, "kind": kind}


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def distribution(aws: AwsServer, session: Session, pauses: list[float]) -> EcrDistribution:
    grant(aws)
    return EcrDistribution(session, sleep=pauses.append)


def grant(aws: AwsServer, endpoint: str | None = None, seconds: float = 43_200) -> None:
    """ECR gives a password for so long."""
    aws.answers["GetAuthorizationToken"] = lambda _: {
        "authorizationData": [
            {
                "authorizationToken": PASSWORD,
                "expiresAt": time.time() + seconds,
                "proxyEndpoint": endpoint or aws.url,
            }
        ]
    }


def test_a_manifest_comes_byte_for_byte(aws: AwsServer, distribution: EcrDistribution) -> None:
    aws.registry[GET] = [good(kind=f"{INDEX_TYPES[0]}; charset=utf-8")]
    assert distribution.manifest(AT, "c1") == Manifest(content=CONTENT, media_type=INDEX_TYPES[0], digest=DIGEST)
    sent = aws.last(GET).headers
    assert sent["Authorization"] == f"Basic {PASSWORD}"
    assert sent["Accept"] == ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
    assert sent["User-Agent"].startswith("appdp/")


def test_a_manifest_by_its_digest(aws: AwsServer, distribution: EcrDistribution) -> None:
    path = f"GET /v2/shop/api/manifests/{DIGEST}"
    aws.registry[path] = [good()]
    assert distribution.manifest(AT, DIGEST) is not None
    aws.registry[path] = [(200, b"other", {})]
    with pytest.raises(RemoteError, match="gave other content"):
        distribution.manifest(AT, DIGEST)


@pytest.mark.parametrize("answer", [error(404, "MANIFEST_UNKNOWN"), (404, b"", {})])
def test_a_tag_that_is_not_there(aws: AwsServer, distribution: EcrDistribution, answer: RegistryAnswer) -> None:
    aws.registry[GET] = [answer]
    assert distribution.manifest(AT, "c1") is None


def test_content_that_is_not_what_the_registry_says(aws: AwsServer, distribution: EcrDistribution) -> None:
    aws.registry[GET] = [good(content=b"changed on the way")]
    with pytest.raises(RemoteError, match=f"told {DIGEST}"):
        distribution.manifest(AT, "c1")


def test_a_push_sends_the_bytes_and_their_type(aws: AwsServer, distribution: EcrDistribution) -> None:
    aws.registry[PUT] = [(201, b"", {"Docker_Content_Digest": DIGEST})]
    assert distribution.put(AT, "c1", CONTENT, INDEX_TYPES[0]) == DIGEST
    sent = aws.last(PUT)
    assert sent.body == CONTENT
    assert sent.headers["Content-Type"] == INDEX_TYPES[0]


def test_a_push_that_the_registry_took_for_something_else(aws: AwsServer, distribution: EcrDistribution) -> None:
    aws.registry[PUT] = [(201, b"", {"Docker_Content_Digest": "sha256:other"})]
    with pytest.raises(RemoteError, match="but says that it is sha256:other"):
        distribution.put(AT, "c1", CONTENT, INDEX_TYPES[0])


def test_an_immutable_tag(aws: AwsServer, distribution: EcrDistribution) -> None:
    said = "The image tag 'c1' already exists and cannot be overwritten because the tag is immutable."
    aws.registry[PUT] = [error(400, "TAG_INVALID", said)]
    with pytest.raises(TagTaken, match="cannot be overwritten"):
        distribution.put(AT, "c1", CONTENT, INDEX_TYPES[0])


def test_a_repository_that_is_not_there(aws: AwsServer, distribution: EcrDistribution) -> None:
    aws.registry[GET] = aws.registry[PUT] = [error(404, "NAME_UNKNOWN")]
    with pytest.raises(Refused, match="There is no repository 'shop/api'"):
        distribution.manifest(AT, "c1")
    with pytest.raises(Refused, match="There is no repository 'shop/api'"):
        distribution.put(AT, "c1", CONTENT, INDEX_TYPES[0])


@pytest.mark.parametrize(
    ("answer", "kind", "may_pass", "said"),
    [
        (error(429, "TOOMANYREQUESTS"), Throttled, True, "slow down"),
        (error(401, "UNAUTHORIZED"), CredentialsError, True, "does not accept ECR's password"),
        (error(403, "DENIED"), RemoteError, False, "Allow ecr:PutImage and ecr:BatchGetImage"),
        ((503, b"<html>busy", {}), RemoteError, True, "<html>busy"),
        (error(400, "MANIFEST_INVALID"), RemoteError, False, "answered 400 MANIFEST_INVALID"),
        ((418, b'{"errors": ["x"]}', {}), RemoteError, False, "answered 418"),
    ],
)
def test_refusals(
    aws: AwsServer,
    distribution: EcrDistribution,
    answer: RegistryAnswer,
    kind: type[RemoteError],
    may_pass: bool,
    said: str,
) -> None:
    aws.registry[PUT] = [answer]
    with pytest.raises(kind) as raised:
        distribution.put(AT, "c1", CONTENT, INDEX_TYPES[0])
    assert said in str(raised.value)
    assert passes(raised.value) is may_pass


@pytest.mark.parametrize("busy", [(429, b"", {}), (500, b"", {}), (503, b"", {})])
def test_what_passes_is_tried_again(
    aws: AwsServer, distribution: EcrDistribution, pauses: list[float], busy: RegistryAnswer
) -> None:
    aws.registry[GET] = [*[busy] * (ATTEMPTS - 1), good()]
    assert distribution.manifest(AT, "c1") is not None
    assert len(pauses) == ATTEMPTS - 1
    assert max(pauses) <= 8
    aws.registry[GET] = [busy]
    pauses.clear()
    with pytest.raises(RemoteError):
        distribution.manifest(AT, "c1")
    assert len(pauses) == ATTEMPTS - 1


def test_a_password_is_kept_until_shortly_before_its_end(aws: AwsServer, distribution: EcrDistribution) -> None:
    aws.registry[GET] = [good()]
    for _ in range(3):
        distribution.manifest(AT, "c1")
    assert aws.operations().count("GetAuthorizationToken") == 1


def test_a_password_that_ends_soon_is_replaced(aws: AwsServer, distribution: EcrDistribution) -> None:
    grant(aws, seconds=200)
    aws.registry[GET] = [good()]
    for _ in range(3):
        distribution.manifest(AT, "c1")
    assert aws.operations().count("GetAuthorizationToken") == 3


def test_a_password_that_is_refused_is_replaced(aws: AwsServer, distribution: EcrDistribution) -> None:
    aws.registry[GET] = [error(401, "UNAUTHORIZED"), good()]
    with pytest.raises(CredentialsError):
        distribution.manifest(AT, "c1")
    assert distribution.manifest(AT, "c1") is not None
    assert aws.operations().count("GetAuthorizationToken") == 2


def test_no_answer(aws: AwsServer, distribution: EcrDistribution, pauses: list[float]) -> None:
    grant(aws, endpoint="http://127.0.0.1:9")
    with pytest.raises(RemoteError, match="did not answer") as raised:
        distribution.manifest(AT, "c1")
    assert passes(raised.value)
    assert len(pauses) == ATTEMPTS - 1


def test_on_aws_the_host_is_the_images_own(aws: AwsServer, distribution: EcrDistribution, pauses: list[float]) -> None:
    """ECR names the caller's registry; the image's may be of another account. Nothing answers there."""
    grant(aws, endpoint="https://999999999999.dkr.ecr.us-east-1.amazonaws.com")
    elsewhere = ImageRepository(registry="127.0.0.1:9", repository="shop/api", registry_id="1", region="us-east-1")
    with pytest.raises(RemoteError, match=r"https://127\.0\.0\.1:9/v2/shop/api/manifests/c1"):
        distribution.manifest(elsewhere, "c1")
