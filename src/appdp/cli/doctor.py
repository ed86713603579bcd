"""``appdp doctor``."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Final

import click

from appdp.cli.context import Account, Aws, Cli
from appdp.cli.options import account_options, json_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appdp.engine.overview import Check

_DISTRIBUTIONS: Final = ("aws-cdk-appdp", "boto3", "botocore", "click")

_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command()
@json_option
@account_options
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, account: Account) -> None:
    """Look whether this machine, its credentials and the application's environments are well.

    Reads only. What may be written cannot be seen without writing it, so the permission to start a deployment is not
    looked at. Exit code 0 unless something is an error; then the code that the other verbs would end with.
    """
    from appdp.cli.output import echo_json

    found = []
    for check in _checks(ctx.ensure_object(Cli), account):
        found.append(check)
        if not as_json:
            _print(check)
    if as_json:
        echo_json([check.to_dict() for check in found])
    ctx.exit(next((check.exit_code for check in found if check.exit_code), 0))


def _checks(cli: Cli, account: Account) -> Iterator[Check]:
    from appdp.engine.overview import Surroundings, examine, tried

    yield tried("versions", _versions)
    connected: list[Aws] = []

    def connect() -> str:
        connected.append(cli.connect(account.profile, account.region))
        return connected[0].region()

    yield tried("region", connect)
    for aws in connected:
        around = Surroundings(ports=aws.ports, executions=aws.executions, log_events=aws.log_events, caller=aws.caller)
        yield from examine(around, account.app)


def _versions() -> str:
    import platform

    names = ", ".join(f"{name} {metadata.version(name)}" for name in _DISTRIBUTIONS)
    return f"Python {platform.python_version()}, {names}"


def _print(check: Check) -> None:
    verdict = click.style(f"{check.verdict.value:7}", fg=_COLOURS[check.verdict.value])
    text = check.text.replace("\n", " ")
    click.echo(f"{verdict}  {check.name}: {text}")
    if check.hint:
        click.echo(f"{'':7}  {check.hint}")
