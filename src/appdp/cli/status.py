"""``appdp status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appdp.cli.context import Aws, Cli
from appdp.cli.options import account_options, json_option

if TYPE_CHECKING:
    from appdp.engine.overview import EnvironmentStatus, Running, ServiceStatus


@click.command()
@click.argument("environment", metavar="ENV")
@click.option("--follow", "-f", is_flag=True, help="Follow the deployment that is under way; exit code as for deploy.")
@click.option(
    "--deployment", metavar="ID", help="Follow this deployment, or say how it ended; exit code as for deploy."
)
@json_option
@account_options
@click.pass_context
def status(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    environment: str,
    follow: bool,
    deployment: str | None,
    as_json: bool,
    app: str | None,
    profile: str | None,
    region: str | None,
) -> None:
    """Show what an environment runs, and what is under way."""
    from appdp.cli.output import echo_json
    from appdp.engine.overview import application_of
    from appdp.engine.overview import status as status_of
    from appdp.model.handoff import check_name

    cli = ctx.ensure_object(Cli)
    aws = cli.connect(profile, region)
    application = application_of(aws.ports.parameters, app)
    check_name("Environment", environment)
    if follow or deployment:
        ctx.exit(_follow(cli, aws, (application, environment, deployment), as_json=as_json))
    found = status_of(application, environment, aws.ports)
    if as_json:
        echo_json(found.to_dict())
    else:
        click.echo("\n".join(_lines(found)))


def _lines(found: EnvironmentStatus) -> list[str]:
    from appdp.cli.output import columns, moment

    where = f"{found.application}/{found.environment}"
    if found.release is None:
        lines = [f"{where} has no release yet"]
    else:
        lines = [
            f"{where} runs {found.release}, since {moment(found.since or 0.0)}, recorded by {found.by or 'unknown'}"
        ]
    rows = [("service", "strategy", "tasks", "image", "")]
    for service in found.services:
        tasks = f"{service.running}/{service.desired}"
        detail = "" if service.changing else service.detail
        rows.append((service.name, service.strategy, tasks, _image(service), detail))
    lines += columns(rows) if found.services else ["  no services"]
    return [*lines, _under_way(found.deployment)]


def _image(service: ServiceStatus) -> str:
    if service.changing:
        return "changing"
    return {True: "released", False: "DIFFERS", None: "-"}[service.released]


def _under_way(running: Running | None) -> str:
    from appdp.cli.output import moment

    if running is None:
        return "no deployment is under way"
    who = f"deployment {running.deployment}, requested by {running.owner.requested_by}"
    if not running.alive:
        return f"lock left by {who}, which does not run any more; the next deployment takes over"
    if running.owner.execution is None:
        return f"under way: {who}, in a process (--direct) that was alive at {moment(running.renewed_at)}"
    return f"under way: {who}; follow it with --follow"


def _follow(cli: Cli, aws: Aws, what: tuple[str, str, str | None], *, as_json: bool) -> int:
    from appdp.cli.ending import report
    from appdp.cli.follow import watch
    from appdp.cli.output import say
    from appdp.engine.deploy import Request
    from appdp.engine.deploy.survey import read_deployer
    from appdp.engine.executions import execution_arn
    from appdp.engine.overview import running_deployment
    from appdp.model.deployment import Outcome

    application, environment, deployment = what
    deployer = read_deployer(application, environment, aws.ports)
    running = None if deployment else running_deployment(application, environment, aws.ports)
    if deployment:
        execution = execution_arn(deployer.state_machine, deployment)
    elif running is not None and running.owner.execution is not None:
        deployment, execution = running.deployment, running.owner.execution
    else:
        say(_under_way(running))
        return Outcome.NOTHING_TO_DO.exit_code
    # What was asked for, the execution knows; only names and id matter here.
    request = Request(application=application, environment=environment, release=None, rollback=True, id=deployment)
    return report(watch(aws, execution, request=request, sleep=cli.sleep), as_json=as_json)
