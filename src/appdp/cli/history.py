"""``appdp history``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options, json_option

if TYPE_CHECKING:
    from appdp.engine.overview import PastDeployment


@click.command()
@click.argument("environment", metavar="ENV")
@click.option(
    "--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the newest first."
)
@json_option
@account_options
@click.pass_context
def history(
    ctx: click.Context,
    environment: str,
    limit: int,
    as_json: bool,
    account: Account,
) -> None:
    """List an environment's deployments: when, how long, how each ended, who asked, and why it failed.

    The last 100 are kept, whatever AWS forgets; those that had nothing to do are not listed. "rollback needs jobs"
    marks what was deployed with --rollback-needs-jobs. --json has the whole reason of each.
    """
    from appdp.cli.output import columns, echo_json, say
    from appdp.engine.overview import history as history_of
    from appdp.model.handoff import check_name

    aws, application = ctx.ensure_object(Cli).reach(account)
    found = history_of(application, check_name("Environment", environment), aws.ports)[:limit]
    if as_json:
        echo_json([past.to_dict() for past in found])
    elif found:
        rows = [("ended", "took", "outcome", "release", "before", "requested by", "")]
        click.echo("\n".join(columns([*rows, *(_row(past) for past in found)], indent="")))
    else:
        say(f"{application}/{environment} had no deployment yet.")


def _row(past: PastDeployment) -> tuple[str, ...]:
    from appdp.cli.output import length, moment

    return (
        moment(past.ended_at),
        "-" if past.seconds is None else length(past.seconds),
        past.outcome.value,
        past.release or "-",
        past.previous or "-",
        # assumed-role/developer/alice, of its ARN.
        past.requested_by.split(":", 5)[-1] or "-",
        _remark(past),
    )


def _remark(past: PastDeployment) -> str:
    """What stands out: whether a rollback away from the release must decide about jobs, why it failed, who decided."""
    needs = "rollback needs jobs" if past.rollback_needs_jobs else ""
    return "; ".join(filter(None, (needs, (past.reason or past.approval).partition("\n")[0])))
