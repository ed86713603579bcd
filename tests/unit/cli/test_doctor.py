"""``appdp doctor``."""

from __future__ import annotations

from typing import Any

from click.testing import CliRunner

from appdp.cli.context import Aws, Cli
from appdp.cli.main import main
from appdp.errors import ConfigurationError, CredentialsError, RemoteError
from appdp.model.deployment import Owner
from appdp.model.handoff import lock_parameter
from appdp.model.lock import Lock
from tests.unit.cli.terminal import ALICE, Terminal, at_release, data


def checks(terminal: Terminal, *args: str) -> dict[str, dict[str, Any]]:
    """What was looked at, by name."""
    return {check["name"]: check for check in data(terminal.run("doctor", "--json", *args))}


def refused(*_: object, **__: object) -> Any:  # noqa: ANN401  (stands for any call)
    raise RemoteError("AWS refused it", code="AccessDeniedException", hint="Allow it.")


def test_everything_is_well() -> None:
    terminal = at_release()
    result = terminal.run("doctor")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    assert "boto3 " in lines[0]
    assert [line.removeprefix("ok").strip() for line in lines[1:]] == [
        "region: us-east-1",
        f"credentials: AWS knows the caller as {ALICE}",
        "application: shop, with dev",
        "dev: runs v1; 3 service(s)",
        "dev: deployments: may be followed, of appdp-shop-dev",
        "dev: logs: may be read",
    ]


def test_nothing_is_written() -> None:
    terminal = at_release()
    before = dict(terminal.account.parameters.values)
    terminal.run("doctor")
    assert terminal.account.parameters.values == before


def test_no_region_ends_it() -> None:
    def nowhere(profile: str | None, region: str | None) -> Aws:
        raise ConfigurationError("No AWS region is set.", hint="Set AWS_REGION, or give --region.")

    result = CliRunner().invoke(main, ["doctor"], obj=Cli(connect=nowhere))
    assert result.exit_code == 2
    assert result.stdout.splitlines()[1:] == [
        "error    region: No AWS region is set.",
        "         Set AWS_REGION, or give --region.",
    ]


def test_expired_credentials_end_it() -> None:
    def expired() -> str:
        raise CredentialsError("AWS does not accept the credentials", hint="Log in again")

    terminal = at_release()
    terminal.caller = expired
    assert terminal.run("doctor").exit_code == 9
    assert list(checks(terminal)) == ["versions", "region", "credentials"]


def test_an_application_that_is_not_there() -> None:
    terminal = at_release()
    assert terminal.run("doctor", "--app", "blog").exit_code == 2
    found = checks(terminal, "--app", "blog")["application"]
    assert (found["verdict"], found["exit_code"]) == ("error", 2)
    assert "There are: shop." in found["text"]


def test_what_may_not_be_seen() -> None:
    terminal = at_release()
    terminal.account.services.describe = refused  # type: ignore[method-assign]  # a caller who may not
    terminal.executions.describe = refused  # type: ignore[method-assign]  # a caller who may not
    assert terminal.run("doctor").exit_code == 9
    found = checks(terminal)
    assert found["dev"]["hint"] == found["dev: deployments"]["hint"] == "Allow it."


def test_logs_are_not_needed() -> None:
    terminal = at_release()
    terminal.log_events.since = refused  # type: ignore[method-assign]  # a caller who may not
    assert terminal.run("doctor").exit_code == 0
    assert checks(terminal)["dev: logs"]["verdict"] == "warning"


def test_what_stands_out() -> None:
    terminal = at_release()
    owner = Owner(execution=None, requested_by="arn:bob")
    lock = Lock(deployment="dead", owner=owner, renewed_at=terminal.account.clock.now() - 1000)
    terminal.account.parameters.put(lock_parameter("shop", "dev"), lock.to_json())
    moved = terminal.account.digest("api", "v2") or ""
    terminal.account.registry.move_tag("", "", "shop/api", digest=moved, tag="env-dev")
    terminal.account.registry.forget("shop/worker", "v1")
    for definition in terminal.account.definitions.stored.values():
        for container in definition["containerDefinitions"]:
            container.pop("logConfiguration", None)
    assert terminal.run("doctor").exit_code == 0
    found = checks(terminal)
    assert "release v1 of image worker is gone" in found["dev: worker"]["text"]
    assert "tag of api does not name" in found["dev: tags"]["text"]
    assert "deployment dead left its lock" in found["dev: lock"]["text"]
    assert found["dev: logs"]["text"] == "no container logs with awslogs"


def test_an_environment_without_a_release() -> None:
    assert checks(Terminal())["dev"]["text"] == "has no release yet; 3 service(s)"
