"""``appdp unlock``."""

from __future__ import annotations

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options, again, yes_option


@click.command()
@click.argument("environment", metavar="ENV")
@click.option("--dry-run", is_flag=True, help="Print whose lock would be taken away, and change nothing.")
@yes_option
@account_options
@click.pass_context
def unlock(
    ctx: click.Context,
    environment: str,
    dry_run: bool,
    yes: bool,
    account: Account,
) -> None:
    """Take away the lock that a dead deployment left.

    Refused, with who holds it, while its owner is alive; stop that one instead. Rarely needed: the next deployment
    takes a dead one's lock over, and takes back what it left in progress, which this does not.

    \b
    Exit codes of its own:
      3 there is no lock
      8 its owner is alive
    """
    from appdp.cli.asking import confirm
    from appdp.cli.launch import deployment_id
    from appdp.cli.output import say
    from appdp.cli.under_way import sentence
    from appdp.engine.deploy import Process, check_dead, read_deployer, unlock_dead
    from appdp.engine.overview import running_deployment
    from appdp.model.deployment import Outcome
    from appdp.model.handoff import check_name

    cli = ctx.ensure_object(Cli)
    aws, application = cli.reach(account)
    read_deployer(application, check_name("Environment", environment), aws.ports)
    if not check_dead(application, environment, aws.ports):
        say(f"{application}/{environment} is not locked.")
        ctx.exit(Outcome.NOTHING_TO_DO.exit_code)
    say(sentence(running_deployment(application, environment, aws.ports)))
    if dry_run:
        say("Dry run: nothing was changed.")
        return
    confirm(cli, f"Take the lock of {environment!r} away?", yes=yes)
    name = deployment_id("unlock", aws.ports.clock.now())
    process = Process(id=name, requested_by=aws.caller(), sleep=cli.sleep)
    unlock_dead(application, environment, aws.ports, process)
    say(f"{application}/{environment} is not locked any more.", colour="green")
    say(f"Next: {again('status', environment)}; then deploy or roll back, which takes back what is left in progress")
