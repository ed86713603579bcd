"""One service deployment from PENDING to its end, whatever its strategy.

A strategy brings the target revision forward, or the service back. What interrupts it (a failure it finds, a hook, a
StopServiceDeployment) ends in one place, here: the way forward is cancelled and the way back begins. A newer service
deployment ends this one as STOPPED and takes over where it stands.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from appdp.local.ecs import alarms, names
from appdp.local.ecs.alarms import Alarms
from appdp.local.ecs.images import Images
from appdp.local.ecs.journal import Journal
from appdp.local.ecs.scheduler import ServiceScheduler
from appdp.local.ecs.store import Deployment, Revision, Service
from appdp.local.wire import LoadBalancing

NO_CANDIDATE = "No rollback candidate was found to run the rollback."
SUPERSEDED = "Service deployment stopped because a newer service deployment was started."

TRIGGERS = (
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)
"""Properties of UpdateService, beside ``taskDefinition``, that start a service deployment.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html ("triggers a new deployment")
"""


class Rollback(Exception):
    """The service deployment failed; the text is its reason.

    Args:
        returns: False when the service stays as it is, because the circuit breaker's rollback option is off.
    """

    def __init__(self, reason: str, *, returns: bool = True) -> None:
        super().__init__(reason)
        self.returns = returns


class RollbackFailed(Exception):
    """The way back failed too; the text is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workings:
    """One service deployment and what it acts on."""

    service: Service
    deployment: Deployment
    scheduler: ServiceScheduler
    balancing: LoadBalancing
    images: Images
    journal: Journal
    alarms: Alarms

    @property
    def target(self) -> Revision:
        """The revision being deployed."""
        return self.deployment.target

    @property
    def source(self) -> Revision | None:
        """The revision to go back to: the last that was deployed successfully."""
        completed = self.service.completed
        return completed if completed is not None and completed is not self.target else None

    async def moment(self) -> None:
        """Wait until something may have changed."""
        await self.scheduler.moment()

    def retire(self, revision: Revision) -> None:
        """Take a revision whose tasks are gone out of the service."""
        if revision in self.service.revisions:
            self.service.revisions.remove(revision)


class Strategy(Protocol):
    """How a service deployment goes forward, and back."""

    async def forward(self) -> None:
        """Bring the target revision into service and take the others out. Raises :class:`Rollback`."""

    async def back(self, to: Revision | None) -> None:
        """Bring the service back to revision ``to``, or to nothing. Raises :class:`RollbackFailed`."""


async def drive(workings: Workings, strategy: Strategy) -> None:
    """Run a service deployment to its end."""
    service, deployment = workings.service, workings.deployment
    _begin(workings)
    deployment.target.digests = await workings.images.digests(deployment.target.definition, service.caller)
    try:
        await _until_done_or_interrupted(workings, strategy)
    except Rollback as failure:
        _fail(workings, str(failure))
        if failure.returns:
            await _return(workings, strategy, str(failure))
        else:
            workings.scheduler.request(deployment.target, workings.scheduler.healthy(deployment.target))
            finish(deployment, "STOPPED", str(failure))
    else:
        _succeed(workings)


async def _until_done_or_interrupted(workings: Workings, strategy: Strategy) -> None:
    """Go forward. Raises :class:`Rollback` when that fails, somebody stops it, or an alarm goes off."""
    deployment = workings.deployment
    forward = asyncio.create_task(strategy.forward())
    stop = asyncio.create_task(deployment.stop.wait())
    red = asyncio.create_task(workings.alarms.triggered(deployment, workings.service.caller))
    try:
        await asyncio.wait({forward, stop, red}, return_when=asyncio.FIRST_COMPLETED)
        # An alarm ends the watch, and with it the way forward: both are done then.
        if red.done():
            raise Rollback(alarms.reason(red.result()), returns=alarms.returns(deployment))
        if stop.done() and not forward.done():
            raise Rollback(deployment.stop_reason)
        forward.result()
    finally:
        for task in (forward, stop, red):
            task.cancel()
        await asyncio.gather(forward, stop, red, return_exceptions=True)


def _begin(workings: Workings) -> None:
    service, deployment = workings.service, workings.deployment
    deployment.status = "IN_PROGRESS"
    deployment.started_at = deployment.updated_at = names.now()
    if deployment.target not in service.revisions:
        service.revisions.append(deployment.target)
    reason = f"ECS deployment {deployment.target.deployment_id} in progress."
    workings.journal.deployment(service, deployment, "SERVICE_DEPLOYMENT_IN_PROGRESS", reason)


def _succeed(workings: Workings) -> None:
    service, deployment = workings.service, workings.deployment
    service.completed = deployment.target
    deployment.target.rollout_state = "COMPLETED"
    reason = f"ECS deployment {deployment.target.deployment_id} completed."
    deployment.target.rollout_reason = reason
    if deployment.breaker_status == "MONITORING":
        deployment.breaker_status = "MONITORING_COMPLETE"
    if deployment.alarm_status == "MONITORING":
        deployment.alarm_status = "MONITORING_COMPLETE"
    workings.journal.service(service, f"(deployment {deployment.target.deployment_id}) deployment completed.")
    workings.journal.service(service, "has reached a steady state.")
    workings.journal.deployment(service, deployment, "SERVICE_DEPLOYMENT_COMPLETED", reason)
    finish(deployment, "SUCCESSFUL", "")


def _fail(workings: Workings, reason: str) -> None:
    service, deployment = workings.service, workings.deployment
    deployment.reason = reason
    deployment.target.rollout_state = "FAILED"
    deployment.target.rollout_reason = reason
    workings.journal.service(service, f"(deployment {deployment.target.deployment_id}) deployment failed: {reason}")
    workings.journal.deployment(service, deployment, "SERVICE_DEPLOYMENT_FAILED", reason)


async def _return(workings: Workings, strategy: Strategy, reason: str) -> None:
    service, deployment, source = workings.service, workings.deployment, workings.source
    deployment.status = "ROLLBACK_IN_PROGRESS"
    deployment.rollback = {"reason": reason, "startedAt": names.now()}
    if source is not None:
        deployment.rollback["serviceRevisionArn"] = source.arn
        workings.journal.service(service, f"rolling back to (deployment {source.deployment_id}).")
        restore(service, source)
    try:
        await strategy.back(source)
    except RollbackFailed as failure:
        finish(deployment, "ROLLBACK_FAILED", f"{reason} {failure}")
        return
    if source is None:
        finish(deployment, "ROLLBACK_FAILED", f"{reason} {NO_CANDIDATE}")
    else:
        workings.journal.service(service, "has reached a steady state.")
        finish(deployment, "ROLLBACK_SUCCESSFUL", reason)


def restore(service: Service, revision: Revision) -> None:
    """Give the service the workload of an earlier revision again; counts and settings stay."""
    service.definition = revision.definition
    for name in TRIGGERS:
        if name in revision.properties:
            service.properties[name] = revision.properties[name]
        else:
            service.properties.pop(name, None)
    revision.rollout_state = "COMPLETED"


def finish(deployment: Deployment, status: str, reason: str) -> None:
    """Write down how a service deployment ended."""
    deployment.status = status
    deployment.reason = reason
    deployment.finished_at = deployment.updated_at = names.now()
    if status == "STOPPED":
        deployment.stopped_at = deployment.finished_at
    deployment.ended.set()


def workload(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a service's properties that a revision fixes."""
    kept = (*TRIGGERS, "launchType", "capacityProviderStrategy")
    return {name: properties[name] for name in kept if properties.get(name)}
