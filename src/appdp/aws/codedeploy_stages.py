"""CodeDeploy's statuses and lifecycle events in the words of ECS's service deployments.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html (status) and, for the events,
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from appdp.engine.live import DeploymentStatus

_STATUSES: Final = {
    "Created": DeploymentStatus.PENDING,
    "Queued": DeploymentStatus.PENDING,
    "Succeeded": DeploymentStatus.SUCCESSFUL,
}

_ROLLBACKS: Final = {
    "Succeeded": DeploymentStatus.ROLLBACK_SUCCESSFUL,
    "Failed": DeploymentStatus.ROLLBACK_FAILED,
    "Stopped": DeploymentStatus.ROLLBACK_FAILED,
}

_STAGES: Final = {
    "BeforeInstall": "PRE_SCALE_UP",
    "Install": "SCALE_UP",
    "AfterInstall": "POST_SCALE_UP",
    "AllowTestTraffic": "TEST_TRAFFIC_SHIFT",
    "AfterAllowTestTraffic": "TEST_TRAFFIC_SHIFT",
    "BeforeAllowTraffic": "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "AllowTraffic": "PRODUCTION_TRAFFIC_SHIFT",
    "AfterAllowTraffic": "POST_PRODUCTION_TRAFFIC_SHIFT",
}
"""In the order in which they happen."""

_GATE: Final = "POST_TEST_TRAFFIC_SHIFT"


def status_of(info: Mapping[str, Any], rollback: Mapping[str, Any] | None) -> DeploymentStatus:
    """A deployment's status, together with that of the deployment that takes it back, if there is one.

    One that failed and is not taken back ended as STOPPED: its traffic may be anywhere.
    """
    status = info.get("status", "")
    if status in ("Failed", "Stopped"):
        if rollback is None:
            return DeploymentStatus.STOPPED
        return _ROLLBACKS.get(rollback.get("status", ""), DeploymentStatus.ROLLBACK_IN_PROGRESS)
    return _STATUSES.get(status, DeploymentStatus.IN_PROGRESS)


def stage_of(info: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> str:
    """The lifecycle stage that a deployment is in. ``events`` are its target's, needed while it is in progress."""
    status = info.get("status", "")
    if status == "Ready":
        return _GATE
    if status == "Baking" or info.get("instanceTerminationWaitTimeStarted"):
        return "BAKE_TIME"
    begun = {event.get("lifecycleEventName") for event in events if event.get("status") not in (None, "Pending")}
    return next((stage for name, stage in reversed(_STAGES.items()) if name in begun), "")
