"""One deployment on its way forward: its lifecycle events, in their order.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from appdp.local.codedeploy.failures import Failure, Halted
from appdp.local.codedeploy.hooks import Hooks
from appdp.local.codedeploy.store import Deployment
from appdp.local.codedeploy.traffic import Traffic, route
from appdp.local.ecs import EcsControl, fargate, service_checks
from appdp.local.ecs.lookup import Lookup
from appdp.local.ecs.names import now
from appdp.local.ecs.store import Service, Target, TaskDefinition, TaskSet
from appdp.local.ecs.task_sets import TaskSetOrder, primary
from appdp.local.wire import LoadBalancing, ServiceError

UNHEALTHY = (
    "The deployment timed out while waiting for the replacement task set to become healthy. "
    "This time out period is 60 minutes."
)
NOT_REROUTED = "The deployment was stopped because traffic was not rerouted within the wait time."

_INHERITED = ("networkConfiguration", "serviceRegistries")
"""What a replacement task set has of the original one, unless the AppSpec says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What deployments act on.

    Attributes:
        minute: seconds in one of the minutes of wait times and traffic steps.
        hour: seconds for which CodeDeploy waits for a replacement task set.
    """

    ecs: EcsControl
    balancing: LoadBalancing
    hooks: Hooks
    minute: float
    hour: float


class Forward:
    """The lifecycle events of one deployment.

    Args:
        told: called with ``READY`` when the deployment waits for somebody.
    """

    def __init__(self, deployment: Deployment, around: Surroundings, told: Callable[[str], None]) -> None:
        self._deployment = deployment
        self._around = around
        self._told = told

    async def run(self) -> None:
        """All of them, and the end of the original task set; raises :class:`Failure` and :class:`Halted`."""
        deployment = self._deployment
        service, traffic = self._locate()
        await self._hook("BeforeInstall")
        async with event(deployment, "Install"):
            await self._install(service, traffic)
        await self._hook("AfterInstall")
        if traffic.test_rules:
            async with event(deployment, "AllowTestTraffic"):
                traffic.shift_test(100)
            await self._hook("AfterAllowTestTraffic")
        else:
            skip(deployment, "AllowTestTraffic", "AfterAllowTestTraffic")
        await self._wait_for_approval()
        await self._hook("BeforeAllowTraffic")
        async with event(deployment, "AllowTraffic"):
            await self._shift(service, traffic)
        await self._hook("AfterAllowTraffic")
        await self._end_original(service)

    def _locate(self) -> tuple[Service, Traffic]:
        deployment, store = self._deployment, self._around.ecs.store
        cluster, name = deployment.target_id.split(":", 1)
        try:
            service = Lookup(store).service({"cluster": cluster, "service": name}, deployment.caller)
        except ServiceError as error:
            raise Failure("INVALID_ECS_SERVICE", f"The ECS service {name} does not exist: {error.message}") from error
        if service.status != "ACTIVE" or not service.by_code_deploy:
            message = "Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller."
            raise Failure("INVALID_ECS_SERVICE", message)
        deployment.service, deployment.blue = service, primary(service)
        original = deployment.blue.revision.targets[0].group
        settings = deployment.settings
        return service, route(self._around.balancing, settings, original, deployment.caller)

    async def _install(self, service: Service, traffic: Traffic) -> None:
        """Make the replacement task set and wait until it is steady.

        Task sets that earlier deployments left behind go first: their target group is needed. AWS does not document
        what becomes of them.
        """
        deployment, task_sets = self._deployment, self._around.ecs.task_sets
        properties = self._properties(primary(service))
        definition = self._definition(properties)
        left = [item for item in service.task_sets if item is not deployment.blue]
        await asyncio.gather(*(self._delete(service, item) for item in left))
        spec = deployment.spec
        order = TaskSetOrder(
            definition=definition,
            properties=properties,
            target=Target(traffic.replacement, spec.container, spec.port),
            external_id=deployment.id,
        )
        try:
            deployment.green = task_sets.create(service, order)
            async with asyncio.timeout(self._around.hour):
                while not task_sets.steady(service, deployment.green):
                    _check_there(service)
                    await task_sets.moment(service)
        except TimeoutError as error:
            raise Failure("TIMEOUT", UNHEALTHY) from error
        except ServiceError as error:
            raise _not_updated(error) from error

    def _definition(self, properties: Mapping[str, Any]) -> TaskDefinition:
        spec = self._deployment.spec
        try:
            lookup = Lookup(self._around.ecs.store)
            definition = lookup.definition(spec.definition, self._deployment.caller, active=True)
            place = {"containerName": spec.container, "containerPort": spec.port}
            service_checks.check_balancer(place, definition)
            fargate.check_service(properties, definition)
        except ServiceError as error:
            raise _not_updated(error) from error
        return definition

    def _properties(self, original: TaskSet) -> dict[str, Any]:
        """What the replacement runs with: without a strategy in the AppSpec, it loses the one that was there.

        See: https://github.com/aws/containers-roadmap/issues/1752
        """
        before: Mapping[str, Any] = original.revision.properties
        told = self._deployment.spec.properties
        inherited = {name: before[name] for name in _INHERITED if name in before}
        if "capacityProviderStrategy" in told:
            return {**inherited, **told}
        launch = "FARGATE" if "capacityProviderStrategy" in before else before.get("launchType")
        return {**inherited, **({"launchType": launch} if launch else {}), **told}

    async def _wait_for_approval(self) -> None:
        """See: API_DeploymentReadyOption.html; what is stopped here rolls back like a deployment that failed."""
        deployment = self._deployment
        blue_green = deployment.settings.get("blueGreenDeploymentConfiguration") or {}
        option = blue_green.get("deploymentReadyOption") or {}
        if option.get("actionOnTimeout") != "STOP_DEPLOYMENT":
            return
        deployment.become("Ready")
        self._told("READY")
        try:
            async with asyncio.timeout(float(option.get("waitTimeInMinutes") or 0) * self._around.minute):
                await deployment.traffic_may_shift.wait()
        except TimeoutError as error:
            rolls_back = rolls_back_on(deployment, "DEPLOYMENT_FAILURE")
            raise Halted("TIMEOUT", NOT_REROUTED, rolls_back=rolls_back) from error
        deployment.become("InProgress")

    async def _shift(self, service: Service, traffic: Traffic) -> None:
        deployment = self._deployment
        for percent, minutes in deployment.config.steps:
            traffic.shift_production(percent)
            deployment.percent, deployment.updated = percent, now()
            await asyncio.sleep(minutes * self._around.minute)
            _check_there(service)
        if deployment.green is not None:
            self._around.ecs.task_sets.make_primary(service, deployment.green)

    async def _end_original(self, service: Service) -> None:
        deployment = self._deployment
        blue_green = deployment.settings.get("blueGreenDeploymentConfiguration") or {}
        option = blue_green.get("terminateBlueInstancesOnDeploymentSuccess") or {}
        if option.get("action", "TERMINATE") != "TERMINATE" or deployment.blue is None:
            return
        deployment.waits_for_termination = True
        try:
            async with asyncio.timeout(float(option.get("terminationWaitTimeInMinutes") or 0) * self._around.minute):
                await deployment.blue_may_go.wait()
        except TimeoutError:
            pass
        await self._delete(service, deployment.blue)

    async def _delete(self, service: Service, task_set: TaskSet) -> None:
        """Delete a task set; that goes on when the deployment is stopped meanwhile."""
        deleting = self._around.ecs.supervisor.spawn(
            lambda: self._around.ecs.task_sets.delete(service, task_set), what=f"deletion of task set {task_set.id}"
        )
        await asyncio.shield(deleting)

    async def _hook(self, name: str) -> None:
        async with event(self._deployment, name):
            await self._around.hooks.run(self._deployment, name)


@asynccontextmanager
async def event(deployment: Deployment, name: str) -> AsyncIterator[None]:
    """Keep the record of a lifecycle event while it runs."""
    record = next(item for item in deployment.events if item.name == name)
    record.status, record.started = "InProgress", now()
    deployment.updated = record.started
    try:
        yield
    except BaseException as error:
        record.status, record.ended = "Failed", now()
        record.error, record.message = "UnknownError", str(error) or "The deployment was stopped."
        raise
    record.status, record.ended = "Succeeded", now()
    deployment.updated = record.ended


def skip(deployment: Deployment, *names: str) -> None:
    """Say of lifecycle events that they do not happen; of all that are still to come when none is named."""
    for record in deployment.events:
        if record.name in names or (not names and record.status == "Pending"):
            record.status = "Skipped"


def rolls_back_on(deployment: Deployment, cause: str) -> bool:
    """Whether the deployment goes back for this cause: an event of its AutoRollbackConfiguration."""
    told = deployment.auto_rollback
    return bool(told.get("enabled")) and cause in (told.get("events") or ())


def _check_there(service: Service) -> None:
    if service.status != "ACTIVE":
        raise Failure("INVALID_ECS_SERVICE", f"The ECS service {service.name} is {service.status}.")


def _not_updated(error: ServiceError) -> Failure:
    return Failure("ECS_UPDATE_ERROR", f"The ECS service cannot be updated due to an unexpected error: {error.message}")
