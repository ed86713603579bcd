"""Look at an environment before a deployment: what there is, what runs, and whether the release can run there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from appdp.engine.deploy.content import Contents, platform_of
from appdp.engine.deploy.jobs_survey import SeenJob, look_at_jobs, read_jobs
from appdp.engine.deploy.manifests import read_deployer, read_manifests
from appdp.engine.deploy.releases import last_good_release, recorded_release
from appdp.engine.deploy.resolving import resolve_release
from appdp.engine.deploy.schedule_survey import SeenSchedule, look_at_schedules, read_schedules
from appdp.engine.live import LiveDeployment, LiveRevision, LiveService
from appdp.engine.ports import Ports
from appdp.errors import Refused
from appdp.model.environment import DeployerManifest, ServiceManifest

__all__ = ["CODE_DEPLOY", "SeenService", "Survey", "group_of", "look", "survey"]

CODE_DEPLOY: Final = "CODE_DEPLOY"
"""The deployment controller of a service that CodeDeploy deploys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenService:
    """One service as it stands.

    Args:
        manifest: what the constructs say of it.
        live: what ECS says of it.
        definition: the manifest's task definition, raw.
        running: container name → digest that runs now; empty when nothing ever ran.
        newest: its newest service deployments, newest first.
        targets: ARN of a service revision → its task definition's ARN, for the newest deployments.
    """

    manifest: ServiceManifest
    live: LiveService
    definition: Mapping[str, Any]
    running: Mapping[str, str]
    newest: tuple[LiveDeployment, ...]
    targets: Mapping[str, LiveRevision]

    @property
    def platform(self) -> str:
        """The platform that it runs on."""
        return platform_of(self.definition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """An environment before a deployment.

    Args:
        deployer: its deployer's manifest.
        release: the release that was asked for, or found.
        previous: the recorded release, or None before the first one.
        digests: image name → digest of the release's image, of all images that carry the release.
        services: the environment's services by name.
        contents: compares digests.
        schedules: its schedules.
        jobs: the jobs that deployments run.
    """

    deployer: DeployerManifest
    release: str
    previous: str | None
    digests: Mapping[str, str]
    services: Mapping[str, SeenService]
    contents: Contents
    schedules: tuple[SeenSchedule, ...] = ()
    jobs: tuple[SeenJob, ...] = ()


def survey(application: str, environment: str, release: str | None, ports: Ports) -> Survey:
    """Read everything that a deployment needs to know. Writes nothing.

    Args:
        release: the release's tag; None finds the last good one before the current one.

    Raises:
        NotFound: no such environment or release.
        Refused: the deployment cannot work; every fault is in the message.
    """
    deployer = read_deployer(application, environment, ports)
    manifests = read_manifests(application, environment, deployer, ports)
    wanted = release or last_good_release(application, environment, ports)
    contents = Contents(ports.registry, deployer.images)
    schedules = read_schedules(application, environment, deployer, ports)
    jobs = read_jobs(application, environment, ports)
    if not (manifests or schedules or jobs):
        raise Refused(
            f"Environment {environment!r} of {application!r} has no service, schedule or job yet, so there is nothing "
            "to deploy to.",
            hint="Deploy the stacks with its services first: cdk deploy.",
        )
    run = look_at_jobs(jobs, deployer, ports)
    containers = [
        *(manifest.containers for manifest in manifests),
        *(one.containers for one in schedules),
        *(job.manifest.containers for job in run),
    ]
    used = sorted({image for images in containers for image in images.values()})
    digests = resolve_release(wanted, used, deployer, contents, ports.registry)
    return Survey(
        deployer=deployer,
        release=wanted,
        previous=recorded_release(application, environment, ports),
        digests=digests,
        services=look(manifests, ports),
        contents=contents,
        schedules=look_at_schedules(schedules, deployer, contents, ports),
        jobs=run,
    )


def look(manifests: tuple[ServiceManifest, ...], ports: Ports) -> dict[str, SeenService]:
    """Look at some services of an environment, by name.

    Raises:
        Refused: one of them does not exist any more.
    """
    live = ports.services.describe([(manifest.cluster, manifest.service) for manifest in manifests])
    gone = [manifest for manifest in manifests if manifest.service not in live]
    if gone:
        raise Refused(
            "\n".join(f"Service {manifest.name!r} ({manifest.service}) does not exist any more." for manifest in gone),
            hint="Deploy its stack again, or delete its parameter if the service is not wanted any more.",
        )
    active = ports.services.revisions([arn for one in live.values() for arn in one.revisions])
    return {manifest.name: _look_at(manifest, live[manifest.service], active, ports) for manifest in manifests}


def _look_at(
    manifest: ServiceManifest, live: LiveService, active: Mapping[str, LiveRevision], ports: Ports
) -> SeenService:
    group = group_of(manifest, live)
    # ECS does not list what CodeDeploy does; a service without a known group is refused later.
    listed = group is not None or live.controller != CODE_DEPLOY
    newest = ports.services.newest_deployments(manifest.cluster, manifest.service, group=group) if listed else ()
    return SeenService(
        manifest=manifest,
        live=live,
        definition=ports.task_definitions.read(manifest.task_definition),
        running=_running(live, active),
        newest=newest,
        targets=ports.services.revisions([one.target_revision for one in newest if one.target_revision]),
    )


def group_of(manifest: ServiceManifest, live: LiveService) -> str | None:
    """CodeDeploy's deployment group, if that is what deploys the service now; the live service has the last word."""
    return manifest.deployment_group if live.controller == CODE_DEPLOY else None


def _running(live: LiveService, active: Mapping[str, LiveRevision]) -> Mapping[str, str]:
    """The digests of the revision that the service points at; of two such revisions, the later one."""
    found = [
        active[arn] for arn in live.revisions if arn in active and active[arn].task_definition == live.task_definition
    ]
    return found[-1].digests if found else {}
