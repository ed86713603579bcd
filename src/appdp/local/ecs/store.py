"""Everything that ECS remembers, in memory. Only the event loop touches it.

Records are mutable on purpose: each is owned by one part (a task by its lifecycle, a service deployment by its run) and
read by the API.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from appdp.local.ecs import names
from appdp.local.wire import Caller

STOPPED_TASKS_KEPT = timedelta(hours=1)
"""See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html ("for at least 1 hour")"""

EVENTS_KEPT = 100
"""See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html ("the latest 100")"""


@dataclass(slots=True, eq=False)
class Cluster:
    """A cluster."""

    arn: str
    name: str
    status: str = "ACTIVE"
    properties: dict[str, Any] = field(default_factory=dict)
    """``settings``, ``configuration``, ``capacityProviders``, … as they were given."""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class TaskDefinition:
    """One revision of a task definition. ``raw`` is what was registered, unknown fields included."""

    arn: str
    family: str
    revision: int
    raw: dict[str, Any]
    registered_at: datetime
    registered_by: str
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    deregistered_at: datetime | None = None

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Its container definitions."""
        return list(self.raw.get("containerDefinitions", ()))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a container of a revision is registered: target group, container name, container port."""

    group: str
    container: str
    port: int
    production_rule: str | None = None
    test_rule: str | None = None
    other_group: str | None = None
    """The target group of the other colour, when ECS shifts the traffic."""


@dataclass(slots=True, eq=False)
class Revision:
    """A service revision: the workload of one service deployment, with the digests that it runs."""

    arn: str
    service_arn: str
    cluster_arn: str
    definition: TaskDefinition
    properties: dict[str, Any]
    targets: tuple[Target, ...]
    created_at: datetime
    deployment_id: str
    """Its id in ``DescribeServices`` ``deployments``, such as ``ecs-svc/1234567890123456789``."""
    digests: dict[str, str] = field(default_factory=dict)
    requested: int = 0
    healthy: int = 0
    """Tasks that were healthy when the scheduler last looked."""
    failed_tasks: int = 0
    test_weight: float = 0.0
    production_weight: float = 0.0
    rollout_state: str = "IN_PROGRESS"
    rollout_reason: str = ""
    updated_at: datetime = field(default_factory=names.now)


@dataclass(slots=True, eq=False)
class HookDetail:
    """One run of a lifecycle hook."""

    id: str
    type: str
    arn: str | None
    stage: str
    status: str
    expires_at: datetime
    timeout_action: str
    decision: asyncio.Future[str] | None = None
    """For a PAUSE hook: completed with CONTINUE or ROLLBACK."""


@dataclass(slots=True, eq=False)
class Deployment:
    """A service deployment."""

    arn: str
    service_arn: str
    cluster_arn: str
    target: Revision
    sources: tuple[Revision, ...]
    configuration: dict[str, Any]
    created_at: datetime
    status: str = "PENDING"
    reason: str = ""
    stage: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stopped_at: datetime | None = None
    updated_at: datetime = field(default_factory=names.now)
    rollback: dict[str, Any] | None = None
    hooks: list[HookDetail] = field(default_factory=list)
    breaker_status: str = "DISABLED"
    breaker_threshold: int = 0
    alarm_status: str = "DISABLED"
    alarms_triggered: tuple[str, ...] = ()
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    stop_reason: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def running(self) -> bool:
        """Whether it still does something."""
        return not self.ended.is_set()


@dataclass(slots=True, eq=False)
class TaskSet:
    """The tasks of one revision of a service that CodeDeploy deploys."""

    arn: str
    id: str
    revision: Revision
    created_at: datetime
    status: str = "ACTIVE"
    """PRIMARY, ACTIVE or DRAINING."""
    external_id: str = ""
    """The CodeDeploy deployment that made it."""
    updated_at: datetime = field(default_factory=names.now)


@dataclass(slots=True, eq=False)
class Service:
    """A service. ``properties`` are the API's own, as last given to CreateService and UpdateService."""

    arn: str
    name: str
    cluster: Cluster
    caller: Caller
    definition: TaskDefinition
    properties: dict[str, Any]
    desired: int
    created_at: datetime
    status: str = "ACTIVE"
    tags: dict[str, str] = field(default_factory=dict)
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    """Newest first."""
    revisions: list[Revision] = field(default_factory=list)
    """Active revisions, oldest first."""
    completed: Revision | None = None
    """The revision of the last service deployment that ended well."""
    deployments: list[Deployment] = field(default_factory=list)
    """All of its service deployments, oldest first."""
    forgotten: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is INACTIVE."""
    task_sets: list[TaskSet] = field(default_factory=list)
    """Under the controller CODE_DEPLOY, oldest first."""

    @property
    def by_code_deploy(self) -> bool:
        """Whether its deployment controller is CODE_DEPLOY."""
        return bool((self.properties.get("deploymentController") or {}).get("type") == "CODE_DEPLOY")

    @property
    def strategy(self) -> str:
        """ROLLING, BLUE_GREEN, LINEAR or CANARY."""
        return str(self.properties.get("deploymentConfiguration", {}).get("strategy", "ROLLING"))


@dataclass(slots=True, eq=False)
class Container:
    """A container of a task."""

    name: str
    arn: str
    definition: Mapping[str, Any]
    image: str
    essential: bool
    digest: str | None = None
    runtime_id: str | None = None
    last_status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    health: str = "UNKNOWN"


@dataclass(slots=True, eq=False)
class Task:
    """A task."""

    arn: str
    id: str
    cluster_arn: str
    definition: TaskDefinition
    group: str
    started_by: str
    launch_type: str
    caller: Caller
    address: str
    containers: list[Container]
    created_at: datetime
    request: dict[str, Any]
    """What RunTask or the service asked for: network configuration, overrides, tags."""
    revision: Revision | None = None
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    stop_code: str = ""
    stopped_reason: str = ""
    times: dict[str, datetime] = field(default_factory=dict)
    """``startedAt``, ``stoppingAt``, … by the API's names."""
    running_since: float = 0.0
    """Event loop time of RUNNING."""
    proven: bool = False
    """Whether it was healthy once."""
    counted: bool = False
    """Whether its end was counted as a failure, or found to be none."""
    version: int = 1
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def health(self) -> str:
        """UNHEALTHY if an essential container is, HEALTHY if all that report are, else UNKNOWN."""
        reported = [c.health for c in self.containers if c.essential and "healthCheck" in c.definition]
        if "UNHEALTHY" in reported:
            return "UNHEALTHY"
        return "HEALTHY" if reported and all(health == "HEALTHY" for health in reported) else "UNKNOWN"


