"""A release waits behind the gate until somebody says on another terminal whether it takes traffic."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.policies import refused
from tests.emulator.single_writer.shop import Shop, start


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with EmbeddedAws.start(docker=False, bake_scale=0.02, time_scale=0.5) as aws:
        shop = start(aws, tmp_path_factory.mktemp("shop"))
        shop.push("1", "2")
        listen(aws)
        released = shop.appdp("deploy", "dev", shop.tag("1"), "--yes")
        assert released.returncode == 0, released.stderr
        yield shop


def listen(aws: EmbeddedAws) -> None:
    """Collect appdp's own events in a queue."""
    aws.client("sqs").create_queue(QueueName="appdp")
    aws.client("events").put_rule(Name="appdp", EventPattern=json.dumps({"source": ["appdp"]}))
    target = {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:appdp"}
    aws.client("events").put_targets(Rule="appdp", Targets=[target])


def heard(aws: EmbeddedAws, count: int) -> list[dict[str, Any]]:
    """So many of the events, in the order of their time."""
    found: list[dict[str, Any]] = []
    queue = aws.client("sqs").get_queue_url(QueueName="appdp")["QueueUrl"]
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        for message in aws.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
            found.append(json.loads(message["Body"]))
            aws.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found


def parameters(shop: Shop) -> set[str]:
    """What a deployment may leave below the environment's path."""
    found = shop.aws.client("ssm").get_parameters_by_path(Path="/appdp/shop/dev", Recursive=False)["Parameters"]
    return {item["Name"].rsplit("/", 1)[1] for item in found}


def held(shop: Shop, release: str) -> str:
    """Deploy a release with a hold; returns the deployment's id."""
    result = shop.appdp("deploy", "dev", shop.tag(release), "--yes", "--hold", "--json")
    assert result.returncode == 7, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["outcome"] == "on_hold"
    return str(found["id"])


def test_a_release_on_hold_is_approved_and_the_next_rejected(shop: Shop, tmp_path: Path) -> None:
    deployment = held(shop, "2")
    assert parameters(shop) == {"deployer", "release", "lock", "gate", "hold", "history"}
    shown = shop.appdp("status", "dev")
    assert f"appdp approve dev --deployment {deployment}" in shown.stdout

    other = shop.appdp("approve", "dev", "--deployment", "another")
    assert other.returncode == 8
    assert f"on hold is deployment {deployment}" in other.stderr

    approved = shop.appdp("approve", "dev", "--deployment", deployment, "--reason", "tried it")
    assert approved.returncode == 0, approved.stderr
    ended = shop.appdp("status", "dev", "--deployment", deployment, "--json")
    assert ended.returncode == 0, ended.stderr
    hold = json.loads(ended.stdout)["deployment"]["hold"]
    assert (hold["decision"], hold["reason"]) == ("approved", "tried it")
    assert hold["by"].startswith("arn:aws:")
    assert shop.running_digests() == shop.released_digests("2")
    assert parameters(shop) == {"deployer", "release", "history"}

    deployment = held(shop, "1")
    rejected = shop.appdp("reject", "dev", "--reason", "prices are wrong")
    assert rejected.returncode == 0, rejected.stderr
    ended = shop.appdp("status", "dev", "--deployment", deployment)
    assert ended.returncode == 4, ended.stderr
    assert "prices are wrong" in ended.stderr
    assert shop.running_digests() == shop.released_digests("2")
    assert parameters(shop) == {"deployer", "release", "history"}

    events = heard(shop.aws, 5)
    assert [event["detail-type"] for event in events] == [
        "Deployment Ended",
        *["Approval Needed", "Deployment Ended"] * 2,
    ]
    urls = events[3]["detail"]["testUrls"]
    assert urls["storefront"].endswith(":9000/")
    assert urls["api"].endswith(":9000/api/")
    assert [event["detail"]["approval"]["decision"] for event in events[2::2]] == ["approved", "rejected"]

    # All of that, the deployer's functions may do.
    assert refused(shop.aws) == []
