"""The service scheduler: keeps each revision of a service at its requested count.

Deployments only say how many tasks of which revision they want; this part starts, watches, replaces and stops them.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from appdp.local.ecs import names, new_tasks
from appdp.local.ecs.journal import Journal
from appdp.local.ecs.store import Container, Revision, Service, Store, Task
from appdp.local.ecs.supervision import Change
from appdp.local.ecs.tasks import TaskLife
from appdp.local.wire import LoadBalancing, TargetState

TICK_SECONDS = 0.2
"""How often health is looked at; everything else wakes the scheduler by itself."""

_SHORTEST_TICK_SECONDS = 0.01

SETTLE_SECONDS = 3.0
"""How long a task that nothing checks must run to count as healthy. AWS has such a time and does not document it."""

QUICK_RESTARTS = 3
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 300.0
"""The delay between starts doubles from the fourth failure on. AWS does not document its own delays any more."""

SCALING = "ServiceSchedulerInitiated"

MAXIMUM_PERCENT = 200
"""The default of ``maximumPercent`` for replicas."""


@dataclass(slots=True, eq=False)
class Scale:
    """One revision's tasks: how often they failed lately, and when the next may start."""

    revision: Revision
    failures: int = 0
    """Failures since a task was last healthy."""
    not_before: float = 0.0
    warned: bool = False
    seen: set[str] = field(default_factory=set)
    """Tasks whose unhealthy target was told already."""
    sick: dict[str, str] = field(default_factory=dict)
    """Tasks that were healthy and are not any more → the reason to stop them once a replacement is healthy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerParts:
    """What the scheduler touches."""

    store: Store
    tasks: TaskLife
    balancing: LoadBalancing
    journal: Journal
    time_scale: float


class ServiceScheduler:
    """Runs one service's tasks.

    Args:
        service: the service.
        parts: what it touches.
    """

    def __init__(self, service: Service, parts: SchedulerParts) -> None:
        self.service = service
        self.change = Change()
        self._parts = parts
        self._scales: dict[str, Scale] = {}

    async def run(self) -> None:
        """Keep the counts until the service is gone."""
        while not self.service.forgotten.is_set():
            self.reconcile()
            await self.moment()

    async def moment(self) -> None:
        """Wait until something may have changed."""
        await self.change.wait(max(TICK_SECONDS * self._parts.time_scale, _SHORTEST_TICK_SECONDS))

    def reconcile(self) -> None:
        """Look at every task once, then start and stop what is missing and too many."""
        before = self._picture()
        for revision in tuple(self.service.revisions):
            scale = self.scale(revision)
            for task in self._parts.store.tasks_of(revision):
                self._look(scale, task)
            revision.healthy = self.healthy(revision)
            self._adjust(scale)
        if self._picture() != before:
            self.change.notify()

    def scale(self, revision: Revision) -> Scale:
        """A revision's failures and back-off."""
        return self._scales.setdefault(revision.arn, Scale(revision))

    def wanted(self, revision: Revision) -> list[Task]:
        """The revision's tasks that should run, whatever they do now; oldest first."""
        return [task for task in self._parts.store.tasks_of(revision) if task.desired_status == "RUNNING"]

    def healthy(self, revision: Revision) -> int:
        """How many of the revision's tasks run and are healthy."""
        return sum(1 for task in self.wanted(revision) if self.is_healthy(task))

    def gone(self, revision: Revision) -> bool:
        """Whether every task of the revision has stopped."""
        return all(task.ended.is_set() for task in self._parts.store.tasks_of(revision))

    def request(self, revision: Revision, count: int) -> None:
        """Ask for ``count`` tasks of a revision."""
        if revision.requested != count:
            revision.requested = count
            revision.updated_at = names.now()
            self.change.notify()

    def is_healthy(self, task: Task) -> bool:
        """Whether a task runs, and its container and target health checks say that it is well."""
        if task.last_status != "RUNNING" or task.desired_status != "RUNNING":
            return False
        checked = _checked(task)
        if any(container.health != "HEALTHY" for container in checked):
            return False
        targets = self._targets(task)
        if targets:
            return all(target.state == "healthy" for _, target in targets)
        return bool(checked) or self._ran_for(task) >= SETTLE_SECONDS * self._parts.time_scale

    def _picture(self) -> tuple[Any, ...]:
        return tuple(
            (task.id, task.last_status, task.desired_status, self.is_healthy(task))
            for revision in self.service.revisions
            for task in self._parts.store.tasks_of(revision)
        )

    def _look(self, scale: Scale, task: Task) -> None:
        if task.desired_status == "STOPPED":
            self._count(scale, task)
            return
        self._parts.tasks.look(task)
        if self.is_healthy(task):
            scale.sick.pop(task.id, None)
            self._prove(scale, task)
        else:
            self._stop_if_sick(scale, task)

    def _prove(self, scale: Scale, task: Task) -> None:
        if task.proven:
            return
        task.proven = True
        breaker = self.service.properties.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
        if breaker.get("resetOnHealthyTask", True):
            scale.failures = 0
            scale.revision.failed_tasks = 0
        scale.not_before = 0.0
        scale.warned = False

    def _stop_if_sick(self, scale: Scale, task: Task) -> None:
        grace = float(self.service.properties.get("healthCheckGracePeriodSeconds") or 0)
        if task.last_status != "RUNNING" or self._ran_for(task) < grace:
            return
        if any(container.health == "UNHEALTHY" for container in _checked(task)):
            self._replace(scale, task, "Task failed container health checks")
            return
        for group, target in self._targets(task):
            if target.state == "unhealthy":
                self._tell_unhealthy(scale, task, group, target)
                self._replace(scale, task, f"Task failed ELB health checks in (target-group {group})")
                return

    def _replace(self, scale: Scale, task: Task, reason: str) -> None:
        """Stop an unhealthy task; one that served before stays until a replacement is healthy, if both have room.

        See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html (maximumPercent)
        """
        if task.proven and self._room(scale.revision) > scale.revision.requested:
            scale.sick.setdefault(task.id, reason)
        else:
            self._tell_started_and_stop(task, reason)

    def _room(self, revision: Revision) -> int:
        """How many tasks of a revision may run while unhealthy ones are replaced."""
        percent = self.service.properties.get("deploymentConfiguration", {}).get("maximumPercent", MAXIMUM_PERCENT)
        return int(revision.requested * percent / 100)

    def _tell_unhealthy(self, scale: Scale, task: Task, group: str, target: TargetState) -> None:
        if task.id in scale.seen:
            return
        scale.seen.add(task.id)
        self._parts.journal.service(
            self.service,
            f"(task {task.id}) (port {_port(task, group)}) is unhealthy in (target-group {group}) due to "
            f"(reason {target.description})",
        )

    def _tell_started_and_stop(self, task: Task, reason: str) -> None:
        self._parts.journal.service(self.service, f"has stopped 1 running tasks: (task {task.id}).")
        self._parts.tasks.stop(task, code=SCALING, reason=reason)
        self.change.notify()

    def _count(self, scale: Scale, task: Task) -> None:
        """Count a task that nobody asked to stop as a failure, once, and slow down when they repeat."""
        if task.counted:
            return
        task.counted = True
        if task.stop_code == "UserInitiated" or task.stopped_reason.startswith("Scaling activity"):
            return
        scale.failures += 1
        scale.revision.failed_tasks = scale.failures
        beyond = scale.failures - QUICK_RESTARTS
        if beyond > 0:
            delay = min(FIRST_DELAY_SECONDS * 2**beyond, LONGEST_DELAY_SECONDS) * self._parts.time_scale
            scale.not_before = asyncio.get_running_loop().time() + delay
        if beyond > 0 and not scale.warned:
            scale.warned = True
            self._parts.journal.service(
                self.service,
                "is unable to consistently start tasks successfully. For more information, see the Troubleshooting "
                "section of the Amazon ECS Developer Guide.",
            )

    def _adjust(self, scale: Scale) -> None:
        tasks = self._without_replaced(scale, self.wanted(scale.revision))
        sick = sum(1 for task in tasks if task.id in scale.sick)
        requested = scale.revision.requested
        missing = min(requested + sick, max(requested, self._room(scale.revision))) - len(tasks)
        if missing > 0 and asyncio.get_running_loop().time() >= scale.not_before:
            self._start(scale.revision, missing)
        elif missing < 0:
            self._stop(scale.revision, sorted(tasks, key=self._worth)[:-missing])

    def _without_replaced(self, scale: Scale, tasks: list[Task]) -> list[Task]:
        """The tasks that stay, once as many sick ones were stopped as have a healthy replacement."""
        sick = [task for task in tasks if task.id in scale.sick]
        replaced = sum(1 for task in tasks if self.is_healthy(task)) + len(sick) - scale.revision.requested
        going = sick[: max(0, replaced)]
        for task in going:
            self._tell_started_and_stop(task, scale.sick.pop(task.id))
        return [task for task in tasks if task not in going]

    def _worth(self, task: Task) -> tuple[bool, bool]:
        """Tasks that are worth least stop first: those that do not run yet, then those that are not healthy."""
        return task.last_status == "RUNNING", self.is_healthy(task)

    def _start(self, revision: Revision, count: int) -> None:
        store, service = self._parts.store, self.service
        started = [new_tasks.add(store, new_tasks.service_order(service, revision)) for _ in range(count)]
        listed = " ".join(f"(task {task.id})" for task in started)
        self._parts.journal.service(self.service, f"has started {count} tasks: {listed}.")
        for task in started:
            self._parts.tasks.begin(task, self.change.notify)

    def _stop(self, revision: Revision, tasks: list[Task]) -> None:
        listed = " ".join(f"(task {task.id})" for task in tasks)
        self._parts.journal.service(self.service, f"has stopped {len(tasks)} running tasks: {listed}.")
        reason = f"Scaling activity initiated by (deployment {revision.deployment_id})"
        for task in tasks:
            self._parts.tasks.stop(task, code=SCALING, reason=reason)
        self.change.notify()

    def _targets(self, task: Task) -> list[tuple[str, TargetState]]:
        if task.revision is None:
            return []
        health: Callable[[str, str, int], TargetState] = self._parts.balancing.health
        return [
            (target.group, health(target.group, task.address, target.port))
            for target in task.revision.targets
            if self._checks(target.group)
        ]

    def _checks(self, group: str) -> bool:
        """Whether a target group's health counts. CodeDeploy registers tasks where no listener rule leads yet."""
        return not self.service.by_code_deploy or self._parts.balancing.attached(group)

    def _ran_for(self, task: Task) -> float:
        return asyncio.get_running_loop().time() - task.running_since if task.running_since else 0.0


def _checked(task: Task) -> list[Container]:
    return [c for c in task.containers if c.essential and "healthCheck" in c.definition]


def _port(task: Task, group: str) -> int:
    targets = task.revision.targets if task.revision else ()
    return next((target.port for target in targets if target.group == group), 0)
