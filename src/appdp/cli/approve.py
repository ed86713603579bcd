"""``appdp approve``."""

from __future__ import annotations

import click

from appdp.cli.context import Cli
from appdp.cli.options import decision_options


@click.command()
@click.argument("environment", metavar="ENV")
@decision_options
@click.pass_context
def approve(ctx: click.Context, /, environment: str, **given: object) -> None:
    """Let the release that is on hold take traffic.

    Its greens are up and tested; once approved, all of them take traffic together. Takes effect within a minute. The
    first decision counts, and is recorded with who made it. Deployer.grant_approve() gives what it needs.
    """
    from appdp.cli.deciding import Words, decide
    from appdp.model.hold import Decision

    words = Words.of(environment=environment, decision=Decision.APPROVED, given=given)
    ctx.exit(decide(ctx.ensure_object(Cli), words))
