"""How one account does not stand as it should: mixed, or running something else than what is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from appdp.model.handoff import SENTINEL
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.cluster import Service

COUNT = 2
"""What every service's desired count is."""


def mixed(aws: FakeAws) -> Iterator[str]:
    for service in aws.services.services.values():
        if aws.release == SENTINEL:
            if service.desired_count != 0:
                yield f"{service.name} is not at zero"
            continue
        if service.production is not service.revision:
            yield f"{service.name}: ECS and the load balancer disagree"
        if service.task_definition != service.revision.task_definition:
            yield f"{service.name} is pointed at {service.task_definition}"
        if not _runs(aws, service, aws.release):
            yield f"{service.name} does not run {aws.release}"
        if service.desired_count != COUNT:
            yield f"{service.name} lost its desired count"


def wrong_release(aws: FakeAws) -> Iterator[str]:
    running = [service for service in aws.services.services.values() if service.desired_count]
    if aws.release == SENTINEL:
        yield from (f"{service.name} runs, but no release is recorded" for service in running)
        return
    if not all(_runs(aws, service, aws.release) for service in running):
        yield f"{aws.release} is recorded, which not every service runs"
    for name in aws.images:
        if aws.registry.tag(f"{APPLICATION}/{name}", f"env-{ENVIRONMENT}") != aws.digest(name, aws.release):
            yield f"the environment's tag of {name} does not name {aws.release}"


def _runs(aws: FakeAws, service: Service, release: str) -> bool:
    """Whether its production traffic goes to the release's content."""
    wanted = aws.registry.resolve("", "", f"{APPLICATION}/{service.name}", release)
    running = aws.registry.resolve("", "", f"{APPLICATION}/{service.name}", aws.runs(service.name) or "")
    return wanted is not None and running is not None and running.platforms == wanted.platforms


def wrong_schedules(aws: FakeAws) -> Iterator[str]:
    """How a schedule's next task does not run the recorded release, or is not off before the first one."""
    for _, name in aws.schedules.stored:
        if aws.release == SENTINEL:
            if aws.schedules.enabled(name) or aws.schedules.target(name) != aws.scheduled(name).task_definition:
                yield f"schedule {name} is on, or pointed at {aws.schedules.target(name)}"
            continue
        (image,) = aws.scheduled(name).containers.values()
        wanted = aws.registry.resolve("", "", f"{APPLICATION}/{image}", aws.release)
        running = aws.registry.resolve("", "", f"{APPLICATION}/{image}", aws.would_run(name) or "")
        if wanted is None or running is None or running.platforms != wanted.platforms:
            yield f"schedule {name} does not run {aws.release}"
