"""Passwords of Amazon ECR over HTTP."""

from __future__ import annotations

import base64

import pytest

from appdp.aws.registry_logins import EcrLogins
from appdp.aws.session import Session
from appdp.engine.hotswap import RegistryAccess
from appdp.errors import RemoteError
from appdp.model.environment import ImageRepository
from tests.unit.aws.server import AwsSays, AwsServer

HOST = "999988887777.dkr.ecr.eu-west-1.amazonaws.com"
AT = ImageRepository(registry=HOST, repository="shop/web", registry_id="999988887777", region="eu-west-1")
TOKEN = base64.b64encode(b"AWS:se:cret").decode()


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [("https://111122223333.dkr.ecr.eu-west-1.amazonaws.com", HOST), ("http://127.0.0.1:4566", "127.0.0.1:4566")],
    ids=["on AWS the image's own host", "the embedded AWS is every host itself"],
)
def test_a_password(aws: AwsServer, session: Session, endpoint: str, host: str) -> None:
    data = {"authorizationToken": TOKEN, "proxyEndpoint": endpoint, "expiresAt": 1}
    aws.answers["GetAuthorizationToken"] = lambda _: {"authorizationData": [data]}
    access = EcrLogins(session).login(AT)
    assert access == RegistryAccess(host=host, user="AWS", password="se:cret")  # noqa: S106 - a test's own
    assert "/eu-west-1/ecr/" in aws.last("GetAuthorizationToken").headers["Authorization"]


def test_no_permission(aws: AwsServer, session: Session) -> None:
    def answer(_: object) -> dict[str, object]:
        raise AwsSays("AccessDeniedException", "not authorized")

    aws.answers["GetAuthorizationToken"] = answer
    with pytest.raises(RemoteError, match="ecr:GetAuthorizationToken"):
        EcrLogins(session).login(AT)
