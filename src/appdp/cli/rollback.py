"""``appdp rollback``."""

from __future__ import annotations

import click

from appdp.cli.context import Cli
from appdp.cli.options import launch_options


@click.command()
@click.argument("environment", metavar="ENV")
@click.argument("release", required=False)
@click.option(
    "--with-jobs/--without-jobs",
    default=None,
    help="Run all jobs of the environment, or only those with on_rollback='run'. Must be said when a release that is "
    "left was deployed with --rollback-needs-jobs.",
)
@launch_options
@click.pass_context
def rollback(ctx: click.Context, /, environment: str, release: str | None, **given: object) -> None:
    """Take an environment back to an earlier release.

    Without RELEASE, to the last good one before the current one. A rollback is a deployment of an older release: it
    goes through the same test and the same gate, but nobody has to approve it unless --hold asks for that.
    """
    from appdp.cli.launch import Wish, launch

    wish = Wish.of(environment=environment, release=release, rollback=True, given=given)
    ctx.exit(launch(ctx.ensure_object(Cli), wish))
