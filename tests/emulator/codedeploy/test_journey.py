"""CodeDeploy on real containers while requests keep coming: nothing that a release does may cost one.

A deployment that is approved by hand and moves in steps, one that is stopped half way, one that never gets healthy, and
at last the move to ECS's own controller with one more release.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal.load import LoadGenerator, Order, Row, Target
from tests.emulator.codedeploy.shop import LONG, STOP_ON_ANYTHING, Shop, lay_out
from tests.emulator.codedeploy.test_migration import migrate
from tests.emulator.ecs.conftest import build_stage, wait

pytestmark = pytest.mark.docker

FAILS = """#!/bin/sh
echo "cannot start"
exit 1
"""


@pytest.fixture(scope="module")
def contained() -> Iterator[Shop]:
    """A shop of real containers, whose minutes last 1.2 s."""
    with EmbeddedAws.start(docker=True, bake_scale=0.02) as aws:
        yield lay_out(build_stage(aws), "shop", 10_000, delay_seconds=5)


def test_no_request_fails_whatever_becomes_of_a_release(contained: Shop) -> None:
    shop = contained
    rollback = {"enabled": True, "events": STOP_ON_ANYTHING}
    one = shop.stage.push("one")
    quick = shop.canary("quick", minutes=2)
    shop.open(
        one, count=2, deploymentConfigName=quick, approval=LONG, termination=1, autoRollbackConfiguration=rollback
    )
    rows: list[Row] = []
    with _load(shop, rows) as load:
        _approved(shop)
        _stopped_half_way(shop, rows)
        _never_healthy(shop)
        _moved_to_ecs(shop)
        assert load.finish() == len(rows)
    releases = Counter(release for _due, _seconds, _target, release, _status in rows)
    assert Counter(status for *_rest, status in rows) == {200: len(rows)}
    assert {"one", "two", "three", "four"} == set(releases)
    assert releases["three"] < releases["two"] / 2


def _load(shop: Shop, rows: list[Row]) -> LoadGenerator:
    url = f"{shop.stage.aws.listeners()[f'stage:{shop.port}']}/"
    order = Order(targets=(Target(service=shop.name, url=url),), rate=40.0, release_pattern=r"(\w+)")
    return LoadGenerator(order, {"PATH": os.environ["PATH"]}, rows.extend)


def _approved(shop: Shop) -> None:
    deployment = shop.deploy(shop.stage.push("two"))
    shop.reaches(deployment, "Ready", seconds=60)
    assert (shop.serves(), shop.serves(test=True)) == ("one", "two")
    shop.client("codedeploy").continue_deployment(deploymentId=deployment, deploymentWaitType="READY_WAIT")
    shop.reaches(deployment, "Succeeded", seconds=60)
    assert shop.serves() == "two"
    assert shop.task_sets() == [("PRIMARY", "green")]


def _stopped_half_way(shop: Shop, rows: list[Row]) -> None:
    until_stopped = shop.canary("until-stopped", minutes=LONG)
    deployment = shop.deploy(shop.stage.push("three"), deploymentConfigName=until_stopped)
    shop.reaches(deployment, "Ready", seconds=60)
    shop.client("codedeploy").continue_deployment(deploymentId=deployment)
    wait(lambda: shop.weights() == {"blue": 20, "green": 80})
    wait(lambda: any(release == "three" for _due, _seconds, _target, release, _status in tuple(rows)))
    shop.client("codedeploy").stop_deployment(deploymentId=deployment)
    shop.reaches(deployment, "Stopped", seconds=60)
    shop.rolled_back(deployment, seconds=60)
    assert shop.weights() == {"green": 100, "blue": 0}
    assert shop.task_sets() == [("PRIMARY", "green")]


def _never_healthy(shop: Shop) -> None:
    known = {task["taskArn"] for task in shop.stage.stopped(shop.name)}
    deployment = shop.deploy(shop.stage.push("fails", script=FAILS))
    wait(lambda: len({task["taskArn"] for task in shop.stage.stopped(shop.name)} - known) > 2)
    assert shop.events(deployment)["Install"] == "InProgress"
    shop.client("codedeploy").stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    shop.reaches(deployment, "Stopped", seconds=60)
    shop.rolled_back(deployment, seconds=60)
    assert shop.serves() == "two"


def _moved_to_ecs(shop: Shop) -> None:
    tasks = set(shop.client("ecs").list_tasks(serviceName=shop.name)["taskArns"])
    migrate(shop)
    assert set(shop.client("ecs").list_tasks(serviceName=shop.name)["taskArns"]) == tasks
    definition = shop.stage.register(shop.stage.push("four"), family=shop.name)
    shop.client("ecs").update_service(service=shop.name, taskDefinition=definition)
    assert shop.stage.ended(shop.name)["status"] == "SUCCESSFUL"
    assert shop.serves() == "four"
