"""``appdp status``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from appdp.cli.context import Aws, Cli
from appdp.cli.options import account_options, again, json_option, timeout_option, wait_approval_option

if TYPE_CHECKING:
    from appdp.cli.follow import Patience
    from appdp.engine.deploy import Request
    from appdp.engine.overview import EnvironmentStatus, Running, ServiceStatus


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
    app: str | None,
    profile: str | None,
    region: str | None,
) -> None:
    """Show what an environment runs, and what is under way."""
    from appdp.cli.output import echo_json
    from appdp.engine.overview import application_of
    from appdp.engine.overview import status as status_of
    from appdp.model.handoff import check_name

    if timeout is not None and not (follow or deployment):
        raise click.UsageError("--timeout needs --follow or --deployment: without them nothing is waited for.")
    if wait_approval and not (follow or deployment):
        raise click.UsageError("--wait-approval needs --follow or --deployment: without them nothing is waited for.")
    cli = ctx.ensure_object(Cli)
    aws = cli.connect(profile, region)
    application = application_of(aws.ports.parameters, app)
    check_name("Environment", environment)
    if follow or deployment:
        from appdp.cli.follow import Patience

        what = _What(application=application, environment=environment, deployment=deployment)
        ctx.exit(_follow(cli, aws, what, Patience(timeout=timeout, through_hold=wait_approval), as_json=as_json))
    found = status_of(application, environment, aws.ports)
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
    lines += wrong_tag_lines(found.environment, found.wrong_tags)
    return [*lines, _under_way(found.deployment), *_hold_lines(found)]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _What:
    """What to follow; without ``deployment`` the one that is under way."""

    application: str
    environment: str
    deployment: str | None

    def request(self, deployment: str) -> Request:
        """What was asked for, the execution knows; only names and id matter here."""
        from appdp.engine.deploy import Request

        return Request(
            application=self.application, environment=self.environment, release=None, rollback=True, id=deployment
        )


def _follow(cli: Cli, aws: Aws, what: _What, patience: Patience, *, as_json: bool) -> int:
    from appdp.cli.ending import report
    from appdp.cli.follow import watch
    from appdp.engine.deploy import read_deployer
    from appdp.engine.executions import execution_arn
    from appdp.engine.overview import running_deployment

    deployer = read_deployer(what.application, what.environment, aws.ports)
    deployment = what.deployment
    if deployment:
        execution = execution_arn(deployer.state_machine, deployment)
    else:
        running = running_deployment(what.application, what.environment, aws.ports)
        if running is None or running.owner.execution is None:
            return _not_followed(what, running, as_json=as_json)
        deployment, execution = running.deployment, running.owner.execution
    ending = watch(aws, execution, request=what.request(deployment), sleep=cli.sleep, patience=patience)
    return report(ending, as_json=as_json)


def _not_followed(what: _What, running: Running | None, *, as_json: bool) -> int:
    """There is no execution to follow: nothing is under way, or a process runs it, whose state nobody else sees."""
    from appdp.cli.ending import Ending, report
    from appdp.cli.output import echo_json, say
    from appdp.model.deployment import EXIT_STILL_RUNNING, Outcome

    nothing = Outcome.NOTHING_TO_DO
    if running is not None and running.alive:
        ending = Ending(
            request=what.request(running.deployment),
            word="running",
            exit_code=EXIT_STILL_RUNNING,
            text=f"{_under_way(running)}; only that process can show how it goes.",
            next_step=again("status", what.environment),
        )
        return report(ending, as_json=as_json)
    text = _under_way(running)
    say(text)
    if as_json:
        # The same keys as every other ending.
        data: dict[str, object] = dict.fromkeys(("id", "application", "environment", "release"))
        data |= {"application": what.application, "environment": what.environment}
        data |= {"outcome": nothing.value, "exit_code": nothing.exit_code, "text": text}
        echo_json({**data, "execution": None, "deployment": None})
    return nothing.exit_code
