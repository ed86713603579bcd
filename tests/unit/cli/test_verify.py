"""``appdp verify``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from click.testing import CliRunner, Result

from appdp.cli.context import Aws, Cli
from appdp.cli.main import main
from appdp.engine.verify import CHECKS
from tests.fakes.blueprints import FakeBlueprints
from tests.fakes.builder import FakeLogins
from tests.fakes.executions import FakeExecutions
from tests.fakes.log_events import FakeLogEvents
from tests.fakes.shells import FakeShells
from tests.fakes.verify_breaks import BREAKS
from tests.fakes.verify_world import VerifyWorld
from tests.unit.aws.server import environment, serving
from tests.unit.cli.cloud import Cloud
from tests.unit.cli.terminal import ALICE, data


@dataclass
class Shell:
    """A command line in front of a world."""

    world: VerifyWorld = field(default_factory=VerifyWorld)

    def run(self, *words: str) -> Result:
        aws = Aws(
            ports=self.world.ports,
            executions=FakeExecutions(self.world.aws),
            log_events=FakeLogEvents(),
            facts=lambda: self.world.facts,
            shells=FakeShells(self.world.aws.services),
            blueprints=FakeBlueprints(),
            logins=FakeLogins(),
            caller=lambda: ALICE,
            region=lambda: "us-east-1",
        )
        return CliRunner().invoke(main, ["verify", *words], obj=Cli(connect=lambda profile, region: aws))


def test_a_healthy_environment() -> None:
    result = Shell().run("dev")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[0] == "shop/dev: v1"
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == [
        "service api",
        "service worker",
        "job migrate",
        "schedule report",
        "the whole environment",
    ]
    assert "failed" not in result.stdout + result.stderr


def test_what_failed_is_said_with_what_to_do_and_where_aws_says_so() -> None:
    shell = Shell()
    BREAKS["execution-role"](shell.world)
    result = shell.run("dev")
    assert result.exit_code == 8
    lines = [line.strip() for line in result.stdout.splitlines()]
    at = lines.index("failed   execution-role: role execution does not exist")
    assert lines[at + 1] == "Deploy its stack again: cdk deploy."
    assert lines[at + 2].startswith("https://docs.aws.amazon.com/")


def test_all_checks_are_shown_on_request() -> None:
    shown = Shell().run("dev", "--all").stdout
    assert all(f" {check.id}: " in shown for check in CHECKS)


def test_json() -> None:
    shell = Shell()
    BREAKS["cluster-active"](shell.world)
    result = shell.run("dev", "v1", "--json")
    assert result.exit_code == 8
    found = data(result)
    assert (found["application"], found["environment"], found["release"]) == ("shop", "dev", "v1")
    assert found["healthy"] is False
    failed = [one for one in found["checked"] if one["result"] == "failed"]
    assert {one["check"] for one in failed} == {"cluster-active"}
    assert {"kind", "name", "found", "then", "asks", "source"} <= set(failed[0])


def test_a_release_that_is_half_there() -> None:
    shell = Shell()
    shell.world.aws.publish("v2", only=("api",))
    result = shell.run("dev", "v2", "--json")
    assert result.exit_code == 8
    (failed,) = [one for one in data(result)["checked"] if one["result"] == "failed"]
    assert (failed["check"], failed["kind"], failed["name"]) == ("images-exist", "service", "worker")


def test_unknown_names_list_what_exists() -> None:
    result = Shell().run("prod")
    assert result.exit_code == 2
    assert "There are: dev." in result.stderr
    result = Shell().run("dev", "v9")
    assert result.exit_code == 2
    assert "No release is called 'v9'. There are: v1." in result.stderr
    assert "Traceback" not in result.stderr


def test_a_name_that_cannot_be_one() -> None:
    for words in (("Dev!",), ("dev", "no release"), ("dev", "v1", "--app", "SHOP")):
        result = Shell().run(*words)
        assert result.exit_code == 2, words
        assert result.stderr.startswith("Error: ")
        assert "Traceback" not in result.stderr


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with serving() as server:
        for name, value in environment(server.url).items():
            monkeypatch.setenv(name, value)
        yield Cloud(server)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ExpiredTokenException", "AWS does not accept the credentials"),
        ("AccessDeniedException", "Allow ssm:GetParametersByPath in the caller's policy"),
    ],
)
def test_aws_says_no_before_there_is_anything_to_check(cloud: Cloud, code: str, words: str) -> None:
    cloud.fail(code)
    result = CliRunner().invoke(main, ["verify", "dev"])
    assert result.exit_code == 9
    assert result.stdout == ""
    assert words in result.stderr
    assert "Traceback" not in result.stderr
