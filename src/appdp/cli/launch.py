"""Plan, ask, start, follow: what ``deploy`` and ``rollback`` do."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import click

from appdp.cli.asking import confirm
from appdp.cli.context import Account, Aws, Cli
from appdp.cli.direct import run
from appdp.cli.ending import Ending, report
from appdp.cli.follow import Patience, watch
from appdp.cli.options import check_waiting
from appdp.cli.output import echo_json, plan_lines, say
from appdp.engine.deploy import Request, begin, plan, read_deployer
from appdp.engine.executions import execution_arn
from appdp.errors import ConfigurationError, Refused
from appdp.model.deployment import Outcome, Owner
from appdp.model.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The command line, parsed. ``timeout`` is in seconds; None waits until the deployment ends."""

    environment: str
    release: str | None
    rollback: bool
    account: Account
    dry_run: bool
    yes: bool
    direct: bool
    hold: bool
    ignore_alarms: bool
    wait: bool
    wait_approval: bool
    timeout: float | None
    as_json: bool
    rollback_needs_jobs: bool = False
    with_jobs: bool | None = None

    @classmethod
    def of(cls, *, environment: str, release: str | None, rollback: bool, given: Mapping[str, Any]) -> Wish:
        """From click's parameters."""
        return cls(environment=environment, release=release, rollback=rollback, **given)


def launch(cli: Cli, wish: Wish) -> int:
    """Do what the user wishes; returns the exit code.

    Raises:
        AppdpError: the plan says that it cannot work, or AWS cannot be reached. Nothing was changed.
    """
    check_waiting(wait=wish.wait, timeout=wish.timeout)
    if wish.direct and (not wish.wait or wish.timeout is not None):
        raise ConfigurationError(
            "With --direct nobody else goes on with the deployment, so --no-wait and --timeout cannot go with it.",
            hint="Leave out --direct, or the other one.",
        )
    if wish.wait_approval and not wish.wait:
        raise ConfigurationError(
            "--wait-approval says to wait for an approval, and --no-wait says not to wait.",
            hint="Leave out one of them.",
        )
    aws, application = cli.reach(wish.account)
    request = _request(wish, application, aws)
    planned = plan(request, aws.ports)
    # A rollback without a release means the one that the plan found, also if the history moves before the start.
    request = replace(request, release=planned.release)
    if wish.dry_run:
        return _dry_run(wish, planned)
    for line in plan_lines(planned):
        say(line)
    if not planned.changes:
        return report(Ending.nothing_to_do(request, planned), as_json=wish.as_json)
    _confirm(cli, wish, planned)
    ending = _directly(cli, aws, request) if wish.direct else _on_aws(cli, wish, aws, request, planned)
    return report(ending, as_json=wish.as_json)


def deployment_id(release: str, now: float) -> str:
    """A new id: when, which release (as far as an execution's name allows), and a little chance."""
    slug = re.sub(r"[^A-Za-z0-9_-]", "-", release)[:40]
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{slug}-{secrets.token_hex(2)}"


def _request(wish: Wish, application: str, aws: Aws) -> Request:
    return Request(
        application=application,
        environment=wish.environment,
        release=wish.release,
        rollback=wish.rollback,
        hold=wish.hold,
        ignore_alarms=wish.ignore_alarms,
        rollback_needs_jobs=wish.rollback_needs_jobs,
        with_jobs=wish.with_jobs,
        id=deployment_id(wish.release or "rollback", aws.ports.clock.now()),
    )


def _dry_run(wish: Wish, planned: Plan) -> int:
    if wish.as_json:
        echo_json(planned.to_dict())
    else:
        click.echo("\n".join(plan_lines(planned)))
        say("Dry run: nothing was changed.")
    return 0 if planned.changes else Outcome.NOTHING_TO_DO.exit_code


def _confirm(cli: Cli, wish: Wish, planned: Plan) -> None:
    if planned.protected:
        confirm(cli, f"Environment {planned.environment!r} is protected. Go on?", yes=wish.yes)


def _on_aws(cli: Cli, wish: Wish, aws: Aws, request: Request, planned: Plan) -> Ending:
    deployer = read_deployer(request.application, request.environment, aws.ports)
    if request.hold and deployer.approval_expires_seconds is None:
        raise Refused(
            f"The deployer of {request.environment!r} is of an older appdp, which would not hold the release.",
            hint="Deploy the deployer's stack with this version of appdp first.",
        )
    machine = deployer.state_machine
    payload = {"request": request.to_dict(), "requested_by": aws.caller()}
    try:
        arn = aws.executions.start(machine, request.id, payload)
    except KeyboardInterrupt:
        why = "Interrupted at the very moment of the start, so it may run or not."
        return Ending.still_running(request, None, execution_arn(machine, request.id), why)
    say(f"Started deployment {request.id}.")
    if not wish.wait:
        return Ending.started(request, planned, arn)
    patience = Patience(timeout=wish.timeout, through_hold=wish.wait_approval)
    return watch(aws, arn, request=request, sleep=cli.sleep, patience=patience)


def _directly(cli: Cli, aws: Aws, request: Request) -> Ending:
    owner = Owner(execution=None, requested_by=aws.caller())
    say(f"Running deployment {request.id} in this process.")
    deployment = begin(request, owner=owner, now=aws.ports.clock.now())
    return run(deployment, aws.ports, request=request, sleep=cli.sleep)
