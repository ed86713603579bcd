"""The operator's verbs on the embedded AWS, over the real adapters, with the state machine that was synthesised."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
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
        yield shop


def said(shop: Shop, *words: str, code: int = 0) -> Any:  # noqa: ANN401  (whatever JSON it is)
    """What a command prints as JSON."""
    done = shop.appdp(*words, "--json")
    assert done.returncode == code, (words, done.returncode, done.stderr)
    return json.loads(done.stdout)


def test_a_day_of_an_operator(shop: Shop) -> None:
    one, two = shop.tag("1"), shop.tag("2")
    shop.cdk_deploy()
    assert said(shop, "deploy", "dev", one, "--yes")["outcome"] == "succeeded"
    shop.cdk_deploy()
    running = shop.running_digests()

    # What the next release would change is its images, and nothing else.
    assert said(shop, "diff", "dev", one)["differs"] is False
    assert said(shop, "diff", "dev", two, code=1)["differs"] is True
    text = shop.appdp("diff", "dev", two)
    changed = [line for line in text.stdout.splitlines() if line.startswith(("+ ", "- "))]
    assert changed
    assert all('"image": ' in line and "@sha256:" in line for line in changed), changed

    # It starts, its greens come up, and somebody has second thoughts.
    started = said(shop, "deploy", "dev", two, "--yes", "--no-wait")["id"]
    waited = said(shop, "wait", "dev", "--until", "green", "--timeout", "2m")
    assert (waited["id"], waited["outcome"], waited["release"]) == (started, "green", two)
    stopped = said(shop, "stop", "dev", "--yes", "--reason", "second thoughts {{ }}")
    assert (stopped["id"], stopped["outcome"], stopped["exit_code"]) == (started, "rolled_back", 0)
    assert shop.running_digests() == running
    assert said(shop, "wait", "dev", "--deployment", started, code=4)["outcome"] == "rolled_back"

    newest, first = said(shop, "history", "dev")
    assert (newest["deployment"], newest["outcome"], newest["release"]) == (started, "rolled_back", two)
    assert newest["reason"].endswith(": second thoughts {{ }}")
    assert (first["outcome"], first["release"], first["previous"]) == ("succeeded", one, None)

    assert shop.appdp("unlock", "dev", "--yes").returncode == 3
    assert shop.appdp("stop", "dev", "--yes").returncode == 3
    assert all(check["verdict"] == "ok" for check in said(shop, "doctor"))
    assert refused(shop.aws) == []


def test_what_containers_say(shop: Shop) -> None:
    """Put there by hand: without Docker there are no containers."""
    logs, now = shop.aws.client("logs"), int(time.time() * 1000)
    told = shop.appdp("logs", "dev", "api").stderr.splitlines()
    (group,) = [line.split("log group ")[1] for line in told if "log group" in line]
    for task, text in (("a1", "one"), ("b2", "two")):
        logs.create_log_stream(logGroupName=group, logStreamName=f"api/api/{task}")
        events = [{"timestamp": now + number, "message": f"{text} {number}"} for number in range(2)]
        logs.put_log_events(logGroupName=group, logStreamName=f"api/api/{task}", logEvents=events)
    logs.create_log_stream(logGroupName=group, logStreamName="other/other/c3")
    logs.put_log_events(
        logGroupName=group, logStreamName="other/other/c3", logEvents=[{"timestamp": now, "message": "not ours"}]
    )
    done = shop.appdp("logs", "dev", "api", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted((line["task"], line["message"]) for line in lines) == [
        ("a1", "one 0"),
        ("a1", "one 1"),
        ("b2", "two 0"),
        ("b2", "two 1"),
    ]
