"""Stop a service deployment with a rollback, as often as asked."""

from __future__ import annotations

from appdp.engine.deploy.faults import CONFLICT
from appdp.engine.live import DeploymentStatus, LiveDeployment
from appdp.engine.ports import Ports
from appdp.errors import RemoteError


def stop_deployment(deployment: LiveDeployment, ports: Ports) -> None:
    """Stop it unless it is being stopped already, or cannot be stopped in its present stage: then it ends by itself."""
    if deployment.status not in (DeploymentStatus.PENDING, DeploymentStatus.IN_PROGRESS):
        return
    try:
        ports.services.stop(deployment.arn)
    except RemoteError as error:
        if error.code != CONFLICT:
            raise
