"""A schedule runs what the environment has released: nothing before the first release, and no release that failed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.ecs.conftest import wait
from tests.emulator.policies import refused
from tests.emulator.single_writer.shop import Shop, Template, start


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with EmbeddedAws.start(docker=False, bake_scale=0.02, time_scale=0.5) as aws:
        shop = start(aws, tmp_path_factory.mktemp("shop"))
        shop.push("1", "2", "3")
        yield shop


def report(shop: Shop) -> dict[str, Any]:
    """The schedule."""
    return dict(shop.aws.client("scheduler").get_schedule(GroupName="shop.dev", Name="report"))


def tasks(shop: Shop) -> list[str]:
    """The tasks that it runs and ran. Played ones end at once."""
    ecs, cluster = shop.aws.client("ecs"), report(shop)["Target"]["Arn"]
    lists = ecs.get_paginator("list_tasks")
    pages = [
        page
        for status in ("RUNNING", "STOPPED")
        for page in lists.paginate(cluster=cluster, family="shop-dev-report", desiredStatus=status)
    ]
    return [arn for page in pages for arn in page["taskArns"]]


def next_digest(shop: Shop) -> str:
    """The image digest of the next task that it runs."""
    ecs, cluster = shop.aws.client("ecs"), report(shop)["Target"]["Arn"]
    known, target = set(tasks(shop)), report(shop)["Target"]["EcsParameters"]["TaskDefinitionArn"]

    def digest() -> str | None:
        new = [arn for arn in tasks(shop) if arn not in known]
        found = ecs.describe_tasks(cluster=cluster, tasks=new)["tasks"] if new else []
        # One that was about to start when the schedule was pointed elsewhere may come late.
        ours = [task for task in found if task["taskDefinitionArn"] == target]
        return next((digest for task in ours if (digest := task["containers"][0].get("imageDigest"))), None)

    return str(wait(digest))


def released(shop: Shop, release: str) -> str:
    """The worker's digest in a release."""
    return shop.released_digests(release)["worker"]


def test_a_schedule_follows_the_releases(shop: Shop, tmp_path: Path) -> None:
    before = report(shop)
    assert before["State"] == "DISABLED"
    time.sleep(5)
    assert tasks(shop) == []

    first = shop.appdp("deploy", "dev", shop.tag("1"), "--yes")
    assert first.returncode == 0, first.stderr
    assert report(shop)["State"] == "ENABLED"
    assert next_digest(shop) == released(shop, "1")

    second = shop.appdp("deploy", "dev", shop.tag("2"), "--yes")
    assert second.returncode == 0, second.stderr
    assert next_digest(shop) == released(shop, "2")
    pinned = report(shop)
    for name in ("ScheduleExpression", "FlexibleTimeWindow", "GroupName"):
        assert pinned[name] == before[name]

    third = shop.appdp("deploy", "dev", shop.tag("3"), "--yes")
    assert third.returncode == 4, third.stderr
    assert report(shop)["Target"] == pinned["Target"]
    assert next_digest(shop) == released(shop, "2")

    def faster(template: Template) -> None:
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Scheduler::Schedule":
                resource["Properties"]["Target"]["RetryPolicy"]["MaximumRetryAttempts"] = 5

    shop.cdk_deploy_changed(tmp_path / "changed", faster)
    again = report(shop)
    assert again["State"] == "ENABLED"
    assert again["Target"]["EcsParameters"] == before["Target"]["EcsParameters"]
    assert next_digest(shop) == released(shop, "2")
    nothing = shop.appdp("deploy", "dev", shop.tag("2"), "--yes")
    assert nothing.returncode == 3, nothing.stderr

    shown = shop.appdp("status", "dev", "--json")
    (schedule,) = json.loads(shown.stdout)["schedules"]
    assert (schedule["name"], schedule["enabled"], schedule["released"]) == ("report", True, True)

    # All of that, the deployer's functions and the schedule's role may do.
    assert refused(shop.aws) == []
