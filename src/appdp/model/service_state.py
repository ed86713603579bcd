"""Where one service of a deployment stands: part of the deployment's state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from appdp.model.known_fields import known_fields


class Progress(StrEnum):
    """Where one service of the deployment is."""

    WAITING = "waiting"
    """Not touched yet."""
    REGISTERED = "registered"
    """Its task definition is registered, ECS was not asked yet."""
    STARTING = "starting"
    """Its green comes up."""
    AT_GATE = "at_gate"
    """Its green is up and tested and waits for the gate."""
    SHIFTING = "shifting"
    """Traffic moves."""
    BAKING = "baking"
    """All traffic is on green; blue still stands by."""
    SUCCEEDED = "succeeded"
    """ECS says SUCCESSFUL."""
    FAILED = "failed"
    """ECS, or our watchdog, gave up on it."""
    RETURNING = "returning"
    """It is going back to its previous revision."""
    RETURNED = "returned"
    """It runs its previous revision again."""
    UNCHANGED = "unchanged"
    """It already runs the release's digests; left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """One service of a deployment.

    Args:
        name: the service's name within the environment.
        progress: see :class:`Progress`.
        previous_task_definition: ARN of the revision that the service ran before; where a return leads.
        baseline_deployment: ARN of the service's newest service deployment before ours: all newer ones are ours.
        task_definition: ARN of the revision that we deploy, once registered.
        deployment: ARN of ECS's service deployment, once started.
        first: the service stood at zero and this is the environment's first release.
        stage: ECS's lifecycle stage as last seen, or ``""``.
        detail: what ECS last said, for the reader.
        return_deployment: ARN of the service deployment that leads back, where one was needed.
        seen_unhealthy: the latest failing health-check answers of the green, newest last.
        cluster: ARN of the service's cluster.
        arn: ARN of the service.
        shifts: whether its deployments have a green that waits at the gate.
        since: when ``progress`` or ``stage`` changed last, in seconds since the epoch.
        group: ``APPLICATION/GROUP`` of CodeDeploy, when CodeDeploy deploys the service; else None.
    """

    name: str
    progress: Progress = Progress.WAITING
    previous_task_definition: str | None = None
    baseline_deployment: str | None = None
    task_definition: str | None = None
    deployment: str | None = None
    first: bool = False
    stage: str = ""
    detail: str = ""
    return_deployment: str | None = None
    seen_unhealthy: tuple[str, ...] = ()
    cluster: str = ""
    arn: str = ""
    shifts: bool = True
    since: float = 0.0
    group: str | None = None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ServiceState:
        """From plain data; unknown keys are left out."""
        known = known_fields(cls, data)
        known["progress"] = Progress(known["progress"])
        known["seen_unhealthy"] = tuple(known.get("seen_unhealthy", ()))
        return cls(**known)
