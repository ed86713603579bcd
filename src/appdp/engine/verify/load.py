"""Read what all checks need."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter

from appdp.engine.deploy.jobs_survey import read_jobs
from appdp.engine.deploy.manifests import UsesImages, check_images, read_deployer, read_manifests
from appdp.engine.deploy.releases import recorded_release
from appdp.engine.deploy.resolving import known_releases
from appdp.engine.deploy.schedule_survey import read_schedules
from appdp.engine.ports import Ports
from appdp.engine.verify.ports import Facts, Item
from appdp.engine.verify.subject import Scene
from appdp.errors import NotFound, Refused
from appdp.model.environment import DeployerManifest, ServiceManifest


def load(application: str, environment: str, release: str | None, ports: Ports, facts: Facts) -> Scene:
    """The environment, ready to be examined.

    Args:
        release: the release to look at. Default: the recorded one.

    Raises:
        NotFound: there is no such environment, or no image has the release; lists those that there are.
        Refused: a service, job or schedule uses an image that the deployer does not know.
    """
    deployer = read_deployer(application, environment, ports)
    manifests = read_manifests(application, environment, deployer, ports)
    jobs = read_jobs(application, environment, ports)
    check_images("job", jobs, deployer)
    schedules = read_schedules(application, environment, deployer, ports)
    if release is not None:
        _check_release(release, deployer, [*manifests, *jobs, *schedules], ports)
    recorded = recorded_release(application, environment, ports)
    return Scene(
        deployer=deployer,
        manifests=manifests,
        jobs=jobs,
        schedules=schedules,
        release=release or recorded,
        recorded=recorded,
        services=_services(manifests, facts),
        ports=ports,
        facts=facts,
    )


def _check_release(release: str, deployer: DeployerManifest, manifests: Sequence[UsesImages], ports: Ports) -> None:
    used = sorted({image for manifest in manifests for image in manifest.containers.values()} or deployer.images)
    if any(_has(image, release, deployer, ports) for image in used):
        return
    known: tuple[str, ...] = ()
    with suppress(Refused):  # no such repository: then it has no release either
        known = known_releases(used[0], deployer, ports.registry)
    raise NotFound("release", release, known, hint="List them with 'appdp releases'.")


def _has(image: str, release: str, deployer: DeployerManifest, ports: Ports) -> bool:
    at = deployer.images[image]
    with suppress(Refused):
        return ports.registry.resolve(at.registry_id, at.region, at.repository, release) is not None
    return False


def _services(manifests: Sequence[ServiceManifest], facts: Facts) -> dict[str, Item]:
    cluster = attrgetter("cluster")
    found: dict[str, Item] = {}
    for arn, group in groupby(sorted(manifests, key=cluster), key=cluster):
        found |= facts.ecs.services(arn, tuple(manifest.service for manifest in group))
    return found
