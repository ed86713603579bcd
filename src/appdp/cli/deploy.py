"""``appdp deploy``."""

from __future__ import annotations

import click

from appdp.cli.context import Cli
from appdp.cli.options import launch_options


@click.command()
@click.argument("environment", metavar="ENV")
@click.argument("release")
@click.option(
    "--rollback-needs-jobs",
    is_flag=True,
    help="Remember that a rollback away from this release must say --with-jobs or --without-jobs.",
)
@launch_options
@click.pass_context
def deploy(ctx: click.Context, /, environment: str, release: str, **given: object) -> None:
    """Deploy a release to an environment.

    RELEASE is a tag that every image carries, ENV an environment's name. Plans first: what cannot work is refused
    before anything changes. Then all changed services come up green, are tested, and take traffic together; if one
    fails, none does.

    Where somebody must approve first, the command ends with exit code 7 once every green is up and tested; the
    deployment waits. --wait-approval follows it on.
    """
    from appdp.cli.launch import Wish, launch

    wish = Wish.of(environment=environment, release=release, rollback=False, given=given)
    ctx.exit(launch(ctx.ensure_object(Cli), wish))
