"""An environment of schedules and jobs alone, through its own CDK program and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.policies import refused
from tests.emulator.single_writer.shop import Shop, start

BATCH = Path(__file__).parent / "batch"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with EmbeddedAws.start(docker=False, bake_scale=0.02, time_scale=0.5) as aws:
        shop = start(aws, tmp_path_factory.mktemp("batch"), BATCH)
        shop.push("1", "2")
        yield shop


def test_it_is_released_and_taken_back(shop: Shop) -> None:
    one, two = shop.tag("1"), shop.tag("2")
    for words in (("deploy", "dev", one), ("deploy", "dev", two), ("rollback", "dev")):
        done = shop.appdp(*words, "--yes")
        assert done.returncode == 0, done.stderr
        by_hand = shop.appdp("run", "dev", "count")
        assert by_hand.returncode == 0, by_hand.stderr
    assert shop.appdp("deploy", "dev", one, "--yes").returncode == 3

    seen = json.loads(shop.appdp("status", "dev", "--json").stdout)
    assert (seen["release"], seen["services"]) == (one, [])
    assert [(item["name"], item["enabled"], item["released"]) for item in seen["schedules"]] == [("report", True, True)]
    assert {job["name"] for job in seen["jobs"]} == {"migrate", "count"}
    assert "no services" in shop.appdp("status", "dev").stdout
    compared = shop.appdp("diff", "dev", two)
    assert (compared.returncode, "report" in compared.stdout) == (1, True), compared.stderr

    found = shop.appdp("verify", "dev")
    assert found.returncode == 0, found.stdout
    unknown = shop.appdp("verify", "dev", "0" * 40)
    assert (unknown.returncode, one in unknown.stderr) == (2, True), unknown.stderr
    nothing = shop.appdp("logs", "dev", "api")
    assert nothing.returncode == 2, nothing.stderr
    assert refused(shop.aws) == []
