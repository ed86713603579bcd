"""``appdp exec``."""

from __future__ import annotations

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options


@click.command()
@click.argument("environment", metavar="ENV")
@click.argument("service", metavar="SERVICE")
@click.argument("command", metavar="[-- COMMAND]", nargs=-1, type=click.UNPROCESSED)
@click.option("--container", metavar="NAME", help="Which container. Default: the one that runs the service's image.")
@click.option(
    "--task",
    metavar="ID",
    help="Which task; the beginning of its id will do. Default: the newest one of the released revision.",
)
@account_options
@click.pass_context
def exec(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    environment: str,
    service: str,
    command: tuple[str, ...],
    container: str | None,
    task: str | None,
    account: Account,
) -> None:
    """Open a shell, or run a command, in a running task of a service.

    It is ECS Exec: the service needs enable_execute_command=True, and this machine Session Manager's plugin, which
    becomes the terminal. Without a command it runs /bin/sh.

    \b
    Exit codes of its own:
      5 the plugin failed (the exit code of the command in the task is not told)
      8 no task runs, or it takes no commands
    """
    import shlex

    from appdp.cli.output import say
    from appdp.cli.session_plugin import attach, find_plugin
    from appdp.engine.overview import ShellWish, shell_place
    from appdp.errors import AppdpError
    from appdp.model.handoff import check_name

    plugin = find_plugin()
    aws, application = ctx.ensure_object(Cli).reach(account)
    wish = ShellWish(service=service, task=task, container=container)
    place = shell_place(application, check_name("Environment", environment), wish, aws.ports, aws.shells)
    say(f"{service}: container {place.container} of task {place.task.id}")
    shell = aws.shells.open(place.cluster, place.task.arn, place.container, shlex.join(command) or "/bin/sh")
    code = attach(plugin, shell, target=place.target, profile=account.profile)
    if code:
        raise AppdpError(
            f"The session ended with exit code {code} of Session Manager's plugin.",
            hint="What it printed says why; run the same command again if the connection broke.",
        )
