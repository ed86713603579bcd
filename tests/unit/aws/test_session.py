"""How AWS is called."""

from __future__ import annotations

import pytest

from appdp import __version__
from appdp.aws.parameters import SsmParameters
from appdp.aws.session import Session, client_config
from appdp.errors import ConfigurationError, CredentialsError
from tests.unit.aws.server import AwsServer


def test_every_call_says_who_calls(aws: AwsServer, session: Session) -> None:
    aws.answers["DeleteParameter"] = lambda _: {}
    SsmParameters(session).delete("/x")
    assert f"appdp/{__version__}" in aws.received[0].headers["User-Agent"]


def test_clients_retry_adaptively_and_do_not_wait_forever() -> None:
    config = client_config(attempts=3)
    assert config.retries == {"mode": "adaptive", "total_max_attempts": 3}  # type: ignore[attr-defined]  # made at run time
    assert config.connect_timeout == 5  # type: ignore[attr-defined]  # made at run time
    assert config.read_timeout == 30  # type: ignore[attr-defined]  # made at run time


def test_the_region_of_lambda_and_the_other_sdks_is_read(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    assert Session().ecs.meta.region_name == "ap-northeast-1"


def test_no_region_is_a_mistake_of_the_user(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    session = Session()
    with pytest.raises(ConfigurationError, match="--region"):
        SsmParameters(session).get("/x")


def test_an_unknown_profile(aws: AwsServer) -> None:
    with pytest.raises(CredentialsError, match="ops"):
        Session(profile="ops")


def test_each_region_has_its_own_registry_client(session: Session) -> None:
    assert session.ecr("eu-west-1") is session.ecr("eu-west-1")
    assert session.ecr("eu-west-1").meta.region_name == "eu-west-1"
    assert session.ecr("us-east-1").meta.region_name == "us-east-1"


def test_the_region_that_is_used(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.region() == "us-east-1"
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match="No AWS region is set"):
        Session().region()
