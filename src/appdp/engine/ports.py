"""What the engine needs from AWS, as Protocols. ``appdp.aws`` implements them with boto3, ``tests/fakes`` in memory.

Every method may raise :class:`appdp.errors.RemoteError` (or its children). Reads are at least eventually right; a write
that was killed may have happened, so the engine reads before it writes again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from appdp.engine.live import LiveDeployment, LiveRevision, LiveService, LiveTask, TargetHealth
from appdp.model.deployment import Owner


class Services(Protocol):
    """Amazon ECS services, whoever deploys them: ECS itself, or CodeDeploy through the ``group`` that is given."""

    def describe(self, services: Sequence[tuple[str, str]]) -> dict[str, LiveService]:
        """Describe services given as (cluster, service ARN); keyed by service ARN, missing ones left out."""

    def newest_deployments(
        self, cluster: str, service: str, limit: int = 10, *, group: str | None = None
    ) -> tuple[LiveDeployment, ...]:
        """The service's deployments, newest first."""

    def deployments(self, arns: Sequence[str]) -> dict[str, LiveDeployment]:
        """Describe service deployments by ARN, missing ones left out."""

    def revisions(self, arns: Sequence[str]) -> dict[str, LiveRevision]:
        """Describe service revisions by ARN, missing ones left out."""

    def update(  # noqa: PLR0913 - what UpdateService and CreateDeployment together need
        self,
        cluster: str,
        service: str,
        *,
        task_definition: str,
        desired_count: int | None = None,
        force: bool = False,
        group: str | None = None,
    ) -> None:
        """Point the service at a task definition, which starts a service deployment.

        ``desired_count`` is sent only when given; ``force`` starts a deployment even of the same task definition.
        """

    def set_desired_count(self, cluster: str, service: str, count: int) -> None:
        """Change nothing but the desired count. Used only to take a failed *first* release back to zero."""

    def stop(self, deployment: str) -> None:
        """Stop it with a rollback. Stopping one that ended is not an error."""

    def open_gate(self, deployment: str) -> None:
        """Let a deployment of CodeDeploy, which waits at its gate, take traffic.

        One that does not wait (any more) is left as it is, and so is one of ECS's own: that asks the gate function.
        """


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


class Jobs(Protocol):
    """Amazon ECS tasks that run to their end, outside of any service."""

    def run(self, request: Mapping[str, Any]) -> str:
        """RunTask with ``request`` as it is; the task's ARN. A request with the same client token starts nothing new.

        Raises:
            Refused: ECS could not place the task; says why.
        """

    def describe(self, cluster: str, task: str) -> LiveTask | None:
        """One task, or None when ECS does not know it, yet or any more (it keeps stopped ones for about an hour)."""

    def unfinished(self, cluster: str, family: str, started_by: str) -> tuple[str, ...]:
        """ARNs of the tasks of a family that ``started_by`` started and that have not stopped."""

    def stop(self, cluster: str, task: str, reason: str) -> None:
        """StopTask. Stopping one that stopped, or is being stopped, is not an error."""


class Targets(Protocol):
    """Elastic Load Balancing target groups."""

    def health(self, target_group: str) -> tuple[TargetHealth, ...]:
        """All targets of a target group."""


class Alarms(Protocol):
    """Amazon CloudWatch alarms."""

    def in_alarm(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the alarms that are in ALARM now, sorted; ones that do not exist are not."""


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


class Schedules(Protocol):
    """Amazon EventBridge Scheduler."""

    def get(self, group: str, name: str) -> dict[str, Any] | None:
        """What GetSchedule answers, or None when there is no such schedule."""

    def update(self, schedule: Mapping[str, Any]) -> None:
        """UpdateSchedule with ``schedule`` as it is, which replaces it whole."""


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
    jobs: Jobs
    targets: Targets
    alarms: Alarms
    logs: Logs
    registry: Registry
    schedules: Schedules
    parameters: Parameters
    events: Events
    owners: Owners
    clock: Clock
