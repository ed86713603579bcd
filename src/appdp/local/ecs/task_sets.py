"""Task sets: what a service consists of while CodeDeploy deploys it.

A task set is the tasks of one revision. The PRIMARY one serves production traffic, and what it runs is what the service
is said to run; CodeDeploy makes others beside it, makes one of them PRIMARY, and deletes what is not needed any more.
ECS only keeps each of them at the service's desired count: it shifts no traffic and never goes back by itself.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateServicePrimaryTaskSet.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from appdp.local.ecs import names
from appdp.local.ecs.images import Images
from appdp.local.ecs.journal import Journal
from appdp.local.ecs.revisions import add_deployment, add_revision
from appdp.local.ecs.run import finish, workload
from appdp.local.ecs.scheduler import ServiceScheduler
from appdp.local.ecs.store import Revision, Service, Store, Target, TaskDefinition, TaskSet
from appdp.local.ecs.supervision import Supervisor
from appdp.local.wire import ServiceError

TRANSITIONS = (
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "launchType",
    "capacityProviderStrategy",
)
"""What the service takes over from a task set that becomes its PRIMARY one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSetOrder:
    """A task set to make.

    Attributes:
        properties: network configuration, platform version, capacity provider strategy and so on, of this task set.
        external_id: the CodeDeploy deployment that makes it; none for a service's first task set.
    """

    definition: TaskDefinition
    properties: Mapping[str, Any]
    target: Target
    external_id: str = ""


