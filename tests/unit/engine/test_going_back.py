"""The way back, from wherever a service stands; and what is said when it leads nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.engine.deploy import advance
from appdp.engine.deploy.going_back import PATIENCE_SECONDS
from appdp.engine.live import DeploymentStatus
from appdp.engine.ports import Ports
from appdp.errors import RemoteError, Throttled
from appdp.model.deployment import Deployment, Failure, Outcome, Phase
from appdp.model.service_state import Progress
from tests.fakes import fake_aws
from tests.fakes.aws import FakeAws
from tests.fakes.driver import drive, started
from tests.fakes.interruptions import Interruptions
from tests.fakes.registry import Behaviour
from tests.unit.engine.invariants import holds_for, nothing_left


def returning(aws: FakeAws, *, after: Phase = Phase.BAKE) -> Deployment:
    """A deployment of r2 that fails when it reaches a phase: api is done by then, storefront still bakes."""
    aws.service("api").bake_seconds = 0
    aws.service("storefront").bake_seconds = 120
    reached = drive(aws, started(aws, "r2"), until=lambda state: state.phase is after)
    reached = drive(aws, reached, until=lambda state: state.service("api").progress is Progress.SUCCEEDED)
    aws.service("storefront").rollouts[-1].status = DeploymentStatus.ROLLBACK_REQUESTED
    return drive(aws, reached, until=lambda state: state.phase is Phase.RETURN)


def end(aws: FakeAws, deployment: Deployment) -> tuple[Outcome | None, str]:
    done = drive(aws, deployment)
    assert nothing_left(aws) == []
    assert done.failure is not None
    return done.outcome, done.failure.text()


def test_what_is_finished_is_deployed_again_with_its_previous_revision() -> None:
    aws = fake_aws()
    done = drive(aws, returning(aws))
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.service("api").return_deployment == aws.service("api").rollouts[-1].arn
    assert len(aws.service("api").rollouts) == 3  # r1, ours, and back
    assert len(aws.service("storefront").rollouts) == 2  # r1 and ours, rolled back by ECS
    holds_for(aws, "r1")


def test_a_rollback_that_ecs_cannot_do_needs_a_human() -> None:
    aws = fake_aws()
    aws.service("storefront").rollback_fails = True
    outcome, said = end(aws, returning(aws))
    assert outcome is Outcome.FAILED
    assert "storefront could not go back: ECS could not roll back" in said
    assert "tasks of the source revision do not start" in said
    assert "deploy a release again; that heals it" in said


def test_a_previous_revision_that_does_not_come_up_either_needs_a_human() -> None:
    aws = fake_aws()
    back = returning(aws)
    aws.registry._behaviours[str(aws.digest("api", "r1"))] = Behaviour.EXITS
    outcome, said = end(aws, back)
    assert outcome is Outcome.FAILED
    assert "api could not go back: its previous revision does not come up either" in said


def test_a_way_back_that_ecs_gives_up_needs_a_human() -> None:
    aws = fake_aws()
    back = drive(aws, returning(aws), until=lambda state: bool(state.service("api").return_deployment))
    back = drive(aws, back, until=lambda state: aws.service("api").rollout is not None)
    aws.service("api").rollouts[-1].status = DeploymentStatus.STOPPED
    outcome, said = end(aws, back)
    assert outcome is Outcome.FAILED
    assert "the deployment of its previous revision" in said
    assert "ended as STOPPED" in said


def test_a_previous_revision_that_is_gone_needs_a_human() -> None:
    aws = fake_aws()
    back = returning(aws)
    del aws.definitions.stored[str(back.service("api").previous_task_definition)]
    outcome, said = end(aws, back)
    assert outcome is Outcome.FAILED
    assert "api could not go back: Unable to find" in said


def test_patience_ends() -> None:
    aws = fake_aws()
    back = returning(aws)
    aws.clock.jump(PATIENCE_SECONDS + 1)
    outcome, said = end(aws, back)
    assert outcome is Outcome.FAILED
    assert "it was not back within 26 hours" in said


def unstoppable(aws: FakeAws, code: str) -> Ports:
    """Ports through which no service deployment can be stopped."""

    def refuse(number: int, name: str) -> None:
        if name == "services.stop":
            raise RemoteError("no", code=code)

    return Interruptions(before=refuse).around(aws.ports)


def test_a_stop_that_comes_too_late_is_followed_by_a_redeploy() -> None:
    aws = fake_aws()
    aws.service("storefront").bake_seconds = 20
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    done = drive(aws, started(aws, "bad"), ports=unstoppable(aws, "ConflictException"))
    assert done.outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")


def test_a_stop_that_is_refused_needs_a_human() -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    done = drive(aws, started(aws, "bad"), ports=unstoppable(aws, "AccessDeniedException"))
    assert done.outcome is Outcome.FAILED
    assert nothing_left(aws) == []


def test_a_lock_that_cannot_be_read_on_the_way_back_needs_a_human() -> None:
    aws = fake_aws()
    back = returning(aws)

    def refuse(number: int, name: str) -> None:
        if number == 1:
            raise RemoteError("not authorised", code="AccessDeniedException")

    for state, said in ((back, "The way back failed"), (replace(back, failure=None), "The way back failed")):
        step = advance(state, Interruptions(before=refuse).around(aws.ports))
        assert step.deployment.outcome is Outcome.FAILED
        assert step.deployment.failure is not None
        assert said in step.deployment.failure.summary


def test_one_that_somebody_else_deploys_meanwhile_is_waited_for_and_left() -> None:
    aws = fake_aws()
    back = returning(aws)
    service = aws.service("api")
    other = aws.definitions.add({**aws.definitions.read(aws.manifest("api").task_definition), "cpu": "512"})
    aws.services.update(service.cluster, service.arn, task_definition=other)
    aws.clock.sleep(2)
    step = advance(back, aws.ports)
    assert "which somebody else started, goes on" in step.deployment.service("api").detail
    done = drive(aws, step.deployment)
    assert done.outcome is Outcome.ROLLED_BACK
    assert service.task_definition == other


def test_one_that_somebody_else_failed_to_deploy_meanwhile_goes_back() -> None:
    aws = fake_aws()
    back = returning(aws)
    service = aws.service("api")
    other = aws.definitions.add({**aws.definitions.read(aws.manifest("api").task_definition), "cpu": "512"})
    aws.services.update(service.cluster, service.arn, task_definition=other)
    aws.clock.sleep(2)
    aws.services.stop(service.rollouts[-1].arn)
    done = drive(aws, back)
    assert done.outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(DeploymentStatus.ROLLBACK_SUCCESSFUL, Outcome.ROLLED_BACK), (DeploymentStatus.SUCCESSFUL, Outcome.FAILED)],
)
def test_a_service_that_was_up_before_a_first_release_that_fails(status: DeploymentStatus, outcome: Outcome) -> None:
    aws = fake_aws(release=None)
    aws.service("api").desired_count = 1
    aws.service("api").bake_seconds = 0 if status is DeploymentStatus.SUCCESSFUL else 500
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    aws.service("worker").breaker = False
    aws.registry._behaviours[str(aws.digest("api", "bad"))] = Behaviour.RUNS
    baking = drive(aws, started(aws, "bad"), until=lambda state: state.phase is Phase.BAKE)
    if status is DeploymentStatus.SUCCESSFUL:
        baking = drive(aws, baking, until=lambda state: state.service("api").progress is Progress.SUCCEEDED)
    else:
        aws.registry.push("shop/api", "env-dev")  # what it ran before could run
        aws.service("api").rollouts[-1].source = aws.services._revision(
            aws.service("api").arn, aws.service("api").task_definition
        )
    done = drive(aws, baking)
    assert done.outcome is outcome, done.failure
    assert aws.service("api").count_writes == []
    if outcome is Outcome.FAILED:
        assert done.failure is not None
        assert "no release that it could go back to" in done.failure.summary


def test_a_redeploy_that_ecs_lists_late_is_not_asked_for_twice() -> None:
    aws = fake_aws()
    back = returning(aws)
    aws.service("api").list_lag_seconds = 20
    done = drive(aws, back)
    assert done.outcome is Outcome.ROLLED_BACK
    assert len(aws.service("api").rollouts) == 3
    holds_for(aws, "r1")


def test_the_watchdog_on_the_way_back_waits_out_errors_that_pass() -> None:
    aws = fake_aws()
    back = drive(aws, returning(aws), until=lambda state: aws.service("api").rollout is not None)
    aws.clock.sleep(2)

    def slow(number: int, name: str) -> None:
        if name == "tasks.of_service":
            raise Throttled("slow down")

    with pytest.raises(Throttled):
        advance(back, Interruptions(before=slow).around(aws.ports))
    assert drive(aws, back).outcome is Outcome.ROLLED_BACK


def test_a_failure_without_a_service_is_told_too() -> None:
    aws = fake_aws()
    aws.service("storefront").rollback_fails = True
    outcome, said = end(aws, replace(returning(aws), failure=None))
    assert outcome is Outcome.FAILED
    assert "storefront could not go back" in said
    assert Failure(service="", summary="x").text() == "x"
