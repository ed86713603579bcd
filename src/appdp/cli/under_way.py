"""The deployment that is under way in an environment: who runs it, and following it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from appdp.cli.context import Aws, Cli
from appdp.cli.ending import EXIT_FAILED, Ending, report
from appdp.cli.follow import POLL_SECONDS, Patience, watch
from appdp.cli.options import again
from appdp.cli.output import echo_json, moment, say
from appdp.engine.deploy import Request, read_deployer
from appdp.engine.executions import execution_arn
from appdp.engine.overview import PastDeployment, Running, history, running_deployment
from appdp.errors import ConfigurationError
from appdp.model.deployment import EXIT_STILL_RUNNING, Outcome
from appdp.model.hotswap import is_hotswap


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to follow; without ``deployment`` the one that is under way.

    Args:
        patience: how long. Default: to the end.
        processes: whether to wait for a process (``--direct``) too, which shows nothing before its end.
    """

    application: str
    environment: str
    deployment: str | None = None
    patience: Patience = field(default_factory=Patience)
    processes: bool = False

    def request(self, deployment: str) -> Request:
        """What was asked for, the execution knows; only names and id matter here."""
        return Request(
            application=self.application, environment=self.environment, release=None, rollback=True, id=deployment
        )


def sentence(running: Running | None) -> str:
    """What is under way, in one line."""
    if running is None:
        return "no deployment is under way"
    who = f"deployment {running.deployment}, requested by {running.owner.requested_by}"
    if not running.alive:
        return f"lock left by {who}, which does not run any more; the next deployment takes over"
    if running.owner.execution is None:
        how = "hotswap" if is_hotswap(running.deployment) else "--direct"
        return f"under way: {who}, in a process ({how}) that was alive at {moment(running.renewed_at)}"
    return f"under way: {who}"


def follow_it(cli: Cli, aws: Aws, target: Target, *, as_json: bool) -> int:
    """Follow it to its end, or as far as the target says; returns the exit code.

    Raises:
        NotFound: there is no such environment.
        ConfigurationError: Step Functions knows no deployment of that id.
    """
    deployer = read_deployer(target.application, target.environment, aws.ports)
    deployment = target.deployment
    if deployment:
        execution = execution_arn(deployer.state_machine, deployment)
    else:
        running = running_deployment(target.application, target.environment, aws.ports)
        if running is not None and running.alive and running.owner.execution is None and target.processes:
            say(sentence(running))
            request = target.request(running.deployment)
            ending = watch_process(aws, request, sleep=cli.sleep, patience=target.patience)
            return report(ending, as_json=as_json)
        if running is None or running.owner.execution is None:
            return not_followed(target, running, as_json=as_json)
        deployment, execution = running.deployment, running.owner.execution
    return report(_watched(cli, aws, target, deployment, execution), as_json=as_json)


def _watched(cli: Cli, aws: Aws, target: Target, deployment: str, execution: str) -> Ending:
    request = target.request(deployment)
    try:
        return watch(aws, execution, request=request, sleep=cli.sleep, patience=target.patience)
    except ConfigurationError:
        # Step Functions does not know it any more, or never did.
        past = _past(aws, request)
        if past is None:
            raise
        return Ending.remembered(request, past)


def _past(aws: Aws, request: Request) -> PastDeployment | None:
    every = history(request.application, request.environment, aws.ports)
    return next((one for one in every if one.deployment == request.id), None)


def watch_process(aws: Aws, request: Request, *, sleep: Callable[[float], None], patience: Patience) -> Ending:
    """Wait until a process (``--direct``) has ended its deployment; nobody else sees how it goes until then."""
    until = None if patience.timeout is None else aws.ports.clock.now() + patience.timeout
    application, environment = request.application, request.environment
    try:
        while _goes_on(running_deployment(application, environment, aws.ports), request):
            if until is not None and aws.ports.clock.now() >= until:
                return Ending.still_running(request, None, None, "The time to wait is over. The deployment goes on.")
            sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return Ending.still_running(request, None, None, "Stopped waiting. The deployment goes on.")
    past = _past(aws, request)
    if past is not None:
        return Ending.remembered(request, past)
    return Ending(
        request=request,
        word="unknown",
        exit_code=EXIT_FAILED,
        text="The process ended before its deployment did.",
        next_step=f"{again('status', environment)}; then deploy again: the next deployment takes over",
    )


def _goes_on(running: Running | None, request: Request) -> bool:
    return running is not None and running.alive and running.deployment == request.id


def not_followed(target: Target, running: Running | None, *, as_json: bool) -> int:
    """There is no execution to follow: nothing is under way, or a process runs it, whose state nobody else sees."""
    nothing = Outcome.NOTHING_TO_DO
    if running is not None and running.alive:
        ending = Ending(
            request=target.request(running.deployment),
            word="running",
            exit_code=EXIT_STILL_RUNNING,
            text=f"{sentence(running)}; only that process can show how it goes.",
            next_step=again("status", target.environment),
        )
        return report(ending, as_json=as_json)
    text = sentence(running)
    say(text)
    if as_json:
        # The same keys as every other ending.
        data: dict[str, object] = dict.fromkeys(("id", "application", "environment", "release"))
        data |= {"application": target.application, "environment": target.environment}
        data |= {"outcome": nothing.value, "exit_code": nothing.exit_code, "text": text}
        echo_json({**data, "execution": None, "deployment": None})
    return nothing.exit_code
