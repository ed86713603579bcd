"""Look at an environment before a deployment: what there is, what runs, and whether the release can run there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appdp.engine.deploy.content import Contents, platform_of
from appdp.engine.deploy.manifests import read_deployer, read_manifests
from appdp.engine.deploy.releases import last_good_release, recorded_release
from appdp.engine.deploy.resolving import resolve_release
from appdp.engine.ports import LiveDeployment, LiveRevision, LiveService, Ports
from appdp.errors import Refused
from appdp.model.environment import DeployerManifest, ServiceManifest

__all__ = ["SeenService", "Survey", "survey"]


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
    """

    deployer: DeployerManifest
    release: str
    previous: str | None
    digests: Mapping[str, str]
    services: Mapping[str, SeenService]
    contents: Contents


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
    used = sorted({image for manifest in manifests for image in manifest.containers.values()})
    digests = resolve_release(wanted, used, deployer, contents, ports.registry)
    return Survey(
        deployer=deployer,
        release=wanted,
        previous=recorded_release(application, environment, ports),
        digests=digests,
        services=_look(manifests, ports),
        contents=contents,
    )


def _look(manifests: tuple[ServiceManifest, ...], ports: Ports) -> dict[str, SeenService]:
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
    newest = ports.services.newest_deployments(manifest.cluster, manifest.service)
    return SeenService(
        manifest=manifest,
        live=live,
        definition=ports.task_definitions.read(manifest.task_definition),
        running=_running(live, active),
        newest=newest,
        targets=ports.services.revisions([one.target_revision for one in newest if one.target_revision]),
    )


def _running(live: LiveService, active: Mapping[str, LiveRevision]) -> Mapping[str, str]:
    """The digests of the revision that the service points at; of two such revisions, the later one."""
    found = [
        active[arn] for arn in live.revisions if arn in active and active[arn].task_definition == live.task_definition
    ]
    return found[-1].digests if found else {}
