"""What the engine needs from AWS, as Protocols. ``appdp.aws`` implements them with boto3, ``tests/fakes`` in memory.

Every method may raise :class:`appdp.errors.RemoteError` (or its children). Reads are at least eventually right; a write
that was killed may have happened, so the engine reads before it writes again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from appdp.model.deployment import Owner


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
    """A service as ECS describes it. ``strategy`` is ECS's word: ROLLING, BLUE_GREEN, LINEAR or CANARY."""

    arn: str
    cluster: str
    task_definition: str
    desired_count: int
    running_count: int
    pending_count: int
    strategy: str
    controller: str
    revisions: tuple[str, ...] = ()
    """ARNs of the service revisions that are active now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDeployment:
    """A service deployment as ECS describes it."""

    arn: str
    service: str
    status: DeploymentStatus
    stage: str
    reason: str
    target_revision: str | None
    created_at: float


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


class Services(Protocol):
    """Amazon ECS services."""

    def describe(self, services: Sequence[tuple[str, str]]) -> dict[str, LiveService]:
        """Describe services given as (cluster, service ARN); keyed by service ARN, missing ones left out."""

    def newest_deployments(self, cluster: str, service: str, limit: int = 10) -> tuple[LiveDeployment, ...]:
        """The service's deployments, newest first."""

    def deployments(self, arns: Sequence[str]) -> dict[str, LiveDeployment]:
        """Describe service deployments by ARN, missing ones left out."""

    def revisions(self, arns: Sequence[str]) -> dict[str, LiveRevision]:
        """Describe service revisions by ARN, missing ones left out."""

    def update(
        self, cluster: str, service: str, *, task_definition: str, desired_count: int | None = None, force: bool = False
    ) -> None:
        """Point the service at a task definition, which starts a service deployment.

        ``desired_count`` is sent only when given; ``force`` starts a deployment even of the same task definition.
        """

    def set_desired_count(self, cluster: str, service: str, count: int) -> None:
        """Change nothing but the desired count. Used only to take a failed *first* release back to zero."""

    def stop(self, deployment: str) -> None:
        """StopServiceDeployment with ROLLBACK. Stopping one that ended is not an error."""


class TaskDefinitions(Protocol):
    """Task definitions as raw JSON, so that fields which this SDK does not know survive."""

    def read(self, arn: str) -> dict[str, Any]:
        """``taskDefinition`` as the service sent it, plus its ``tags`` under ``"tags"``."""

    def register(self, definition: Mapping[str, Any]) -> str:
        """Send ``definition`` unchanged to RegisterTaskDefinition; returns the new revision's ARN."""


class Tasks(Protocol):
    """Amazon ECS tasks."""

    def of_service(self, cluster: str, service: str, *, stopped: bool) -> tuple[LiveTask, ...]:
        """The service's tasks: those that run, or those that stopped lately (ECS keeps them for about an hour)."""


class Targets(Protocol):
    """Elastic Load Balancing target groups."""

    def health(self, target_group: str) -> tuple[TargetHealth, ...]:
        """All targets of a target group."""


class Logs(Protocol):
    """CloudWatch Logs."""

    def tail(self, group: str, stream: str, lines: int) -> tuple[str, ...]:
        """The last lines of a stream, oldest first; empty when there is no such group or stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryImage:
    """An image, or index, in a registry.

    Args:
        digest: digest of the manifest or index that the tag names.
        platforms: platform → digest of that platform's manifest. One entry, with ``digest`` itself, for a plain image.
        tags: all of its tags.
        pushed_at: seconds since the epoch.
    """

    digest: str
    platforms: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    pushed_at: float = 0.0


class Registry(Protocol):
    """Amazon ECR."""

    def resolve(self, registry_id: str, region: str, repository: str, tag: str) -> RegistryImage | None:
        """The image that a tag (or a digest ``sha256:…``) names, or None."""

    def images(self, registry_id: str, region: str, repository: str) -> tuple[RegistryImage, ...]:
        """All tagged images of a repository, newest first, without their platforms."""

    def move_tag(self, registry_id: str, region: str, repository: str, *, digest: str, tag: str) -> None:
        """Make ``tag`` name ``digest``. Doing it again changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One value that a parameter had, with when and by whom it was written."""

    value: str
    version: int
    at: float
    by: str


class Parameters(Protocol):
    """Systems Manager parameters."""

    def get(self, name: str) -> str | None:
        """The value, or None."""

    def under(self, path: str) -> dict[str, str]:
        """All parameters below a path, at any depth: full name → value."""

    def create(self, name: str, value: str) -> bool:
        """Create without overwriting; False when it is there already. This is the engine's only mutual exclusion."""

    def put(self, name: str, value: str) -> None:
        """Create or overwrite."""

    def delete(self, name: str) -> None:
        """Delete; one that is gone already is not an error."""

    def history(self, name: str) -> tuple[Recorded, ...]:
        """All values that the parameter had (Systems Manager keeps the last 100), oldest first."""


class Events(Protocol):
    """Amazon EventBridge's default bus."""

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Put one event with source ``appdp``."""


class Owners(Protocol):
    """Whether a lock's owner still runs."""

    def alive(self, owner: Owner, renewed_at: float) -> bool:
        """For an execution: whether Step Functions says it is running. For a process: whether its lease is fresh."""


class Clock(Protocol):
    """The time."""

    def now(self) -> float:
        """Seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything the engine touches, in one value."""

    services: Services
    task_definitions: TaskDefinitions
    tasks: Tasks
    targets: Targets
    logs: Logs
    registry: Registry
    parameters: Parameters
    events: Events
    owners: Owners
    clock: Clock
