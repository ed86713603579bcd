"""``appdp releases``."""

from __future__ import annotations

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options, json_option


@click.command()
@json_option
@account_options
@click.pass_context
def releases(ctx: click.Context, as_json: bool, account: Account) -> None:
    """List the releases and where they run.

    A release is a tag that every image of the application carries. Newest first.
    """
    from appdp.cli.output import columns, echo_json, moment, say
    from appdp.engine.overview import releases as releases_of

    aws, application = ctx.ensure_object(Cli).reach(account)
    found = releases_of(application, aws.ports)
    if as_json:
        echo_json([release.to_dict() for release in found])
    elif found:
        rows = [("release", "last image pushed", "runs in")]
        rows += [(release.tag, moment(release.pushed_at), ", ".join(release.environments)) for release in found]
        click.echo("\n".join(columns(rows, indent="")))
    else:
        say(f"{application} has no release yet: no tag is carried by all of its images.")
