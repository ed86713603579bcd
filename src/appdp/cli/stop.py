"""``appdp stop``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from appdp.cli.context import Account, Aws, Cli
from appdp.cli.options import account_options, again, check_waiting, json_option, timeout_option, yes_option

if TYPE_CHECKING:
    from appdp.cli.ending import Ending
    from appdp.engine.deploy import Request
    from appdp.engine.overview import Running
    from appdp.model.deployment import Deployment


@click.command()
@click.argument("environment", metavar="ENV")
@click.option("--reason", metavar="TEXT", default="", help="Why; the deployment's history keeps it.")
@click.option("--dry-run", is_flag=True, help="Print what would be stopped, and change nothing.")
@yes_option
@click.option("--wait/--no-wait", default=True, show_default=True, help="Follow the deployment until it is back.")
@timeout_option
@json_option
@account_options
@click.pass_context
def stop(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    environment: str,
    reason: str,
    dry_run: bool,
    yes: bool,
    wait: bool,
    timeout: float | None,
    as_json: bool,
    account: Account,
) -> None:
    """Take the deployment that is under way back to where it was.

    The deployment itself does it, with its next step: what is in progress is stopped with a rollback, what is finished
    gets its previous revision again. It cannot be stopped once it is recorded; roll back then.

    \b
    Exit codes of its own:
      0 the environment is where it was before the deployment
      8 too late: the deployment succeeded, or is ending already
    """
    from appdp.model.handoff import check_name

    check_waiting(wait=wait, timeout=timeout)
    cli = ctx.ensure_object(Cli)
    aws, application = cli.reach(account)
    stopping = _Stopping(
        cli=cli,
        aws=aws,
        application=application,
        environment=check_name("Environment", environment),
        reason=reason,
        dry_run=dry_run,
        yes=yes,
        wait=wait,
        timeout=timeout,
        as_json=as_json,
    )
    ctx.exit(stopping.run())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stopping:
    """The command line, parsed."""

    cli: Cli
    aws: Aws
    application: str
    environment: str
    reason: str
    dry_run: bool
    yes: bool
    wait: bool
    timeout: float | None
    as_json: bool

    def run(self) -> int:
        """Look, ask, write the request, follow; returns the exit code."""
        from appdp.cli.output import say
        from appdp.cli.under_way import Target, not_followed
        from appdp.engine.deploy import ask_to_stop, read_deployer
        from appdp.engine.overview import running_deployment
        from appdp.model.stop_request import StopRequest

        read_deployer(self.application, self.environment, self.aws.ports)
        running = running_deployment(self.application, self.environment, self.aws.ports)
        if running is None:
            target = Target(application=self.application, environment=self.environment)
            return not_followed(target, running, as_json=self.as_json)
        self._check(running)
        request = StopRequest(deployment=running.deployment, by=self.aws.caller(), reason=self.reason)
        if self.dry_run:
            say("Dry run: nothing was changed.")
            return 0
        self._confirm()
        ask_to_stop(self.application, self.environment, request, self.aws.ports)
        say(f"Asked deployment {running.deployment} to go back.")
        return self._follow(running)

    def _check(self, running: Running) -> None:
        """Say what is about to be stopped.

        Raises:
            Refused: it is dead, or it is ending already.
        """
        from appdp.cli.output import say
        from appdp.cli.under_way import sentence
        from appdp.engine.deploy import can_be_stopped
        from appdp.errors import Refused
        from appdp.model.hotswap import is_hotswap

        if not running.alive:
            raise Refused(
                f"Nobody would hear: {sentence(running)}.",
                hint="Deploy or roll back: that takes back what is left in progress.",
            )
        if is_hotswap(running.deployment):
            raise Refused(
                f"A hot swap is {sentence(running)}. It hears nobody.",
                hint=f"Wait for it to end, a few minutes; then a release puts order back: "
                f"{again('deploy', self.environment)} RELEASE.",
            )
        deployment = self._state(running)
        say(sentence(running))
        if deployment is None:
            return
        say(f"{deployment.previous or 'nothing yet'} → {deployment.release}, phase {deployment.phase.value}")
        if not can_be_stopped(deployment):
            raise Refused(
                f"Deployment {deployment.id} is ending already, in phase {deployment.phase.value}.",
                hint=f"See how: {again('wait', self.environment)}. If it succeeds: "
                f"{again('rollback', self.environment)}.",
            )

    def _state(self, running: Running) -> Deployment | None:
        from appdp.model.deployment import Deployment

        if running.owner.execution is None:
            return None
        state = self.aws.executions.newest_state(running.owner.execution)
        return Deployment.from_dict(state) if state else None

    def _confirm(self) -> None:
        from appdp.cli.asking import confirm

        confirm(self.cli, f"Take {self.environment!r} back to where it was?", yes=self.yes)

    def _follow(self, running: Running) -> int:
        from appdp.cli.ending import report
        from appdp.cli.follow import Patience, watch
        from appdp.cli.under_way import Target, watch_process

        request = Target(application=self.application, environment=self.environment).request(running.deployment)
        if not self.wait:
            return report(_asked(request, running), as_json=self.as_json)
        patience = Patience(timeout=self.timeout, through_hold=True)
        if running.owner.execution is None:
            ending = watch_process(self.aws, request, sleep=self.cli.sleep, patience=patience)
        else:
            arn = running.owner.execution
            ending = watch(self.aws, arn, request=request, sleep=self.cli.sleep, patience=patience)
        return report(_as_asked(ending, self.environment), as_json=self.as_json)


def _asked(request: Request, running: Running) -> Ending:
    """Nobody waits."""
    from appdp.cli.ending import Ending

    return Ending(
        request=request,
        word="stopping",
        exit_code=0,
        text="It goes back with its next step, within a minute.",
        next_step=again("status", request.environment),
        execution=running.owner.execution,
    )


def _as_asked(ending: Ending, environment: str) -> Ending:
    """A deployment that went back is what was asked for; one that succeeded is not."""
    from appdp.model.deployment import Outcome

    if ending.word in (Outcome.ROLLED_BACK, Outcome.REFUSED):
        return replace(ending, exit_code=0, next_step=again("status", environment))
    if ending.word in (Outcome.SUCCEEDED, Outcome.NOTHING_TO_DO):
        back = again("rollback", environment)
        return replace(
            ending,
            exit_code=Outcome.REFUSED.exit_code,
            text=f"{ending.text}\nToo late to stop it.",
            next_step=f"to go back: {back}",
        )
    return ending
