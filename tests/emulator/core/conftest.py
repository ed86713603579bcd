"""One embedded AWS, without containers, for all contract tests of its core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appdp.local.lifecycle import EmbeddedAws


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws.start(docker=False) as running:
        yield running
