"""``appdp run``."""

from __future__ import annotations

import secrets

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options, json_option, timeout_option


@click.command()
@click.argument("environment", metavar="ENV")
@click.argument("job", metavar="JOB")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
@click.option("--dry-run", is_flag=True, help="Print what would run, and run nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask, also where the environment is protected.")
@timeout_option
@json_option
@account_options
@click.pass_context
def run(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    environment: str,
    job: str,
    command: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    timeout: float | None,
    as_json: bool,
    account: Account,
) -> None:
    """Run a job of an environment, with the images of the release that it runs.

    What stands after -- is run instead of the container's own command. Prints what the container says, until it ends:
    exit code 0 if its own was 0, else 5. After the job's own time limit the task is stopped, as with Ctrl-C. After
    --timeout the command gives up waiting, and the task goes on.
    """
    from appdp.cli.asking import confirm
    from appdp.cli.job_run import JobFollower
    from appdp.cli.output import echo_json, say
    from appdp.engine.deploy.run_job import plan_job, start_job
    from appdp.model.handoff import check_name

    cli = ctx.ensure_object(Cli)
    aws, application = cli.reach(account)
    planned = plan_job(application, check_name("Environment", environment), job, command, aws.ports)
    say(f"Job {job} of {environment} with release {planned.release}: {' '.join(command) or 'its own command'}.")
    if dry_run:
        if as_json:
            echo_json(planned.to_dict())
        else:
            click.echo("\n".join(f"{container}: {image}" for container, image in planned.images.items()))
        say("Dry run: nothing was started.")
        return
    if planned.protected:
        confirm(cli, f"Environment {environment!r} is protected. Go on?", yes=yes)
    began = aws.ports.clock.now()
    task = start_job(planned, secrets.token_hex(16), aws.ports)
    say(f"Task {task}")
    follower = JobFollower(aws, planned, task, began, sleep=cli.sleep, quiet=as_json)
    ending = follower.follow(timeout)
    if as_json:
        echo_json({**planned.to_dict(), **ending.to_dict()})
    ctx.exit(ending.exit_code)
