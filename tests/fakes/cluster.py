"""What a fake ECS cluster holds: services, their revisions, deployments and tasks."""

from __future__ import annotations

from dataclasses import dataclass, field

from appdp.engine.live import DeploymentStatus, LiveTask, StoppedContainer
from tests.fakes.registry import Behaviour


@dataclass(frozen=True, slots=True)
class Revision:
    """A service revision: its digests were resolved when it was made. ``behaviour`` is the worst of its containers'."""

    arn: str
    task_definition: str
    digests: dict[str, str]
    behaviour: Behaviour


@dataclass(slots=True)
class Task:
    """One task."""

    arn: str
    revision: Revision
    address: str
    created_at: float
    started_at: float | None = None
    status: str = "PENDING"
    stopped_reason: str = ""
    containers: tuple[StoppedContainer, ...] = ()
    target: str = "initial"

    def live(self) -> LiveTask:
        """As ECS describes it."""
        return LiveTask(
            arn=self.arn,
            task_definition=self.revision.task_definition,
            status=self.status,
            health="UNKNOWN",
            stopped_reason=self.stopped_reason,
            started_at=self.started_at,
            created_at=self.created_at,
            addresses=(self.address,),
            containers=self.containers,
        )

    def stop(self, reason: str, exit_code: int | None, container_reason: str = "") -> None:
        """It ends."""
        self.status, self.stopped_reason, self.target = "STOPPED", reason, "gone"
        self.containers = tuple(
            StoppedContainer(name=name, exit_code=exit_code, reason=container_reason, health="UNKNOWN")
            for name in self.revision.digests or {"app": ""}
        )


@dataclass(slots=True)
class Rollout:
    """One service deployment."""

    arn: str
    target: Revision
    source: Revision
    created_at: float
    status: DeploymentStatus = DeploymentStatus.PENDING
    stage: str = ""
    reason: str = ""
    entered: float = 0.0
    hook_at: float = 0.0
    listed_at: float = 0.0
    continued: bool = False
    step: int = 1
    by_appdp: bool = True


@dataclass(slots=True)
class Service:
    """One service, with the knobs that tests turn."""

    name: str
    arn: str
    cluster: str
    strategy: str
    revision: Revision
    task_definition: str
    desired_count: int
    target_groups: tuple[str, ...] = ()
    controller: str = "ECS"
    alarms: tuple[str, ...] = ()
    bake_seconds: int = 5
    breaker: bool = True
    hook: bool = True
    rollback_fails: bool = False
    list_lag_seconds: int = 0
    traffic_steps: int = 1
    production: Revision | None = None
    rollouts: list[Rollout] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    count_writes: list[tuple[float, int]] = field(default_factory=list)

    @property
    def rollout(self) -> Rollout | None:
        """The service deployment in progress, if any."""
        newest = self.rollouts[-1] if self.rollouts else None
        return newest if newest is not None and not newest.status.ended else None

    @property
    def active(self) -> tuple[Revision, ...]:
        """The revisions that are active now."""
        rollout = self.rollout
        return (self.revision,) if rollout is None else (self.revision, rollout.target)

    def of(self, revision: Revision) -> list[Task]:
        """The tasks of one revision that have not stopped."""
        return [task for task in self.tasks if task.revision is revision and task.status != "STOPPED"]

    def healthy(self, revision: Revision) -> list[Task]:
        """Its tasks that serve."""
        return [task for task in self.of(revision) if task.target == "healthy"]


@dataclass(frozen=True, slots=True)
class Shift:
    """Production traffic (or a worker's work) began to go to a revision."""

    at: float
    service: str
    revision: Revision
    deployment: str
    gated: bool
    gate: str | None
    back: bool
