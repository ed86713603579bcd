"""``appdp logs``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options, duration

if TYPE_CHECKING:
    from appdp.engine.overview import LogLine, LogReader

POLL_SECONDS: Final = 2.0
"""How often to look for new lines. FilterLogEvents takes a few calls a second, and each container is one.

See: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

_COLOURS: Final = ("cyan", "green", "yellow", "magenta", "blue")


@click.command()
@click.argument("environment", metavar="ENV")
@click.argument("service", required=False)
@click.option(
    "--since",
    metavar="DURATION",
    default="10m",
    show_default=True,
    callback=duration,
    help="How far back to begin (90s, 30m, 2h).",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is said from now on, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print each line as JSON on stdout.")
@account_options
@click.pass_context
def logs(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    environment: str,
    service: str | None,
    since: float,
    follow: bool,
    as_json: bool,
    account: Account,
) -> None:
    """Print what the containers of a service say, or of all services.

    Reads the log groups that the task definitions name which run now, so of containers that log with awslogs, as
    those of the constructs do.
    """
    from appdp.cli.output import say
    from appdp.engine.overview import LogReader, log_sources
    from appdp.model.handoff import check_name

    cli = ctx.ensure_object(Cli)
    aws, application = cli.reach(account)
    sources = log_sources(application, check_name("Environment", environment), service, aws.ports)
    if not sources:
        say("No container there logs with awslogs, so there is nothing to read.")
        return
    for one in sources:
        say(f"{one.service}: container {one.container}, log group {one.group}")
    reader = LogReader(sources, aws.log_events, aws.ports.clock.now() - since)
    try:
        _print(cli, reader, [one.service for one in sources], follow=follow, as_json=as_json)
    except KeyboardInterrupt:
        if not follow:
            raise
        # That is how following ends.


def _print(cli: Cli, reader: LogReader, services: Iterable[str], *, follow: bool, as_json: bool) -> None:
    colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(dict.fromkeys(services))}
    while True:
        for line in reader.new():
            click.echo(_json(line) if as_json else _text(line, colours[line.service]))
        if not follow:
            return
        cli.sleep(POLL_SECONDS)


def _json(line: LogLine) -> str:
    return json.dumps(line.to_dict(), ensure_ascii=False)


def _text(line: LogLine, colour: str) -> str:
    from appdp.cli.output import moment

    who = line.service if line.container == line.service else f"{line.service}/{line.container}"
    return f"{moment(line.at)}  {click.style(f'{who} {line.task[:8]}', fg=colour)}  {line.message}"
