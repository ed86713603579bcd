"""difference(): what a deployment would change in the task definitions that run now. Reads only.

It asks the same survey, the same comparison and the same clone that a deployment uses, so it shows what would really be
registered.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from appdp.engine.deploy.clone import clone, released_images
from appdp.engine.deploy.compare import compare
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.releases import newest_release
from appdp.engine.deploy.schedule_difference import schedule_differences
from appdp.engine.deploy.survey import SeenService, Survey, survey
from appdp.engine.deploy.task_difference import TaskDifference, running_definition
from appdp.engine.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An environment as it runs, against a release.

    Args:
        release: the release that it is compared with.
        previous: the recorded release, or None before the first one.
        schedules: its schedules.
    """

    application: str
    environment: str
    release: str
    previous: str | None
    services: tuple[TaskDifference, ...]
    schedules: tuple[TaskDifference, ...] = ()

    @property
    def every(self) -> tuple[TaskDifference, ...]:
        """Services, then schedules."""
        return (*self.services, *self.schedules)

    @property
    def differs(self) -> bool:
        """Whether any task definition differs."""
        return any(one.differs for one in self.every)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        services = [{**asdict(service), "differs": service.differs} for service in self.services]
        schedules = [{**asdict(schedule), "differs": schedule.differs} for schedule in self.schedules]
        return {**asdict(self), "services": services, "schedules": schedules, "differs": self.differs}


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
        schedules=schedule_differences(seen, ports),
    )


def _difference(seen: Survey, service: SeenService, ports: Ports) -> TaskDifference:
    planned = compare(seen, service)
    before = None if seen.previous is None else running_definition(seen, service, service.live.task_definition, ports)
    return TaskDifference(
        name=service.manifest.name,
        deployed=planned.changes,
        reason=planned.reason,
        task_definition=service.live.task_definition,
        before=before,
        after=_wanted(seen, service) if before is None or planned.changes else before,
    )


def _wanted(seen: Survey, service: SeenService) -> dict[str, Any]:
    if seen.previous is None:
        # The first release deploys CloudFormation's own revision, and registers none.
        return clone(service.definition, {})
    return clone(service.definition, released_images(service.manifest, seen.deployer, seen.release, seen.digests))
