"""The port to a fake ECS's services, and how tests reach into it."""

from __future__ import annotations

from collections.abc import Sequence

from appdp.engine.live import DeploymentStatus, LiveDeployment, LiveRevision, LiveService
from appdp.errors import RemoteError
from tests.fakes import codedeploy
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import Revision, Rollout, Service
from tests.fakes.registry import Behaviour, FakeRegistry
from tests.fakes.rollouts import Rollouts
from tests.fakes.task_definitions import ACCOUNT, FakeTaskDefinitions

_WORST_FIRST = tuple(reversed(Behaviour))
_TRAFFIC_STEPS = {"CANARY": 2, "LINEAR": 3}
"""In how many steps production traffic moves, where it is more than one."""


class FakeServices:
    """Services by ARN. Time moves them; ``services`` is there for tests to look at and to change."""

    def __init__(
        self, clock: FakeClock, definitions: FakeTaskDefinitions, registry: FakeRegistry, rollouts: Rollouts
    ) -> None:
        self._clock = clock
        self._definitions = definitions
        self._registry = registry
        self._rollouts = rollouts
        self._revisions: dict[str, Revision] = {}
        self.services: dict[str, Service] = {}
        clock.each_second(self._tick)

    def _tick(self, now: float) -> None:
        for service in self.services.values():
            self._rollouts.tick(service, now)

    def add(
        self, name: str, *, cluster: str, strategy: str, task_definition: str, target_groups: tuple[str, ...]
    ) -> Service:
        """What CloudFormation creates: a service at zero."""
        arn = f"{ACCOUNT}:service/{cluster.rsplit('/', 1)[1]}/{name}"
        revision = self._revision(arn, task_definition)
        service = Service(
            name, arn, cluster, strategy, revision, task_definition, 0, target_groups, production=revision
        )
        service.traffic_steps = _TRAFFIC_STEPS.get(strategy, 1)
        self.services[arn] = service
        return service

    def describe(self, services: Sequence[tuple[str, str]]) -> dict[str, LiveService]:
        found = (self.services[arn] for _, arn in services if arn in self.services)
        return {service.arn: _described(service) for service in found}

    def newest_deployments(
        self, cluster: str, service: str, limit: int = 10, *, group: str | None = None
    ) -> tuple[LiveDeployment, ...]:
        codedeploy.check_group(self.services[service], group)
        listed = [one for one in self.services[service].rollouts if one.listed_at <= self._clock.now()]
        return tuple(_live(service, one) for one in reversed(listed))[:limit]

    def deployments(self, arns: Sequence[str]) -> dict[str, LiveDeployment]:
        every = ((service.arn, one) for service in self.services.values() for one in service.rollouts)
        return {one.arn: _live(arn, one) for arn, one in every if one.arn in arns}

    def revisions(self, arns: Sequence[str]) -> dict[str, LiveRevision]:
        found = (self._revisions[arn] for arn in arns if arn in self._revisions)
        return codedeploy.revisions(arns, self._definitions) | {
            one.arn: LiveRevision(arn=one.arn, task_definition=one.task_definition, digests=one.digests)
            for one in found
        }

    def update(
        self,
        cluster: str,
        service: str,
        *,
        task_definition: str,
        desired_count: int | None = None,
        force: bool = False,
        group: str | None = None,
    ) -> None:
        found = self.services[service]
        codedeploy.check_group(found, group)
        if task_definition not in self._definitions.stored:
            raise RemoteError(f"Unable to find {task_definition}", code="ClientException")
        if desired_count is not None:
            self.set_desired_count(cluster, service, desired_count)
        if group is not None:
            codedeploy.check_free(found)
        elif task_definition == found.task_definition and not force:
            return
        if found.rollout is not None:
            found.rollout.status, found.revision = DeploymentStatus.STOPPED, found.production or found.revision
        now = self._clock.now()
        arn = codedeploy.deployment_id(found, group) or (
            f"{service.replace(':service/', ':service-deployment/')}/{len(found.rollouts) + 1:04}"
        )
        target = self._revision(service, task_definition)
        found.rollouts.append(Rollout(arn, target, found.revision, now, listed_at=now + found.list_lag_seconds))
        if group is None:
            found.task_definition = task_definition

    def open_gate(self, deployment: str) -> None:
        for service in self.services.values():
            rollout = service.rollout
            if rollout is not None and rollout.arn == deployment and rollout.stage == "POST_TEST_TRAFFIC_SHIFT":
                rollout.continued = True

    def set_desired_count(self, cluster: str, service: str, count: int) -> None:
        found = self.services[service]
        found.count_writes.append((self._clock.now(), count))
        found.desired_count = count

    def stop(self, deployment: str) -> None:
        for service in self.services.values():
            rollout = service.rollout
            if rollout is not None and rollout.arn == deployment and not rollout.status.name.startswith("ROLLBACK"):
                rollout.status, rollout.reason = DeploymentStatus.STOP_REQUESTED, "stopped by the user"

    def _revision(self, service: str, task_definition: str) -> Revision:
        pulled = {name: self._registry.pull(ref) for name, ref in self._definitions.images(task_definition).items()}
        behaviours = [self._registry.behaviour(digest) for digest in pulled.values()]
        worst = next(one for one in _WORST_FIRST if one in behaviours)
        arn = f"{service.replace(':service/', ':service-revision/')}/{len(self._revisions) + 1:04}"
        revision = Revision(arn, task_definition, {name: digest for name, digest in pulled.items() if digest}, worst)
        self._revisions[arn] = revision
        return revision


def _described(service: Service) -> LiveService:
    running = [task for task in service.tasks if task.status == "RUNNING"]
    pending = [task for task in service.tasks if task.status == "PENDING"]
    return LiveService(
        arn=service.arn,
        cluster=service.cluster,
        task_definition=service.task_definition,
        desired_count=service.desired_count,
        running_count=len(running),
        pending_count=len(pending),
        strategy=service.strategy,
        controller=service.controller,
        revisions=tuple(one.arn for one in service.active),
        alarms=service.alarms,
    )


def _target(rollout: Rollout) -> str | None:
    if rollout.arn.startswith(codedeploy.PREFIX):
        return rollout.target.task_definition
    return None if rollout.status is DeploymentStatus.PENDING else rollout.target.arn


def _live(service: str, rollout: Rollout) -> LiveDeployment:
    return LiveDeployment(
        arn=rollout.arn,
        service=service,
        status=rollout.status,
        stage=rollout.stage,
        reason=rollout.reason,
        target_revision=_target(rollout),
        created_at=rollout.created_at,
        by_appdp=rollout.arn.startswith(codedeploy.PREFIX) and rollout.by_appdp,
    )
