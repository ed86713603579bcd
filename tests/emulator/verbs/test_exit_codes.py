"""The truth table of exit codes: each of them comes out of the real command line, for the reason that it stands for."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appdp.local.lifecycle import EmbeddedAws
from appdp.model.handoff import release_parameter
from tests.emulator.single_writer.shop import Shop, start

PAGE = Path(__file__).parents[3] / "docs" / "commands.md"
Ran = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with EmbeddedAws.start(docker=False, bake_scale=0.02, time_scale=0.5) as aws:
        shop = start(aws, tmp_path_factory.mktemp("shop"))
        shop.push("1", "2", "3")
        yield shop


def deploy(shop: Shop, release: str, *options: str) -> Ran:
    return shop.appdp("deploy", "dev", shop.tag(release), "--yes", *options)


def succeeded(shop: Shop) -> Ran:
    """The release runs now."""
    return deploy(shop, "1")


def usage(shop: Shop) -> Ran:
    """There is no such environment."""
    return shop.appdp("deploy", "production", shop.tag("1"), "--yes")


def nothing_to_do(shop: Shop) -> Ran:
    """It runs already."""
    return deploy(shop, "1")


def rolled_back(shop: Shop) -> Ran:
    """Its containers exit at start."""
    return deploy(shop, "3")


def still_running(shop: Shop) -> Ran:
    """Nobody has the time to wait."""
    return deploy(shop, "2", "--hold", "--timeout", "0s")


def on_hold(shop: Shop) -> Ran:
    """What runs on, waits for somebody."""
    return shop.appdp("wait", "dev", "--timeout", "60s")


def refused(shop: Shop) -> Ran:
    """Another deployment has the lock."""
    return deploy(shop, "1")


def needs_a_human(shop: Shop) -> Ran:
    """Somebody ended the execution behind it, so that nothing takes it on."""
    states = shop.aws.client("stepfunctions")
    parameter = shop.aws.client("ssm").get_parameter(Name="/appdp/shop/dev/lock")["Parameter"]["Value"]
    states.stop_execution(executionArn=json.loads(parameter)["owner"]["execution"])
    return shop.appdp("status", "dev", "--deployment", json.loads(parameter)["deployment"])


def aws_error(shop: Shop) -> Ran:
    """AWS does not answer."""
    return shop.appdp_with({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "status", "dev")


TABLE: tuple[tuple[int, Callable[[Shop], Ran]], ...] = (
    (0, succeeded),
    (2, usage),
    (3, nothing_to_do),
    (4, rolled_back),
    (6, still_running),
    (7, on_hold),
    (8, refused),
    (5, needs_a_human),
    (9, aws_error),
)
"""In this order: a row may stand on what the one before left."""


def test_every_exit_code_comes_for_its_reason_and_without_a_traceback(shop: Shop) -> None:
    for code, row in TABLE:
        ran = row(shop)
        print(f"{code}  {row.__name__.replace('_', ' '):16} {row.__doc__}")  # noqa: T201  # what `pytest -s` shows
        assert ran.returncode == code, (row.__name__, ran.returncode, ran.stderr)
        assert "Traceback" not in ran.stderr
        assert code == 0 or ran.stderr.strip(), "whatever did not succeed is said"
    ssm = shop.aws.client("ssm")
    recorded = ssm.get_parameter(Name=release_parameter("shop", "dev"))["Parameter"]["Value"]
    assert recorded == shop.tag("1")
    # After all of that, the next one takes over and puts the environment in order.
    assert deploy(shop, "2").returncode == 0
    assert shop.running_digests() == shop.released_digests("2")


def test_the_table_is_the_one_in_the_documentation() -> None:
    head = PAGE.read_text().split("| exit code | means |", 1)[1].split("\n\n", 1)[0]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", head, re.MULTILINE)}
    # 1 is diff's own answer, and 130 the shell's for Ctrl-C: neither says how a deployment ended.
    assert documented - {1, 130} == {code for code, _ in TABLE}
