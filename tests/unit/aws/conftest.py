"""A session whose every call goes to a server in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appdp.aws.session import Session, client_config
from tests.unit.aws.server import AwsServer, answering


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    with answering(monkeypatch) as server:
        yield server


@pytest.fixture
def session(aws: AwsServer) -> Session:
    """One try per call, so that an answer that says no is not asked for again."""
    return Session(region="us-east-1", config=client_config(attempts=1))
