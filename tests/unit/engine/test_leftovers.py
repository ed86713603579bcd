"""What a deployment leaves that died a moment after it asked ECS."""

from __future__ import annotations

from appdp.model.deployment import Outcome, Phase
from appdp.model.environment import StrategyKind
from appdp.model.service_state import Progress
from tests.fakes import fake_aws
from tests.fakes.driver import drive, started
from tests.unit.engine.invariants import When, check, holds_for
from tests.unit.engine.model.beginnings import world


def test_a_green_that_ecs_does_not_list_yet_is_taken_back_before_anything_else() -> None:
    aws = fake_aws()
    aws.publish("r3")
    shifting = [aws.service(name) for name in ("api", "storefront")]
    for service in shifting:
        service.list_lag_seconds = 3
    drive(
        aws,
        started(aws, "r2"),
        until=lambda state: any(service.progress is Progress.STARTING for service in state.services),
    )
    aws.owners.running.clear()
    after = drive(aws, started(aws, "r3", id="d2"), until=lambda state: state.phase is not Phase.PREPARE)
    assert [service.rollout for service in shifting] == [None, None], "their gate is gone, and they are not"
    last = drive(aws, after)
    assert last.outcome is Outcome.SUCCEEDED
    holds_for(aws, "r3")


def test_a_first_green_that_ecs_does_not_list_yet_is_taken_back_before_anything_else() -> None:
    aws = fake_aws(release=None)
    service = aws.service("api")
    service.list_lag_seconds = 3
    drive(
        aws,
        started(aws, "r1"),
        until=lambda state: any(one.name == "api" and one.progress is Progress.STARTING for one in state.services),
    )
    aws.owners.running.clear()
    after = drive(aws, started(aws, "r1", id="d2"), until=lambda state: state.phase is not Phase.PREPARE)
    assert service.rollout is None, "its gate is gone, and it is not"
    assert service.desired_count == 0
    last = drive(aws, after)
    assert last.outcome is Outcome.SUCCEEDED
    holds_for(aws, "r1")


def test_a_first_green_of_codedeploy_is_taken_back_to_zero_though_its_definition_changed_meanwhile() -> None:
    """The service was left at its count, with the old revision, which nobody could pull; CodeDeploy never went back."""
    there = world({"api": StrategyKind.CODEDEPLOY, "billing": StrategyKind.CANARY}, first=True)
    there.cdk_deploys("api")
    dead = there.begin("r3")
    while not any(service.progress is Progress.STARTING for service in dead.state.services):
        there.step(dead)
    there.dies(dead)
    assert there.heal("r2").state.outcome is Outcome.SUCCEEDED
    there.settle()
    check(there, *When)


def test_a_release_of_codedeploy_that_nobody_recorded_is_taken_back_though_a_stack_was_deployed() -> None:
    """The way back led to what the dead deployment had brought, and was told to be the recorded release."""
    there = world({"api": StrategyKind.CODEDEPLOY}, first=False)
    dead = there.begin("r3")
    while dead.state.phase is not Phase.RECORD:
        there.step(dead)
    there.dies(dead)
    there.cdk_deploys("api")
    after = there.begin("r2", hold=True)
    there.finish()
    there.settle()
    assert after.state.outcome is Outcome.ROLLED_BACK, "nobody approved it"
    check(there, When.ALWAYS, When.AT_REST)
    holds_for(there.aws, "r1")
