"""CloudFormation deploys a service while a release is under way. Each of these was found by the model-based test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from appdp.engine.deploy import Step, advance
from appdp.engine.ports import Ports, Services
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.environment import StrategyKind
from appdp.model.service_state import Progress
from tests.fakes.wire import Fault
from tests.unit.engine.invariants import When, check
from tests.unit.engine.model.beginnings import world
from tests.unit.engine.model.world import Engine, World

BLUE_GREEN = {"api": StrategyKind.BLUE_GREEN, "billing": StrategyKind.BLUE_GREEN}


class _Unforced:
    """Services of which ECS starts no deployment of the same revision."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # any method of the port
        return getattr(self._services, name)

    def update(self, cluster: str, service: str, *, force: bool = False, **more: Any) -> None:
        self._services.update(cluster, service, **more)


def _forgets_force(deployment: Deployment, ports: Ports) -> Step:
    return advance(deployment, replace(ports, services=_Unforced(ports.services)))


def until(there: World, engine: Engine, reached: Callable[[Deployment], bool]) -> None:
    """Go on until the deployment is in that state."""
    while not reached(engine.state):
        assert engine.runs, engine.state
        there.step(engine)


def stands(state: Deployment, name: str, progress: Progress) -> bool:
    """Whether one service has come that far."""
    return any(service.name == name and service.progress is progress for service in state.services)


def ends(there: World, engine: Engine, outcome: Outcome) -> None:
    """It comes to that end, and everything holds."""
    there.finish()
    there.settle()
    assert engine.state.outcome is outcome, engine.state.failure
    check(there, When.ALWAYS, When.AT_REST)


def test_a_deployment_that_ecs_does_not_tell_about_yet_is_not_taken_for_ours() -> None:
    """It was followed to the gate, which then opened although no green of ours stood there."""
    there = world(BLUE_GREEN, first=False)
    engine = there.begin("r2")
    until(there, engine, lambda state: stands(state, "api", Progress.STARTING))
    there.aws.clock.sleep(3)  # the next look comes before ECS tells what CloudFormation's deployment deploys
    there.cdk_deploys("api")
    ends(there, engine, Outcome.ROLLED_BACK)
    assert there.opened == []


def test_a_deployment_that_ecs_does_not_tell_about_yet_is_waited_for() -> None:
    there = world(BLUE_GREEN, first=False)
    engine = there.begin("r2")
    until(there, engine, lambda state: stands(state, "billing", Progress.REGISTERED))
    there.cdk_deploys("api")
    there.step(engine)
    assert engine.state.service("api").progress is Progress.REGISTERED
    ends(there, engine, Outcome.ROLLED_BACK)
    assert engine.state.failure is not None
    assert "somebody else started" in engine.state.failure.summary


def test_a_first_release_brings_up_what_cloudformation_deployed_to_zero_meanwhile() -> None:
    """It was taken for the deployment of the first release, which then counted as done at zero."""
    there = world(BLUE_GREEN, first=True)
    engine = there.begin("r1")
    until(there, engine, lambda state: state.phase is Phase.GREEN)
    there.cdk_deploys("api")
    ends(there, engine, Outcome.SUCCEEDED)
    assert there.aws.service("api").desired_count == 2


def test_a_first_release_that_is_set_to_zero_meanwhile_goes_back() -> None:
    there = world(BLUE_GREEN, first=True)
    engine = there.begin("r1")
    until(there, engine, lambda state: state.phase is Phase.BAKE)
    there.aws.service("api").desired_count = 0
    ends(there, engine, Outcome.ROLLED_BACK)
    assert engine.state.failure is not None
    assert "was set to zero tasks" in engine.state.failure.summary


def test_a_first_release_that_a_stack_sets_to_zero_just_before_it_is_recorded_goes_back() -> None:
    """It ran the right image, so it counted as good, and the release was recorded with a service at zero."""
    there = world(BLUE_GREEN, first=True)
    engine = there.begin("r1")
    until(there, engine, lambda state: state.phase is Phase.RECORD)
    there.cdk_deploys("api")
    ends(there, engine, Outcome.ROLLED_BACK)


