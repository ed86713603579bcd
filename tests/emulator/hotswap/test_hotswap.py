"""A developer tries a change in a running environment, and the next release puts order back: real builds, containers
and requests.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from appdp.local import stacks
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal.load import LoadGenerator, Order, Row, Target
from appdp.local.rehearsal.synth import synthesise
from tests.emulator.hotswap.laptop import BROKEN, REPOSITORY, RUN, Laptop, remove_images
from tests.emulator.policies import refused, unused

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

PROGRAM = Path(__file__).parent / "program"
ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "amd64"
RATE = 20.0
"""Requests per second."""

NOBODY_NEEDS_PERMISSION = "sts:GetCallerIdentity"
UNMET = {"ecs:TagResource", "states:DescribeExecution"}
"""What only a task definition with tags needs, and the lock of a deployment that Step Functions runs: none is here."""


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    """In front of the program's environment, with a first release in its registry."""
    synthesise(PROGRAM, tmp_path / "cdk.out", {"architecture": ARCHITECTURE})
    with ExitStack() as afterwards, EmbeddedAws.start(docker=True, bake_scale=0.02) as aws:
        # Once no container runs them any more.
        afterwards.callback(remove_images, aws)
        stacks.deploy(aws, tmp_path / "cdk.out")
        laptop = Laptop(aws, tmp_path)
        laptop.check_out()
        laptop.release("one")
        yield laptop


def url(aws: EmbeddedAws) -> str:
    """The production listener."""
    (found,) = (url for name, url in aws.listeners().items() if name.endswith(":80"))
    return found.rstrip("/") + "/"


def page(aws: EmbeddedAws) -> str:
    """What users see."""
    with urlopen(url(aws), timeout=10) as answer:  # noqa: S310 - a loopback URL of our own
        return str(answer.read().decode().strip())


def developer(aws: EmbeddedAws) -> str:
    """The ARN of the developers' role."""
    return str(aws.client("iam").get_role(RoleName="developer")["Role"]["Arn"])


def parameters(aws: EmbeddedAws) -> dict[str, str]:
    """Everything that the environment remembers."""
    pages = aws.client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/appdp", Recursive=True)
    return {item["Name"]: item["Value"] for found in pages for item in found["Parameters"]}


def digest(aws: EmbeddedAws, tag: str) -> str:
    """What a tag names."""
    found = aws.client("ecr").batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])
    return str(found["images"][0]["imageId"]["imageDigest"])


def service(aws: EmbeddedAws) -> dict[str, Any]:
    """The web service as ECS describes it."""
    manifest = json.loads(parameters(aws)["/appdp/swapped/dev/services/web"])
    described = aws.client("ecs").describe_services(cluster=manifest["cluster"], services=[manifest["service"]])
    return dict(described["services"][0])


def settle(aws: EmbeddedAws) -> None:
    """Wait until the bake is over: only one revision is left."""
    until = time.monotonic() + 60
    while len(service(aws)["currentServiceRevisions"]) > 1:
        assert time.monotonic() < until, service(aws)
        time.sleep(0.3)


def test_a_change_is_tried_and_the_next_release_puts_order_back(laptop: Laptop) -> None:
    aws = laptop.aws
    assert laptop.said("deploy", "dev", "one", "--yes")["outcome"] == "succeeded"
    assert page(aws) == "hello says one"
    settle(aws)
    before, count = parameters(aws), service(aws)["desiredCount"]
    rows: list[Row] = []
    order = Order(targets=(Target(service="web", url=url(aws)),), rate=RATE, release_pattern=r"says (\w+)")
    with LoadGenerator(order, aws.environment(), rows.extend) as load:
        swap(laptop)
        assert page(aws) == "hello says changed"
        settle(aws)
        what_fails_changes_nothing(laptop)
        assert parameters(aws) == before, "nothing is recorded, and the lock is given back"
        assert service(aws)["desiredCount"] == count
        assert digest(aws, "env-dev") == digest(aws, "one")
        put_order_back(laptop)
        load.finish()
    seen = [row[3] for row in rows]
    assert {"one", "changed"} <= set(seen)
    assert [row for row in rows if row[4] != 200 or row[3] not in ("one", "changed")] == []
    # Whoever was asked for what: the deployer's own roles, and the developer's.
    assert [call for call in refused(aws) if not call.startswith(f"{NOBODY_NEEDS_PERMISSION} ")] == []
    assert unused(aws)[developer(aws)] == UNMET


def swap(laptop: Laptop) -> None:
    """A changed file, and one command."""
    laptop.write(page="changed")
    planned = laptop.said("hotswap", "dev", "web", "--dry-run", role=developer(laptop.aws))
    assert planned["source"] == str(laptop.source)
    found = laptop.said("hotswap", "dev", "web", role=developer(laptop.aws))
    assert (found["outcome"], found["release"], found["platform"]) == ("succeeded", "one", f"linux/{ARCHITECTURE}")
    assert found["digest"] == digest(laptop.aws, found["tag"])
    (now,) = laptop.said("status", "dev")["services"]
    assert now["released"] is False
    assert now["digests"]["web"] == found["digest"]
    assert laptop.said("diff", "dev", "one", code=1)["differs"] is True
    assert [one["tag"] for one in laptop.said("releases")] == ["one"]


def what_fails_changes_nothing(laptop: Laptop) -> None:
    """A build that fails touches no service; tasks that end at once go back to the swap before."""
    laptop.write(**{"Dockerfile.bak": (laptop.context / "Dockerfile").read_text()})
    laptop.write(Dockerfile="FROM scratch AS served\nCOPY nowhere /\n")
    failed = laptop.appdp("hotswap", "dev", "web", role=developer(laptop.aws))
    assert failed.returncode == 5, failed.stderr
    assert "nowhere" in failed.stderr, "docker says why"
    assert "The build failed: docker ended with code 1" in failed.stderr
    laptop.write(Dockerfile=(laptop.context / "Dockerfile.bak").read_text())

    laptop.write(**{"run.sh": BROKEN})
    broken = laptop.said("hotswap", "dev", "web", code=4, role=developer(laptop.aws))
    assert broken["outcome"] == "rolled_back"
    assert "exited with code 7" in broken["reason"]
    assert "no database for changed" in broken["reason"]
    laptop.write(**{"run.sh": RUN})
    assert page(laptop.aws) == "hello says changed"


def put_order_back(laptop: Laptop) -> None:
    """The release that is recorded already."""
    assert laptop.said("deploy", "dev", "one", "--yes")["outcome"] == "succeeded"
    assert page(laptop.aws) == "hello says one"
    settle(laptop.aws)
    assert laptop.said("deploy", "dev", "one", "--yes", code=3)["outcome"] == "nothing_to_do"
