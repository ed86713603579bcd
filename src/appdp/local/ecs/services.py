"""Services: what CreateService, UpdateService and DeleteService do, and who runs what for each.

Every service has one scheduler that keeps its tasks, and at most one service deployment at work.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appdp.local.ecs import controllers
from appdp.local.ecs.alarms import Alarms
from appdp.local.ecs.hooks import Hooks
from appdp.local.ecs.images import Images
from appdp.local.ecs.journal import Journal
from appdp.local.ecs.revisions import add_deployment, add_revision
from appdp.local.ecs.rolling import Rolling
from appdp.local.ecs.run import SUPERSEDED, TRIGGERS, Strategy, Workings, drive, finish, workload
from appdp.local.ecs.scheduler import SchedulerParts, ServiceScheduler
from appdp.local.ecs.shifting import Shifting
from appdp.local.ecs.store import Deployment, Service, Store, Target, TaskDefinition
from appdp.local.ecs.supervision import Supervisor
from appdp.local.ecs.task_sets import TaskSets
from appdp.local.wire import LoadBalancing, ServiceError

MINUTE_SECONDS = 60.0


@dataclass(slots=True, eq=False)
class _Work:
    """What runs for a service."""

    scheduler: ServiceScheduler
    deploying: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesParts:
    """What services touch."""

    store: Store
    scheduling: SchedulerParts
    balancing: LoadBalancing
    images: Images
    hooks: Hooks
    alarms: Alarms
    journal: Journal
    supervisor: Supervisor
    task_sets: TaskSets
    bake_scale: float = 1.0


class Services:
    """Runs services."""

    def __init__(self, parts: ServicesParts) -> None:
        self._parts = parts
        self._work: dict[str, _Work] = {}

    def create(self, service: Service) -> None:
        """Take a new service into work and start its first service deployment."""
        self._check_targets(service)
        self._parts.store.services[service.arn] = service
        work = _Work(ServiceScheduler(service, self._parts.scheduling))
        self._work[service.arn] = work
        self._keep(service, work)
        if service.by_code_deploy:
            self._parts.task_sets.open(service, work.scheduler, *targets(service.properties["loadBalancers"]))
        else:
            self._deploy(service)

    def update(self, service: Service, changes: Mapping[str, Any], definition: TaskDefinition | None) -> None:
        """Change a service; starts a service deployment only if a property that needs one really differs.

        Args:
            changes: UpdateService's parameters but for ``cluster``, ``service`` and ``taskDefinition``.
            definition: the task definition given, if one was.
        """
        if controllers.moves(service, changes):
            changes = self._move_controller(service, changes)
        new_definition = definition or service.definition
        differs = new_definition is not service.definition or any(
            name in changes and _normal(changes[name]) != _normal(service.properties.get(name)) for name in TRIGGERS
        )
        deploys = differs or bool(changes.get("forceNewDeployment"))
        if "loadBalancers" in changes:
            self._check_targets(service, changes["loadBalancers"])
        self._change_count(service, changes, deploys=deploys)
        ignored = ("desiredCount", "forceNewDeployment", "cluster", "service", "taskDefinition")
        kept = {name: value for name, value in changes.items() if name not in ignored and value is not None}
        service.properties = merged(service.properties, kept)
        if service.by_code_deploy:
            self._parts.task_sets.scale(service)
            return
        service.definition = new_definition
        if deploys:
            self._deploy(service)

    def stop_deployment(self, deployment: Deployment) -> None:
        """Roll a service deployment back, as StopServiceDeployment asks; one that goes back already goes on so.

        See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
        """
        if deployment.status in ("PENDING", "IN_PROGRESS"):
            deployment.status = "ROLLBACK_REQUESTED"
        deployment.stop_reason = deployment.stop_reason or "Service deployment rolled back by StopServiceDeployment."
        deployment.stop.set()

    async def delete(self, service: Service) -> None:
        """Drain a service: stop its tasks; returns when it is INACTIVE."""
        service.status = "DRAINING"
        self._supersede(service)
        for task_set in service.task_sets:
            task_set.status = "DRAINING"
        work = self._work[service.arn]
        service.desired = 0
        while True:
            for revision in service.revisions:
                work.scheduler.request(revision, 0)
            if all(work.scheduler.gone(revision) for revision in service.revisions):
                break
            await work.scheduler.moment()
        service.revisions.clear()
        service.task_sets.clear()
        service.status = "INACTIVE"
        service.forgotten.set()
        work.scheduler.change.notify()

    def _move_controller(self, service: Service, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Hand what runs over to the other deployment controller; returns what is left to change."""
        task_sets = self._parts.task_sets
        if service.by_code_deploy:
            balancers = changes.get("loadBalancers") or service.properties["loadBalancers"]
            self._check_targets(service, balancers)
            task_sets.release(service, targets(balancers))
            service.properties["loadBalancers"] = balancers
        else:
            task_sets.adopt(service, self._work[service.arn].scheduler)
        return {name: value for name, value in changes.items() if name != "loadBalancers"}

    def _change_count(self, service: Service, changes: Mapping[str, Any], *, deploys: bool) -> None:
        """Set the desired count. A service deployment that starts now leaves the count of what runs already alone."""
        count = changes.get("desiredCount")
        if count is None or int(count) == service.desired:
            return
        old, service.desired = service.desired, int(count)
        if service.by_code_deploy:
            return
        scheduler = self._work[service.arn].scheduler
        for revision in service.revisions:
            if not deploys and (revision.requested == old or revision is service.completed):
                scheduler.request(revision, service.desired)

    def _keep(self, service: Service, work: _Work) -> None:
        """Run the service's scheduler; if it crashes, the deployment fails and the scheduler starts again."""

        def crashed(error: Exception) -> None:
            self._fail(service, error)
            self._keep(service, work)

        self._parts.supervisor.spawn(work.scheduler.run, what=f"scheduler of {service.name}", crashed=crashed)

    def _fail(self, service: Service, error: Exception) -> None:
        reason = f"The embedded ECS failed: {error!r}"
        self._parts.journal.service(service, reason)
        deploying = self._work[service.arn].deploying
        if deploying is not None:
            deploying.cancel()
        for deployment in service.deployments:
            if deployment.running:
                finish(deployment, "ROLLBACK_FAILED", reason)

    def _deploy(self, service: Service) -> None:
        self._supersede(service)
        revision = add_revision(
            self._parts.store,
            service,
            definition=service.definition,
            properties=workload(service.properties),
            targets=targets(service.properties.get("loadBalancers") or []),
        )
        deployment = add_deployment(self._parts.store, service, revision, tuple(service.revisions))
        self._start(service, deployment)

    def _start(self, service: Service, deployment: Deployment) -> None:
        work = self._work[service.arn]
        workings = Workings(
            service=service,
            deployment=deployment,
            scheduler=work.scheduler,
            balancing=self._parts.balancing,
            images=self._parts.images,
            journal=self._parts.journal,
            alarms=self._parts.alarms,
        )
        work.deploying = self._parts.supervisor.spawn(
            lambda: drive(workings, self._strategy(workings)),
            what=f"deployment of {service.name}",
            crashed=lambda error: self._fail(service, error),
        )

    def _strategy(self, workings: Workings) -> Strategy:
        if workings.service.strategy == "ROLLING":
            return Rolling(workings)
        return Shifting(workings, self._parts.hooks, minute=MINUTE_SECONDS * self._parts.bake_scale)

    def _supersede(self, service: Service) -> None:
        """End the service deployment at work, if any: a newer one goes on from where it stands."""
        work = self._work[service.arn]
        if work.deploying is not None:
            work.deploying.cancel()
        for deployment in service.deployments:
            if deployment.running:
                finish(deployment, "STOPPED", SUPERSEDED)

    def _check_targets(self, service: Service, balancers: list[dict[str, Any]] | None = None) -> None:
        for target in targets(balancers if balancers is not None else service.properties.get("loadBalancers") or []):
            for group in (target.group, target.other_group):
                if group is not None and not self._parts.balancing.exists(group):
                    message = f"The specified target group does not exist: {group}"
                    raise ServiceError("InvalidParameterException", message)
            if not self._parts.balancing.attached(target.group):
                message = (
                    f"The target group with targetGroupArn {target.group} does not have an associated load balancer."
                )
                raise ServiceError("InvalidParameterException", message)


