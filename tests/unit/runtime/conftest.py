"""The functions' adapters, calling a server in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appdp.aws.assemble import ports
from appdp.aws.session import Session, client_config
from appdp.runtime.setting import Setting
from tests.unit.aws.server import AwsServer, answering


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    with answering(monkeypatch) as server:
        yield server


@pytest.fixture
def where(aws: AwsServer) -> Setting:
    return Setting(application="shop", environment="dev", ports=ports(Session(config=client_config(attempts=1))))
