"""begin() and advance(): which phase acts next, and what an error means in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from appdp.engine.deploy import locking, stop_requests
from appdp.engine.deploy.bake import bake
from appdp.engine.deploy.changing import enter, finish, go_back
from appdp.engine.deploy.cutover import cutover
from appdp.engine.deploy.faults import passes
from appdp.engine.deploy.fencing import fenced
from appdp.engine.deploy.gate import gate
from appdp.engine.deploy.green import green
from appdp.engine.deploy.hold import hold, withdraw
from appdp.engine.deploy.jobs import jobs_after, jobs_before
from appdp.engine.deploy.jobs_stopping import go_back_with_jobs
from appdp.engine.deploy.polling import AT_ONCE
from appdp.engine.deploy.prepare import prepare, refuse
from appdp.engine.deploy.record import record
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.unlock import unlock
from appdp.engine.ports import Ports
from appdp.errors import AppdpError, ConfigurationError, NotFound, Refused, RemoteError
from appdp.model.deployment import Deployment, Failure, Outcome, Owner, Phase
from appdp.model.hold import Hold
from appdp.model.request import Request

_PHASES: Final[dict[Phase, Callable[[Deployment, Ports, float], Step]]] = {
    Phase.PREPARE: prepare,
    Phase.JOBS_BEFORE: jobs_before,
    Phase.GREEN: green,
    Phase.HOLD: hold,
    Phase.GATE: gate,
    Phase.CUTOVER: cutover,
    Phase.BAKE: bake,
    Phase.JOBS_AFTER: jobs_after,
    Phase.RECORD: record,
    Phase.RETURN: go_back_with_jobs,
    Phase.UNLOCK: unlock,
}

_OWNING: Final = frozenset(_PHASES) - {Phase.PREPARE, Phase.UNLOCK}
"""Phases that may act only while the lock is ours."""


def begin(request: Request, *, owner: Owner, now: float) -> Deployment:
    """The state that a deployment starts from. Calls nothing.

    Args:
        request: what was asked for. Without a release, the state's release is ``""`` until the first step found it.
        owner: who runs it.
        now: seconds since the epoch.
    """
    return Deployment(
        id=request.id,
        application=request.application,
        environment=request.environment,
        release=request.release or "",
        owner=owner,
        started_at=now,
        rollback=request.rollback,
        phase_since=now,
        hold=Hold() if request.hold else None,
        ignores_alarms=request.ignores_alarms,
        rollback_needs_jobs=request.rollback_needs_jobs,
        with_jobs=request.with_jobs,
    )


def advance(deployment: Deployment, ports: Ports) -> Step:
    """Look at the state and at AWS, do the next small thing, and return the new state with how long to wait.

    Idempotent: killed anywhere and called again with the old state, it converges.

    Raises:
        RemoteError: AWS could not answer now (throttling, 5xx, no answer, credentials). Nothing is lost: call again
            with the same state. Every other failure is part of the state that is returned.
    """
    if deployment.done:
        return Step(deployment=deployment, wait_seconds=AT_ONCE)
    now = ports.clock.now()
    try:
        if deployment.phase in _OWNING:
            other = locking.hold(deployment, ports, now)
            if other is not None:
                return _dispossessed(deployment, other, now)
        if deployment.locked_at is not None:
            ports = fenced(deployment, ports, now)
        stopped = stop_requests.heed(deployment, ports, now)
        if stopped is not None:
            if deployment.phase is Phase.HOLD:
                withdraw(deployment, ports)
            return stopped
        return _PHASES[deployment.phase](deployment, ports, now)
    except RemoteError as error:
        if passes(error):
            raise
        return _broken(deployment, error, now)
    except (NotFound, Refused, ConfigurationError) as error:
        return _broken(deployment, error, now)


def _broken(deployment: Deployment, error: AppdpError, now: float) -> Step:
    """What an error that does not pass means in each phase."""
    match deployment.phase:
        case Phase.PREPARE:
            return refuse(deployment, error, now)
        case Phase.RECORD:
            summary = (
                f"Every service runs {deployment.release}, but that could not be recorded: {error}. "
                f"Remove the cause and deploy {deployment.release} again: it will only be recorded."
            )
            return _needs_human(deployment, summary, now)
        case Phase.RETURN:
            return _needs_human(deployment, f"{_said(deployment)}The way back failed: {error}", now)
        case Phase.UNLOCK:
            unlocked = deployment.logged(
                now, f"the lock could not be deleted, the next deployment will: {error.message}"
            )
            return Step(deployment=enter(unlocked, Phase.DONE, now), wait_seconds=AT_ONCE)
        case _:
            return go_back(deployment, Failure(service="", summary=str(error)), now)


def _needs_human(deployment: Deployment, summary: str, now: float) -> Step:
    failed = replace(
        deployment, failure=replace(deployment.failure or Failure(service="", summary=""), summary=summary)
    )
    return finish(failed, Outcome.FAILED, now, "needs a human")


def _said(deployment: Deployment) -> str:
    return f"{deployment.failure.summary}. " if deployment.failure else ""


def _dispossessed(deployment: Deployment, other: str, now: float) -> Step:
    """Somebody took over because we seemed dead. Whatever we did now could only harm, so nothing more is done."""
    summary = (
        f"Deployment {other} took over the environment, because this one gave no sign of life. This one stopped and "
        f"changed nothing more; look at the other one's end."
    )
    failed = replace(deployment, failure=Failure(service="", summary=summary), outcome=Outcome.FAILED)
    return Step(deployment=enter(failed, Phase.DONE, now).logged(now, summary), wait_seconds=AT_ONCE)
