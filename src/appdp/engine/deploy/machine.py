"""begin() and advance(): which phase acts next, and what an error means in it."""

from __future__ import annotations

from appdp.engine.deploy.step import Step
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Owner
from appdp.model.request import Request


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
    )


def advance(deployment: Deployment, ports: Ports) -> Step:
    """Look at the state and at AWS, do the next small thing, and return the new state with how long to wait.

    Idempotent: killed anywhere and called again with the old state, it converges.

    Raises:
        RemoteError: AWS could not answer now (throttling, 5xx, no answer, credentials). Nothing is lost: call again
            with the same state. Every other failure is part of the state that is returned.
    """
    raise NotImplementedError
