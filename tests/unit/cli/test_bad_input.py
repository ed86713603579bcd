"""What cannot work: each case has a clear error and its exit code, and changes nothing.

The real command line, over the real adapters, calls a server that counts what would have changed something.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appdp.cli.main import main
from appdp.model.deployment import Owner
from appdp.model.environment import DeployerManifest
from appdp.model.handoff import deployer_parameter, lock_parameter
from appdp.model.hotswap import BuildRecipe
from appdp.model.lock import Lock
from tests.unit.aws.server import environment, serving
from tests.unit.cli.cloud import Cloud

EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:appdp-shop-dev:other"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with serving() as server:
        for name, value in environment(server.url).items():
            monkeypatch.setenv(name, value)
        yield Cloud(server)


def appdp(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def lock(cloud: Cloud, owner: Owner) -> None:
    held = Lock(deployment="other", owner=owner, renewed_at=time.time())
    cloud.parameters[lock_parameter("shop", "dev")] = held.to_json()


def nothing(cloud: Cloud) -> None:
    """The account is as it should be; what is asked of it is wrong."""


def missing_image(cloud: Cloud) -> None:
    del cloud.images["shop/web", "v2"]


def wrong_architecture(cloud: Cloud) -> None:
    cloud.push("web", "v2", ("amd64",))


def expired(cloud: Cloud) -> None:
    cloud.fail("ExpiredTokenException")


def denied(cloud: Cloud) -> None:
    cloud.fail("AccessDeniedException")


def held_by_an_execution(cloud: Cloud) -> None:
    cloud.running.add(EXECUTION)
    lock(cloud, Owner(execution=EXECUTION, requested_by="arn:bob"))


def held_by_a_process(cloud: Cloud) -> None:
    lock(cloud, Owner(execution=None, requested_by="arn:bob"))


@dataclass(frozen=True)
class Case:
    """What is wrong, what is asked, and how it must end."""

    arrange: Callable[[Cloud], None]
    environment: str
    release: str
    exit_code: int
    words: tuple[str, ...]


CASES = {
    "unknown release": Case(nothing, "dev", "v9", 2, ("'v9'", "There are: v2, v1.", "appdp releases")),
    "unknown environment": Case(nothing, "prod", "v2", 2, ("'prod'", "There are: dev.")),
    "image missing in one repository": Case(missing_image, "dev", "v2", 8, ("'web'", "'v2'", "shop/web")),
    "wrong architecture": Case(wrong_architecture, "dev", "v2", 8, ("linux/arm64", "linux/amd64", "'web'")),
    "expired credentials": Case(expired, "dev", "v2", 9, ("does not accept the credentials", "Log in again")),
    "denied": Case(denied, "dev", "v2", 9, ("AWS refused ssm:GetParametersByPath", "Allow ssm:GetParametersByPath")),
    "lock held by an execution": Case(held_by_an_execution, "dev", "v2", 8, ("arn:bob", EXECUTION)),
    "lock held by a process": Case(held_by_a_process, "dev", "v2", 8, ("arn:bob", "--direct")),
}


@pytest.mark.parametrize("mode", [(), ("--direct",), ("--dry-run",)], ids=["state machine", "direct", "dry run"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_is_refused_and_nothing_changes(cloud: Cloud, case: Case, mode: tuple[str, ...]) -> None:
    case.arrange(cloud)
    result = appdp("deploy", case.environment, case.release, *mode)
    assert result.exit_code == case.exit_code, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("Error: ") == 1
    assert "Traceback" not in result.stderr
    for words in case.words:
        assert words in result.stderr
    assert cloud.writes() == []


def test_no_network(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    result = appdp("deploy", "dev", "v2")
    assert result.exit_code == 9
    assert "AWS did not answer (ssm)" in result.stderr
    assert "Check the network" in result.stderr
    assert "Traceback" not in result.stderr


def test_no_credentials(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = appdp("deploy", "dev", "v2")
    assert result.exit_code == 9
    assert "There are no AWS credentials to use" in result.stderr
    assert cloud.server.received == []


def test_an_account_that_is_well_starts_exactly_one_execution(cloud: Cloud) -> None:
    result = appdp("deploy", "dev", "v2", "--no-wait")
    assert result.exit_code == 0, result.stderr
    assert cloud.writes() == ["StartExecution"]


def test_the_installed_command_exits_with_the_code_and_no_traceback(cloud: Cloud) -> None:
    cloud.fail("ExpiredTokenException")
    program = [sys.executable, "-W", "error", "-c", "from appdp.cli.main import main; main()", "deploy", "dev", "v2"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 9
    assert done.stdout == ""
    assert done.stderr.startswith("Error: AWS does not accept the credentials (ssm:GetParametersByPath, ExpiredToken")
    assert "Traceback" not in done.stderr
    assert cloud.writes() == []


def test_debug_gives_the_traceback(cloud: Cloud) -> None:
    cloud.fail("ExpiredTokenException")
    result = appdp("deploy", "dev", "v2", "--debug")
    assert result.exit_code == 9
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.count("\nError: AWS does not accept") == 1


# ---- hot swaps -------------------------------------------------------------------------------------------------------


def mark(cloud: Cloud) -> None:
    """The environment is one of developers."""
    name = deployer_parameter("shop", "dev")
    manifest = DeployerManifest.from_json(cloud.parameters[name])
    recipes = {image: BuildRecipe() for image in manifest.images}
    cloud.parameters[name] = replace(manifest, hotswap=recipes).to_json()


def unmarked(cloud: Cloud) -> None:
    name = deployer_parameter("shop", "dev")
    manifest = DeployerManifest.from_json(cloud.parameters[name])
    cloud.parameters[name] = replace(manifest, hotswap=None).to_json()


SWAPS = {
    "unmarked environment": (unmarked, ("dev", "api"), 8, ("not marked for hot swaps", "hotswap=True")),
    "unknown environment": (nothing, ("prod", "api"), 2, ("'prod'", "There are: dev.")),
    "unknown service": (nothing, ("dev", "nope"), 2, ("'nope'", "There are: api, web.")),
    "unknown container": (nothing, ("dev", "api", "--container", "x"), 2, ("'x'", "There are: api.")),
    "no sources": (nothing, ("dev", "api", "--source", "empty"), 2, ("there is no file", "Dockerfile", "--source DIR")),
    "missing docker": (nothing, ("dev", "api"), 2, ("'docker', which is not on the PATH", "Install Docker")),
    "lock held by a process": (held_by_a_process, ("dev", "api"), 8, ("arn:bob",)),
    "expired credentials": (expired, ("dev", "api"), 9, ("does not accept the credentials",)),
}


@pytest.mark.parametrize(("arrange", "words", "code", "said"), SWAPS.values(), ids=SWAPS.keys())
def test_a_hot_swap_is_refused_and_nothing_changes(
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arrange: Callable[[Cloud], None],
    words: tuple[str, ...],
    code: int,
    said: tuple[str, ...],
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    mark(cloud)
    arrange(cloud)
    result = appdp("hotswap", *words)
    assert result.exit_code == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("Error: ") == 1
    for text in said:
        assert text in result.stderr
    assert cloud.writes() == []
