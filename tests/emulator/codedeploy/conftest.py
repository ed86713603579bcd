"""An embedded AWS without containers whose minutes pass quickly, and one service in it for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.codedeploy.shop import Shop, lay_out
from tests.emulator.ecs.conftest import Stage, build_stage

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="package")
def account() -> Iterator[Stage]:
    """Its minutes last 0.06 s, and the hour for which CodeDeploy waits lasts 18 s."""
    with EmbeddedAws.start(docker=False, bake_scale=0.001, time_scale=0.005) as aws:
        yield build_stage(aws)


@pytest.fixture
def shop(account: Stage) -> Iterator[Shop]:
    """A name and a place for a service; what was opened there is gone when the test has ended."""
    number = next(_NUMBERS)
    laid_out = lay_out(account, f"shop-{number}", 10_000 + 2 * number)
    yield laid_out
    account.client("codedeploy").delete_application(applicationName=laid_out.name)
    found = account.client("ecs").describe_services(services=[laid_out.name])["services"]
    if found and found[0]["status"] == "ACTIVE":
        account.client("ecs").delete_service(service=laid_out.name, force=True)
