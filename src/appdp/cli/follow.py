"""Follow a deployment that a state machine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from appdp.cli.context import Aws
from appdp.cli.ending import Ending, follow_command
from appdp.cli.output import Narrator, narrator
from appdp.engine.deploy import Request, find_decision, passes
from appdp.engine.executions import Execution, Executions
from appdp.errors import CredentialsError, RemoteError
from appdp.model.deployment import Deployment, Phase

POLL_SECONDS: Final = 2.0
"""How often to look. GetExecutionHistory refills at 20 calls per second.

See: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

_PATIENCE: Final = 30
"""How many looks in a row may fail before the follower gives up; the deployment itself goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One look at a deployment. ``deployment`` is None before the first step."""

    deployment: Deployment | None
    execution: Execution


def look(executions: Executions, arn: str) -> Sight:
    """Look once."""
    # In this order, so that the state that is read after the end is the last one.
    execution = executions.describe(arn)
    state = executions.newest_state(arn)
    return Sight(deployment=Deployment.from_dict(state) if state else None, execution=execution)


def follow(executions: Executions, arn: str, sleep: Callable[[float], None]) -> Iterator[Sight]:
    """Look again and again until the execution ends. Errors that pass are waited out.

    Raises:
        RemoteError: AWS does not answer any more, or the caller may not look.
    """
    failed = 0
    while True:
        try:
            sight = look(executions, arn)
        except RemoteError as error:
            failed += 1
            if failed >= _PATIENCE or isinstance(error, CredentialsError) or not passes(error):
                raise
        else:
            failed = 0
            yield sight
            if sight.execution.status.ended:
                return
        sleep(POLL_SECONDS)


Enough = Callable[[Request, Deployment, str], Ending | None]
"""(what was asked for, a state, the execution) → the ending at a point that is far enough, or None to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to follow.

    Args:
        timeout: in seconds; None waits until the end.
        enough: see :data:`Enough`; None waits until the end.
        through_hold: whether to go on while the deployment waits for an approval.
    """

    timeout: float | None = None
    enough: Enough | None = None
    through_hold: bool = False


def watch(
    aws: Aws, arn: str, *, request: Request, sleep: Callable[[float], None], patience: Patience | None = None
) -> Ending:
    """Tell the deployment's story until it ends or waits for an approval, the time is over, or the user has seen enough
    (Ctrl-C).

    Args:
        arn: the execution.
        request: what was asked for.
        sleep: waits this many seconds.
        patience: how long. Default: until the end, or until it is on hold.
    """
    patience = patience or Patience()
    until = None if patience.timeout is None else aws.ports.clock.now() + patience.timeout
    seen = _Seen()
    try:
        with closing(narrator()) as voice:
            watching = _Watch(
                voice=voice,
                until=until,
                sleep=sleep,
                seen=seen,
                enough=patience.enough,
                through_hold=patience.through_hold,
            )
            return _until_the_end(aws, arn, request, watching)
    except KeyboardInterrupt:
        return Ending.still_running(request, seen.deployment, arn, "Stopped following. The deployment goes on.")
    except RemoteError as error:
        return Ending(
            request=request,
            word="running",
            exit_code=error.exit_code,
            text=f"{error.message}\nThe deployment goes on, but it cannot be followed.",
            next_step=f"{error.hint} Then: {follow_command(request)}".strip(),
            deployment=seen.deployment,
            execution=arn,
        )


@dataclass(slots=True)
class _Seen:
    """The last state that was seen; kept outside of the loop, for when something ends it."""

    deployment: Deployment | None = None


@dataclass(frozen=True, slots=True)
class _Watch:
    voice: Narrator
    until: float | None
    sleep: Callable[[float], None]
    seen: _Seen
    enough: Enough | None = None
    through_hold: bool = False

    def ending(self, request: Request, deployment: Deployment | None, arn: str) -> Ending | None:
        """The ending, if this is far enough."""
        return self.enough(request, deployment, arn) if self.enough and deployment else None


def _until_the_end(aws: Aws, arn: str, request: Request, watching: _Watch) -> Ending:
    for sight in follow(aws.executions, arn, watching.sleep):
        if sight.deployment is not None:
            watching.seen.deployment = sight.deployment
            watching.voice.show(sight.deployment)
        if sight.execution.status.ended:
            if sight.deployment is not None and sight.deployment.done:
                return Ending.of(request, sight.deployment, arn)
            return Ending.broken_off(request, sight.deployment, sight.execution)
        far_enough = watching.ending(request, sight.deployment, arn)
        if far_enough is not None:
            return far_enough
        if not watching.through_hold and sight.deployment is not None and _waits(aws, sight.deployment):
            return Ending.on_hold(request, sight.deployment, arn)
        if watching.until is not None and aws.ports.clock.now() >= watching.until:
            break
    held = watching.seen.deployment
    if held is not None and _waits(aws, held):
        return Ending.on_hold(request, held, arn)
    return Ending.still_running(
        request, watching.seen.deployment, arn, "The time to wait is over. The deployment goes on."
    )


def _waits(aws: Aws, deployment: Deployment) -> bool:
    """Whether it waits for an approval. One that is given already takes effect soon, so it is followed on."""
    if deployment.phase is not Phase.HOLD or deployment.hold is None or not deployment.hold.announced:
        return False
    return find_decision(deployment.application, deployment.environment, deployment.id, aws.ports) is None
