"""Tell the event bus about a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appdp.engine.deploy.faults import passes
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import Deployment


def tell(deployment: Deployment, event: str, more: Mapping[str, Any], ports: Ports, now: float) -> Deployment:
    """Send an event. A deployment does not fail because nobody could be told; then its log says so.

    Args:
        deployment: what the event is about.
        event: its ``detail-type``.
        more: its detail, besides what every event of a deployment says.
        ports: as everywhere.
        now: seconds since the epoch.

    Raises:
        RemoteError: AWS could not answer now; the same event may be sent again.
    """
    detail = {
        "deployment": deployment.id,
        "application": deployment.application,
        "environment": deployment.environment,
        "release": deployment.release,
        "previous": deployment.previous,
        "rollback": deployment.rollback,
        "requestedBy": deployment.owner.requested_by,
        **more,
    }
    try:
        ports.events.put(event, detail)
    except RemoteError as error:
        if passes(error):
            raise
        return deployment.logged(now, f"the event could not be sent: {error.message}")
    return deployment
