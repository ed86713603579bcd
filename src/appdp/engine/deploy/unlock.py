"""Unlock: tell how it ended, and let the next deployment begin."""

from __future__ import annotations

from typing import Any, Final

from appdp.engine.deploy import locking, stop_requests
from appdp.engine.deploy.changing import enter
from appdp.engine.deploy.polling import AT_ONCE
from appdp.engine.deploy.remembering import remember
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.telling import tell
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Phase
from appdp.model.hold import Hold

ROBBED: Final = "another deployment took over before this one could write into the history how it ended"
"""A process that slept, or was believed dead, after its last change. Whoever lost the lock writes nothing more."""

EVENT: Final = "Deployment Ended"
"""``detail-type`` of the event that tells how a deployment ended. Sent at least once, rarely twice."""


def unlock(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Remember and tell how it ended while the lock is ours, then delete all that the deployment needed for itself."""
    ours = locking.holds(deployment, ports)
    if ours:
        remembered = remember(deployment, ports, now)
        deployment = tell(remembered, EVENT, _ending(remembered), ports, now)
        stop_requests.clear(deployment, ports)
    elif deployment.locked_at is not None:
        deployment = deployment.logged(now, ROBBED)
    locking.release(deployment, ports, ours=ours)
    return Step(deployment=enter(deployment, Phase.DONE, now), wait_seconds=AT_ONCE)


def _approval(hold: Hold | None) -> dict[str, Any] | None:
    """Who decided; None when nobody did, or had to."""
    if hold is None or hold.decision is None:
        return None
    return {"decision": hold.decision.value, "by": hold.by, "at": hold.at, "reason": hold.reason}


def _ending(deployment: Deployment) -> dict[str, Any]:
    return {
        "outcome": str(deployment.outcome),
        "reason": deployment.failure.text() if deployment.failure else "",
        "approval": _approval(deployment.hold),
    }