class Store:
    """All records, by ARN."""

    def __init__(self) -> None:
        self.clusters: dict[str, Cluster] = {}
        self.definitions: dict[str, TaskDefinition] = {}
        self.services: dict[str, Service] = {}
        self.deployments: dict[str, Deployment] = {}
        self.revisions: dict[str, Revision] = {}
        self.capacity_providers: dict[str, dict[str, Any]] = {}
        self.addresses = names.PrivateAddresses()
        self._tasks: dict[str, Task] = {}
        self._by_revision: dict[str, list[Task]] = {}

    def add_task(self, task: Task) -> None:
        """Remember a task."""
        self._tasks[task.arn] = task
        if task.revision is not None:
            self._by_revision.setdefault(task.revision.arn, []).append(task)

    def tasks(self) -> tuple[Task, ...]:
        """All tasks: those that live and those that stopped lately."""
        self._forget_old_tasks()
        return tuple(self._tasks.values())

    def task(self, arn: str) -> Task | None:
        """A task by its ARN."""
        return self._tasks.get(arn)

    def tasks_of(self, revision: Revision) -> tuple[Task, ...]:
        """The tasks of a service revision, oldest first."""
        return tuple(self._by_revision.get(revision.arn, ()))

    def _forget_old_tasks(self) -> None:
        limit = names.now() - STOPPED_TASKS_KEPT
        old = [arn for arn, task in self._tasks.items() if task.ended.is_set() and task.times["stoppedAt"] < limit]
        for arn in old:
            task = self._tasks.pop(arn)
            if task.revision is not None:
                self._by_revision[task.revision.arn].remove(task)
