"""An environment of developers, and a hot swap that is driven to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from appdp.engine.deploy import Process
from appdp.engine.hotswap import Built, SwapPlan, begin_swap, build_image, end_swap, has_ended, plan_hotswap, swap_step
from appdp.model.deployment import Deployment
from appdp.model.environment import StrategyKind
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.builder import FakeBuilder, FakeLogins, allow_hotswaps
from tests.fakes.registry import Behaviour

SOURCE = Path("/src/shop")
ME = "arn:me"
MOST_STEPS = 500


def marked(release: str = "v1", *, services: dict[str, StrategyKind] | None = None) -> FakeAws:
    """The environment ``dev`` of ``shop`` at a release, marked for hot swaps."""
    aws = FakeAws(services)
    aws.publish(release)
    aws.standing_at(release)
    allow_hotswaps(aws)
    return aws


def plan(aws: FakeAws, service: str, container: str | None = None) -> SwapPlan:
    """What a swap would do."""
    return plan_hotswap(APPLICATION, ENVIRONMENT, service, aws.ports, container=container)


def built(aws: FakeAws, service: str, *, behaviour: Behaviour = Behaviour.RUNS) -> tuple[SwapPlan, Built]:
    """A plan, and its image in the registry."""
    planned = plan(aws, service)
    builder = FakeBuilder(aws.registry, behaviour=behaviour)
    return planned, build_image(planned, SOURCE, builder=builder, logins=FakeLogins(), ports=aws.ports)


def begun(aws: FakeAws, service: str, *, behaviour: Behaviour = Behaviour.RUNS, id: str = "h1") -> Deployment:
    """A swap that has the lock."""
    planned, image = built(aws, service, behaviour=behaviour)
    return begin_swap(planned, image, process=Process(id=id, requested_by=ME, sleep=aws.clock.sleep), ports=aws.ports)


def drive(
    aws: FakeAws, deployment: Deployment, *, each: Callable[[Deployment], None] = lambda deployment: None
) -> Deployment:
    """To its end, the lock given back; ``each`` sees every state."""
    for _ in range(MOST_STEPS):
        if has_ended(deployment):
            end_swap(deployment, aws.ports)
            return deployment
        step = swap_step(deployment, aws.ports)
        deployment = step.deployment
        each(deployment)
        aws.clock.sleep(step.wait_seconds)
    raise AssertionError(f"no end after {MOST_STEPS} steps: {deployment}")


def swap(aws: FakeAws, service: str, *, behaviour: Behaviour = Behaviour.RUNS) -> Deployment:
    """A swap from its beginning to its end."""
    return drive(aws, begun(aws, service, behaviour=behaviour))


def give_second_image(aws: FakeAws, service: str, image: str) -> None:
    """What the service's stack writes once its sidecar runs an image of the application, too."""
    manifest = aws.manifest(service)
    changed = aws.definitions.read(manifest.task_definition)
    at = changed["containerDefinitions"][0]["image"].replace(f"/{service}:", f"/{image}:")
    changed["containerDefinitions"][1] |= {"image": at}
    arn = aws.definitions.add(changed)
    aws.write_manifest(replace(manifest, task_definition=arn, containers={service: service, "sidecar": image}))
