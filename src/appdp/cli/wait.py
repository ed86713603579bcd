"""``appdp wait``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options, json_option, timeout_option

if TYPE_CHECKING:
    from appdp.cli.ending import Ending
    from appdp.cli.follow import Enough
    from appdp.engine.deploy import Request
    from appdp.model.deployment import Deployment


@click.command()
@click.argument("environment", metavar="ENV")
@click.option(
    "--until",
    type=click.Choice(["green", "shifted", "done"]),
    default="done",
    show_default=True,
    help="green: every green is up and tested, and no traffic was moved; shifted: all traffic is on the new release, "
    "and the old one still stands by; done: the deployment ended.",
)
@click.option("--deployment", metavar="ID", help="This deployment, also if it ended already; default: the running one.")
@timeout_option
@json_option
@account_options
@click.pass_context
def wait(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    environment: str,
    until: str,
    deployment: str | None,
    timeout: float | None,
    as_json: bool,
    account: Account,
) -> None:
    """Wait for the deployment that is under way to come to a point.

    Exit code 0 once it is there. A deployment that ends before it gets there, because it failed for example, has the
    exit code that deploy would have; without a deployment under way it is 3. Of one that a process runs (--direct),
    only the end can be seen. One that is on hold is waited for, too; when the time is over then, it is 7.
    """
    from appdp.cli.follow import Patience
    from appdp.cli.under_way import Target, follow_it
    from appdp.model.handoff import check_name

    cli = ctx.ensure_object(Cli)
    aws, application = cli.reach(account)
    target = Target(
        application=application,
        environment=check_name("Environment", environment),
        deployment=deployment,
        patience=Patience(timeout=timeout, through_hold=True, enough=_enough(until)),
        processes=until == "done",
    )
    ctx.exit(follow_it(cli, aws, target, as_json=as_json))


def _enough(point: str) -> Enough | None:
    from appdp.cli.ending import Ending
    from appdp.model.deployment import Phase

    before_green = {Phase.PREPARE, Phase.JOBS_BEFORE, Phase.GREEN}
    if point == "done":
        return None

    def enough(request: Request, deployment: Deployment, execution: str) -> Ending | None:
        if point == "green":
            # Also while it is held there; a deployment on its way back, or at its end, is told by its ending.
            there = deployment.phase not in before_green | {Phase.RETURN, Phase.UNLOCK, Phase.DONE}
        else:
            there = deployment.phase in (Phase.BAKE, Phase.JOBS_AFTER, Phase.RECORD)
        return Ending.reached(request, deployment, execution, point=point) if there else None

    return enough
