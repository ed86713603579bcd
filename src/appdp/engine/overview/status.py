"""How an environment stands: what it runs, whether that is what is recorded, and whether something is under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from appdp.engine.deploy.content import Contents, platform_of
from appdp.engine.deploy.deciding import find_decision, find_hold
from appdp.engine.deploy.leftovers import wrong_tags
from appdp.engine.deploy.locking import holder_of
from appdp.engine.deploy.manifests import read_all, read_deployer
from appdp.engine.live import LiveRevision, LiveService
from appdp.engine.overview.jobs import JobStatus, jobs_of
from appdp.engine.overview.schedules import ScheduleStatus, schedules_of
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Owner
from appdp.model.environment import DeployerManifest, ServiceManifest
from appdp.model.handoff import SENTINEL, lock_parameter, release_parameter, services_path
from appdp.model.hold import Approval, HoldNotice
from appdp.model.lock import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """One service.

    Args:
        running, pending, desired: numbers of tasks.
        digests: container name → digest that runs; of every active revision, the one that the service points at.
        released: whether those digests hold what the recorded release holds; None when there is nothing to compare.
        changing: whether more than one revision is active, because a deployment is under way.
        detail: what stands out, as a sentence; empty when nothing does.
    """

    name: str
    strategy: str
    running: int
    pending: int
    desired: int
    digests: Mapping[str, str]
    released: bool | None
    changing: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A lock: which deployment holds the environment, who runs it, and whether it is alive."""

    deployment: str
    owner: Owner
    renewed_at: float
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentStatus:
    """An environment.

    Args:
        release: the recorded release, or None before the first one.
        since: when it was recorded, in seconds since the epoch, and ``by`` whom; None and empty before the first one.
        deployment: what holds the environment's lock, or None.
        hold: what waits for an approval, or None.
        decision: what was decided on it and is still to take effect, or None.
        wrong_tags: the images whose environment tag does not name the recorded release.
        schedules: its schedules.
        jobs: its jobs, in the order in which a deployment runs them.
    """

    application: str
    environment: str
    release: str | None
    since: float | None
    by: str
    services: tuple[ServiceStatus, ...]
    deployment: Running | None
    wrong_tags: tuple[str, ...] = ()
    hold: HoldNotice | None = None
    decision: Approval | None = None
    schedules: tuple[ScheduleStatus, ...] = ()
    jobs: tuple[JobStatus, ...] = ()

    def during(self, deployment: Deployment) -> EnvironmentStatus:
        """The same, with how the jobs stand in the deployment that is under way."""
        return replace(self, jobs=tuple(job.during(deployment.jobs) for job in self.jobs))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def status(application: str, environment: str, ports: Ports) -> EnvironmentStatus:
    """How an environment stands.

    Raises:
        NotFound: there is no such environment; lists those that there are.
    """
    deployer = read_deployer(application, environment, ports)
    history = ports.parameters.history(release_parameter(application, environment))
    newest = history[-1] if history and history[-1].value != SENTINEL else None
    release = newest.value if newest else None
    contents = Contents(ports.registry, deployer.images)
    hold = find_hold(application, environment, ports)
    under_way = running_deployment(application, environment, ports)
    return EnvironmentStatus(
        application=application,
        environment=environment,
        release=release,
        since=newest.at if newest else None,
        by=newest.by if newest else "",
        services=_services(deployer, _Wanted(release, contents, ports)),
        deployment=under_way,
        wrong_tags=wrong_tags(contents, deployer, release),
        hold=hold,
        schedules=schedules_of(deployer, release, contents, ports),
        jobs=jobs_of(deployer, ports, by_process=under_way is not None and under_way.owner.execution is None),
        decision=find_decision(application, environment, hold.deployment, ports) if hold else None,
    )


def running_deployment(application: str, environment: str, ports: Ports) -> Running | None:
    """What holds the environment's lock, or None."""
    text = ports.parameters.get(lock_parameter(application, environment))
    if text is None:
        return None
    holder = holder_of(application, environment, Lock.from_json(text), ports)
    return Running(
        deployment=holder.deployment,
        owner=holder.owner,
        renewed_at=holder.renewed_at,
        alive=ports.owners.alive(holder.owner, holder.renewed_at),
    )


def _services(deployer: DeployerManifest, wanted: _Wanted) -> tuple[ServiceStatus, ...]:
    ports = wanted.ports
    path = services_path(deployer.application, deployer.environment)
    manifests = read_all(path, ServiceManifest.from_json, ports)
    live = ports.services.describe([(manifest.cluster, manifest.service) for manifest in manifests])
    revisions = ports.services.revisions([arn for service in live.values() for arn in service.revisions])
    return tuple(
        _service(manifest, live[manifest.service], revisions, wanted) if manifest.service in live else _gone(manifest)
        for manifest in manifests
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the recorded release holds."""

    release: str | None
    contents: Contents
    ports: Ports

    def differences(self, manifest: ServiceManifest, digests: Mapping[str, str]) -> list[str]:
        """The containers that do not run the release, each as a sentence; empty when there is nothing to compare."""
        if self.release is None or not digests:
            return []
        platform = platform_of(self.ports.task_definitions.read(manifest.task_definition))
        found = []
        for container, image in sorted(manifest.containers.items()):
            wanted = self.contents.resolve(image, self.release)
            running = digests.get(container)
            if wanted is None:
                found.append(f"release {self.release} of image {image} is gone from its repository")
            elif running is None:
                found.append(f"container {container} does not run")
            elif not self.contents.same(image, running, wanted.digest, platform):
                found.append(f"container {container} runs {running[:19]}, not the release")
        return found


def _service(
    manifest: ServiceManifest, live: LiveService, revisions: Mapping[str, LiveRevision], wanted: _Wanted
) -> ServiceStatus:
    active = [revisions[arn] for arn in live.revisions if arn in revisions]
    current = [revision for revision in active if revision.task_definition == live.task_definition] or active
    digests = dict(current[-1].digests) if current else {}
    differences = wanted.differences(manifest, digests)
    return ServiceStatus(
        name=manifest.name,
        strategy=manifest.strategy.value,
        running=live.running_count,
        pending=live.pending_count,
        desired=live.desired_count,
        digests=digests,
        released=not differences if wanted.release and digests else None,
        changing=len(active) > 1,
        detail="; ".join(differences),
    )


def _gone(manifest: ServiceManifest) -> ServiceStatus:
    return ServiceStatus(
        name=manifest.name,
        strategy=manifest.strategy.value,
        running=0,
        pending=0,
        desired=0,
        digests={},
        released=None,
        detail="the service does not exist any more",
    )