class TaskSets:
    """Makes, changes and deletes the task sets of services."""

    def __init__(self, store: Store, images: Images, journal: Journal, supervisor: Supervisor) -> None:
        self._store = store
        self._images = images
        self._journal = journal
        self._supervisor = supervisor
        self._schedulers: dict[str, ServiceScheduler] = {}

    def open(self, service: Service, scheduler: ServiceScheduler, target: Target) -> None:
        """Give a new service its first task set, which is its PRIMARY one; its tasks start in the background."""
        self._schedulers[service.arn] = scheduler
        order = TaskSetOrder(definition=service.definition, properties=workload(service.properties), target=target)
        self._add(service, order).status = "PRIMARY"

    def adopt(self, service: Service, scheduler: ServiceScheduler) -> None:
        """Make what a service runs its PRIMARY task set: it belongs to CodeDeploy from now on."""
        self._schedulers[service.arn] = scheduler
        revision = service.completed
        if revision is None or not revision.targets:
            raise ServiceError("InvalidParameterException", "The service has nothing that CodeDeploy could deploy.")
        live = revision.targets[0]
        revision.targets = (Target(live.group, live.container, live.port),)
        service.properties["loadBalancers"] = revision.properties["loadBalancers"] = [_place(live)]
        adopted = _task_set(service, revision, "")
        adopted.status = "PRIMARY"
        service.task_sets.append(adopted)

    def release(self, service: Service, targets: tuple[Target, ...]) -> None:
        """Make the PRIMARY task set what a service that ECS deploys itself runs: its tasks go on as they are.

        The history of service deployments begins with one that is over, so that there is a revision to go back to.

        Args:
            targets: where ECS is to register the service's containers. The group in which the tasks are now stays
                theirs; the other one of its pair becomes the alternate.

        Raises:
            ServiceError: the tasks are registered in none of these target groups.
        """
        task_set = primary(service)
        revision = task_set.revision
        revision.targets = tuple(_staying(target, revision.targets) for target in targets)
        revision.production_weight = revision.test_weight = 100.0
        revision.rollout_state = "COMPLETED"
        revision.rollout_reason = f"ECS deployment {revision.deployment_id} completed."
        service.task_sets.clear()
        service.completed = revision
        deployment = add_deployment(self._store, service, revision)
        deployment.started_at = deployment.created_at
        finish(deployment, "SUCCESSFUL", "")

    def create(self, service: Service, order: TaskSetOrder) -> TaskSet:
        """Make a task set beside the PRIMARY one, at the service's desired count; its tasks start in the background.

        Raises:
            ServiceError: the service is gone, or does not belong to CodeDeploy any more.
        """
        if service.status != "ACTIVE" or not service.by_code_deploy:
            raise ServiceError("ServiceNotActiveException", "Service was not ACTIVE.")
        return self._add(service, order)

    def scale(self, service: Service) -> None:
        """Bring every task set to the service's desired count."""
        for task_set in service.task_sets:
            if task_set.status != "DRAINING":
                self._schedulers[service.arn].request(task_set.revision, service.desired)

    def steady(self, service: Service, task_set: TaskSet) -> bool:
        """Whether a task set has exactly its desired count of tasks, and all of them are healthy."""
        scheduler, revision = self._schedulers[service.arn], task_set.revision
        settled = len(scheduler.wanted(revision)) == revision.requested == service.desired
        return settled and scheduler.healthy(revision) == service.desired

    async def moment(self, service: Service) -> None:
        """Wait until something may have changed."""
        await self._schedulers[service.arn].moment()

    async def until_steady(self, service: Service) -> None:
        """Wait until the PRIMARY task set is steady."""
        while service.status == "ACTIVE" and not self.steady(service, primary(service)):
            await self.moment(service)

    def make_primary(self, service: Service, chosen: TaskSet) -> None:
        """Make a task set the PRIMARY one; the service takes over what it runs and how."""
        for task_set in service.task_sets:
            if task_set.status == "PRIMARY":
                _become(task_set, "ACTIVE")
        _become(chosen, "PRIMARY")
        service.definition = chosen.revision.definition
        for name in TRANSITIONS:
            if name in chosen.revision.properties:
                service.properties[name] = chosen.revision.properties[name]
            else:
                service.properties.pop(name, None)

    async def delete(self, service: Service, task_set: TaskSet) -> None:
        """Drain a task set and stop its tasks; returns when they are gone."""
        scheduler = self._schedulers[service.arn]
        _become(task_set, "DRAINING")
        scheduler.request(task_set.revision, 0)
        while not scheduler.gone(task_set.revision):
            await scheduler.moment()
        if task_set.revision in service.revisions:
            service.revisions.remove(task_set.revision)
        if task_set in service.task_sets:
            service.task_sets.remove(task_set)

    def _add(self, service: Service, order: TaskSetOrder) -> TaskSet:
        revision = add_revision(
            self._store,
            service,
            definition=order.definition,
            properties={**order.properties, "loadBalancers": [_place(order.target)]},
            targets=(order.target,),
        )
        made = _task_set(service, revision, order.external_id)
        service.revisions.append(revision)
        service.task_sets.append(made)
        self._supervisor.spawn(lambda: self._fill(service, made), what=f"task set {made.id} of {service.name}")
        return made

    async def _fill(self, service: Service, task_set: TaskSet) -> None:
        """Fix the images' digests, then start the tasks."""
        revision = task_set.revision
        revision.digests = await self._images.digests(revision.definition, service.caller)
        if task_set.status != "DRAINING" and service.status == "ACTIVE":
            self._schedulers[service.arn].request(revision, service.desired)
            self._journal.service(service, f"(taskSet {task_set.id}) has been created.")


def primary(service: Service) -> TaskSet:
    """The PRIMARY task set of a service that CodeDeploy deploys: there is always exactly one."""
    return next(task_set for task_set in service.task_sets if task_set.status == "PRIMARY")


def _place(target: Target) -> dict[str, Any]:
    return {"targetGroupArn": target.group, "containerName": target.container, "containerPort": target.port}


def _staying(wanted: Target, now: tuple[Target, ...]) -> Target:
    """``wanted`` with the group first in which the container's tasks are registered now."""
    live = next((item.group for item in now if (item.container, item.port) == (wanted.container, wanted.port)), None)
    if live == wanted.group:
        return wanted
    if live is None or live != wanted.other_group:
        message = f"The tasks of the service are registered in none of {wanted.group} and {wanted.other_group}."
        raise ServiceError("InvalidParameterException", message)
    return replace(wanted, group=live, other_group=wanted.group)


def _task_set(service: Service, revision: Revision, external_id: str) -> TaskSet:
    path = f"{service.cluster.name}/{service.name}/{revision.deployment_id}"
    return TaskSet(
        arn=names.arn(service.caller, f"task-set/{path}"),
        id=revision.deployment_id,
        revision=revision,
        created_at=names.now(),
        external_id=external_id,
    )


def _become(task_set: TaskSet, status: str) -> None:
    task_set.status = status
    task_set.updated_at = names.now()
