"""A session whose every call goes to a server in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appdp.aws.session import Session, client_config
from tests.unit.aws.server import AwsServer, serving


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    with serving() as server:
        for name, value in environment(server.url).items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def session(aws: AwsServer) -> Session:
    """One try per call, so that an answer that says no is not asked for again."""
    return Session(region="us-east-1", config=client_config(attempts=1))


def environment(url: str) -> dict[str, str]:
    """What makes boto3 call ``url``, whatever the machine's own configuration says."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
