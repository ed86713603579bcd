"""What runs on AWS, as the engine sees it: services, their deployments and revisions, tasks and targets.

:mod:`appdp.engine.ports` gives and takes these values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class DeploymentStatus(StrEnum):
    """ECS's service deployment statuses. Only ``SUCCESSFUL`` is success.

    See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
    """

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESSFUL = "SUCCESSFUL"
    STOP_REQUESTED = "STOP_REQUESTED"
    STOPPED = "STOPPED"
    ROLLBACK_REQUESTED = "ROLLBACK_REQUESTED"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_SUCCESSFUL = "ROLLBACK_SUCCESSFUL"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"

    @property
    def ended(self) -> bool:
        """Whether ECS is finished with it."""
        return self in _ENDED


_ENDED = frozenset(
    {
        DeploymentStatus.SUCCESSFUL,
        DeploymentStatus.STOPPED,
        DeploymentStatus.ROLLBACK_SUCCESSFUL,
        DeploymentStatus.ROLLBACK_FAILED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveService:
    """A service as ECS describes it. ``strategy`` is ECS's word: ROLLING, BLUE_GREEN, LINEAR or CANARY.

    ``task_definition`` is what ECS was asked for last; with the controller CODE_DEPLOY, what has the traffic.
    """

    arn: str
    cluster: str
    task_definition: str
    desired_count: int
    running_count: int
    pending_count: int
    strategy: str
    controller: str
    revisions: tuple[str, ...] = ()
    """ARNs of the service revisions that are active now; with the controller CODE_DEPLOY, of the task sets."""
    alarms: tuple[str, ...] = ()
    """Names of the CloudWatch alarms that fail its deployments; empty where they are switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDeployment:
    """A service deployment as ECS describes it, or a deployment of CodeDeploy in the same words.

    ``arn`` of one of CodeDeploy's ends with ``/APPLICATION/GROUP``, so that it says all that acting on it needs.
    """

    arn: str
    service: str
    status: DeploymentStatus
    stage: str
    reason: str
    target_revision: str | None
    created_at: float
    by_appdp: bool = False
    """Whether CodeDeploy's description of it says that appdp started it; ECS's own have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRevision:
    """A service revision: what really runs. ``digests`` maps container name → image digest."""

    arn: str
    task_definition: str
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedContainer:
    """A container of a task: its exit code and reason if it ended, and its health (HEALTHY, UNHEALTHY or UNKNOWN)."""

    name: str
    exit_code: int | None
    reason: str
    health: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTask:
    """A task of a service. ``status`` is ECS's lastStatus; ``health`` is HEALTHY, UNHEALTHY or UNKNOWN."""

    arn: str
    task_definition: str
    status: str
    health: str
    stopped_reason: str
    started_at: float | None
    created_at: float
    addresses: tuple[str, ...] = ()
    containers: tuple[StoppedContainer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHealth:
    """A target's health as its load balancer sees it: state such as ``healthy``, reason code, description."""

    address: str
    port: int
    state: str
    reason: str
    description: str