def test_a_service_that_is_to_have_no_task_is_not_taken_for_one_that_lost_them() -> None:
    there = world({"api": StrategyKind.BLUE_GREEN}, first=True)
    manifest = there.aws.manifest("api")
    there.aws.write_manifest(
        type(manifest).from_json(manifest.to_json().replace('"desired_count":2', '"desired_count":0'))
    )
    engine = there.begin("r1")
    there.finish()
    assert engine.state.outcome is Outcome.SUCCEEDED, engine.state.failure


def test_what_is_deployed_just_before_the_tags_move_takes_everything_back() -> None:
    """It runs the release before, and the new one was recorded all the same."""
    there = world(BLUE_GREEN, first=False)
    engine = there.begin("r2")
    until(there, engine, lambda state: state.phase is Phase.RECORD)
    there.cdk_deploys("billing")
    ends(there, engine, Outcome.ROLLED_BACK)
    assert there.aws.release == "r1"


def test_what_is_deployed_just_after_the_tags_moved_runs_the_release_too() -> None:
    there = world(BLUE_GREEN, first=False)
    engine = there.begin("r2")
    until(there, engine, lambda state: state.phase is Phase.RECORD)
    tags = 2
    there.step(engine, Fault.KILLED_AFTER, at=2 + len(BLUE_GREEN) + tags - 1)
    there.cdk_deploys("billing")
    ends(there, engine, Outcome.SUCCEEDED)
    assert there.aws.release == "r2"


@pytest.mark.parametrize("lag", [0, 3])
def test_two_stacks_that_are_deployed_around_the_moving_of_the_tags_end_whole(lag: int) -> None:
    """One got the old tag, the other the new one. The release went back, and the second one stayed with it: mixed."""
    there = world(BLUE_GREEN, first=False)
    for service in there.aws.services.services.values():
        service.list_lag_seconds = lag
    engine = there.begin("r2")
    until(there, engine, lambda state: state.phase is Phase.RECORD)
    there.cdk_deploys("api")
    there.step(engine, Fault.KILLED_AFTER, at=2 + len(BLUE_GREEN) + 2 - 1)
    there.cdk_deploys("billing")
    assert there.aws.service("billing").rollouts[-1].target.digests["billing"] == there.aws.digest("billing", "r2")
    ends(there, engine, Outcome.ROLLED_BACK)
    assert there.aws.release == "r1"
    for name in BLUE_GREEN:
        assert there.aws.service(name).task_definition == there.aws.manifest(name).task_definition


def test_what_cannot_be_deployed_again_with_the_images_from_before_needs_a_human() -> None:
    there = world(BLUE_GREEN, first=False, advance=_forgets_force)
    engine = there.begin("r2")
    until(there, engine, lambda state: state.phase is Phase.RECORD)
    there.cdk_deploys("api")
    there.step(engine, Fault.KILLED_AFTER, at=2 + len(BLUE_GREEN) + 2 - 1)
    there.cdk_deploys("billing")
    there.finish()
    assert engine.state.outcome is Outcome.FAILED
    assert engine.state.failure is not None
    assert "billing could not go back: runs the release" in engine.state.failure.summary


@pytest.mark.parametrize("gone", ["service", "manifest"])
def test_what_is_gone_when_it_is_to_be_recorded_takes_everything_back(gone: str) -> None:
    there = world(BLUE_GREEN, first=False)
    engine = there.begin("r2")
    until(there, engine, lambda state: state.phase is Phase.RECORD)
    there.cdk_deploys("billing")
    if gone == "service":
        del there.aws.services.services[there.aws.service("billing").arn]
    else:
        del there.values["/appdp/shop/dev/services/billing"]
    there.finish()
    assert engine.state.outcome is Outcome.ROLLED_BACK, engine.state.failure
    assert there.aws.release == "r1"
