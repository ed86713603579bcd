"""``appdp status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from appdp.cli.context import Account, Aws, Cli
from appdp.cli.options import account_options, json_option, timeout_option, wait_approval_option

if TYPE_CHECKING:
    from appdp.engine.overview import EnvironmentStatus, ServiceStatus

_RELEASED: Final = {True: "released", False: "DIFFERS", None: "-"}


@click.command()
@click.argument("environment", metavar="ENV")
@click.option("--follow", "-f", is_flag=True, help="Follow the deployment that is under way; exit code as for deploy.")
@click.option(
    "--deployment", metavar="ID", help="Follow this deployment, or say how it ended; exit code as for deploy."
)
@wait_approval_option
@timeout_option
@json_option
@account_options
@click.pass_context
def status(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    environment: str,
    follow: bool,
    deployment: str | None,
    wait_approval: bool,
    timeout: float | None,
    as_json: bool,
    account: Account,
) -> None:
    """Show what an environment runs, and what is under way."""
    from appdp.cli.follow import Patience
    from appdp.cli.output import echo_json
    from appdp.cli.under_way import Target, follow_it
    from appdp.engine.overview import status as status_of
    from appdp.model.handoff import check_name

    if timeout is not None and not (follow or deployment):
        raise click.UsageError("--timeout needs --follow or --deployment: without them nothing is waited for.")
    if wait_approval and not (follow or deployment):
        raise click.UsageError("--wait-approval needs --follow or --deployment: without them nothing is waited for.")
    cli = ctx.ensure_object(Cli)
    aws, application = cli.reach(account)
    check_name("Environment", environment)
    if follow or deployment:
        target = Target(
            application=application,
            environment=environment,
            deployment=deployment,
            patience=Patience(timeout=timeout, through_hold=wait_approval),
        )
        ctx.exit(follow_it(cli, aws, target, as_json=as_json))
    found = _with_jobs(status_of(application, environment, aws.ports), aws)
    if as_json:
        echo_json(found.to_dict())
    else:
        click.echo("\n".join(_lines(found)))


def _lines(found: EnvironmentStatus) -> list[str]:
    from appdp.cli.output import columns, moment, wrong_tag_lines

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
    lines += [*_job_lines(found), *_schedule_lines(found)]
    return [*lines, *wrong_tag_lines(found.environment, found.wrong_tags), _under_way(found), *_hold_lines(found)]


def _with_jobs(found: EnvironmentStatus, aws: Aws) -> EnvironmentStatus:
    """The same, with how its jobs stand, if the state machine's newest state tells; of a process, ECS was asked."""
    from appdp.cli.follow import look
    from appdp.cli.output import say
    from appdp.errors import RemoteError

    running = found.deployment
    if not found.jobs or running is None or not running.alive or running.owner.execution is None:
        return found
    try:
        seen = look(aws.executions, running.owner.execution).deployment
    except RemoteError as error:
        say(f"How its jobs stand could not be read: {error.message}")
        return found
    return found if seen is None else found.during(seen)


def _job_lines(found: EnvironmentStatus) -> list[str]:
    from appdp.cli.output import columns, moment

    rows = [("job", "runs", "state", "")]
    for job in found.jobs:
        known = [
            f"task {job.task.rpartition('/')[2]}" if job.task else "",
            "" if job.exit_code is None else f"exit code {job.exit_code}",
            "" if job.since is None else f"since {moment(job.since)}",
        ]
        state = "-" if job.progress is None else job.progress.value
        rows.append((job.name, job.run.value.replace("_", " "), state, ", ".join(filter(None, known))))
    return columns(rows) if found.jobs else []


def _schedule_lines(found: EnvironmentStatus) -> list[str]:
    from appdp.cli.output import columns

    rows = [("schedule", "runs", "", "image", "")]
    for schedule in found.schedules:
        state = "on" if schedule.enabled else "off"
        when = f"{schedule.expression} {schedule.time_zone}".strip()
        rows.append((schedule.name, when, state, _RELEASED[schedule.released], schedule.detail))
    return columns(rows) if found.schedules else []


def _under_way(found: EnvironmentStatus) -> str:
    from appdp.cli.under_way import sentence

    running = found.deployment
    may_follow = running is not None and running.alive and running.owner.execution is not None
    return sentence(running) + ("; follow it with --follow" if may_follow else "")


def _hold_lines(found: EnvironmentStatus) -> list[str]:
    from appdp.cli.deciding import decide_commands, hold_lines
    from appdp.cli.output import moment

    if found.hold is None:
        return []
    lines = hold_lines(f"{found.application}/{found.environment}", found.hold)
    if found.decision is None:
        return [*lines, f"  {decide_commands(found.environment, found.hold.deployment)}"]
    return [*lines, f"  {found.decision.decision} by {found.decision.by} at {moment(found.decision.at)}"]


def _image(service: ServiceStatus) -> str:
    if service.changing:
        return "changing"
    return _RELEASED[service.released]
