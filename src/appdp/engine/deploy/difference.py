"""difference(): what a deployment would change in the task definitions that run now. Reads only.

It asks the same survey, the same comparison and the same clone that a deployment uses, so it shows what would really be
registered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from appdp.engine.deploy.clone import clone, container_names, released_images
from appdp.engine.deploy.compare import compare
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.releases import newest_release
from appdp.engine.deploy.survey import SeenService, Survey, survey
from appdp.engine.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDifference:
    """One service.

    Args:
        deployed: whether the deployment would deploy it.
        reason: why, or why not, as a sentence.
        task_definition: ARN of the revision that the service points at now.
        before: what runs now, as it would have to be registered, with the application's images pinned to the digests
            that run; None while nothing runs.
        after: what would run afterwards.
    """

    name: str
    deployed: bool
    reason: str
    task_definition: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]

    @property
    def differs(self) -> bool:
        """Whether the task definitions differ."""
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An environment as it runs, against a release.

    Args:
        release: the release that it is compared with.
        previous: the recorded release, or None before the first one.
    """

    application: str
    environment: str
    release: str
    previous: str | None
    services: tuple[ServiceDifference, ...]

    @property
    def differs(self) -> bool:
        """Whether any task definition differs."""
        return any(service.differs for service in self.services)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        services = [{**asdict(service), "differs": service.differs} for service in self.services]
        return {**asdict(self), "services": services, "differs": self.differs}


def difference(application: str, environment: str, release: str | None, ports: Ports) -> Difference:
    """Compare what runs with what a deployment of ``release`` would run.

    Args:
        release: the release's tag; None is the one that was published last, or else the one that is recorded.

    Raises:
        NotFound: no such environment or release.
        Refused: the release cannot be deployed here; every fault is in the message.
    """
    # The environment first: its name may be wrong, and then no release is the answer.
    read_deployer(application, environment, ports)
    seen = survey(application, environment, release or newest_release(application, environment, ports), ports)
    return Difference(
        application=application,
        environment=environment,
        release=seen.release,
        previous=seen.previous,
        services=tuple(_difference(seen, service, ports) for service in seen.services.values()),
    )


def _difference(seen: Survey, service: SeenService, ports: Ports) -> ServiceDifference:
    planned = compare(seen, service)
    before = None if seen.previous is None else _running(seen, service, ports)
    return ServiceDifference(
        name=service.manifest.name,
        deployed=planned.changes,
        reason=planned.reason,
        task_definition=service.live.task_definition,
        before=before,
        after=_wanted(seen, service) if before is None or planned.changes else before,
    )


def _running(seen: Survey, service: SeenService, ports: Ports) -> dict[str, Any]:
    definition = ports.task_definitions.read(service.live.task_definition)
    there = container_names(definition)
    images = {
        container: seen.deployer.images[image].by_digest(service.running[container])
        for container, image in service.manifest.containers.items()
        if container in service.running and container in there
    }
    return clone(definition, images)


def _wanted(seen: Survey, service: SeenService) -> dict[str, Any]:
    if seen.previous is None:
        # The first release deploys CloudFormation's own revision, and registers none.
        return clone(service.definition, {})
    return clone(service.definition, released_images(service.manifest, seen.deployer, seen.release, seen.digests))