def targets(balancers: list[dict[str, Any]]) -> tuple[Target, ...]:
    """A service's ``loadBalancers`` as places where its containers are registered."""
    return tuple(
        Target(
            group=item["targetGroupArn"],
            container=item["containerName"],
            port=int(item["containerPort"]),
            production_rule=(item.get("advancedConfiguration") or {}).get("productionListenerRule"),
            test_rule=(item.get("advancedConfiguration") or {}).get("testListenerRule"),
            other_group=(item.get("advancedConfiguration") or {}).get("alternateTargetGroupArn"),
        )
        for item in balancers
        if item.get("targetGroupArn")
    )


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Properties after an update. Of ``deploymentConfiguration`` only the given parts change; all else is replaced.

    See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    result = {**old, **new}
    if "deploymentConfiguration" in new:
        result["deploymentConfiguration"] = {
            **old.get("deploymentConfiguration", {}),
            **new["deploymentConfiguration"],
        }
    return result


def _normal(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """A property without what does not count in a comparison: order of lists of names, empty values, defaults."""
    if isinstance(value, Mapping):
        defaults = {"assignPublicIp": "DISABLED", "enabled": False}
        return {k: _normal(v) for k, v in value.items() if v not in (None, [], {}) and defaults.get(k, object()) != v}
    if isinstance(value, list):
        items = [_normal(item) for item in value]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    return None if value in ("LATEST", "") else value
