"""A service that CodeDeploy deploys, in one environment with others that ECS deploys itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.engine.deploy import advance, ask_to_stop, plan
from appdp.errors import Refused, RemoteError
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.gate import Gate
from appdp.model.handoff import gate_parameter
from appdp.model.service_state import Progress
from appdp.model.stop_request import StopRequest
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, SHOP_WITH_CODEDEPLOY, FakeAws
from tests.fakes.codedeploy import group_name
from tests.fakes.driver import deploy, drive, request, started
from tests.fakes.registry import Behaviour
from tests.unit.engine.invariants import holds_for


@pytest.fixture
def aws() -> FakeAws:
    return fake_aws(services=SHOP_WITH_CODEDEPLOY)


def test_it_takes_traffic_in_the_same_moment_as_the_others(aws: FakeAws) -> None:
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    holds_for(aws, "r2")
    shifted = {shift.service: shift.at for shift in aws.shifts if shift.gated}
    assert set(shifted) == {"api", "storefront"}
    assert abs(shifted["api"] - shifted["storefront"]) <= 1


def test_it_waits_while_another_green_comes_up(aws: FakeAws) -> None:
    aws.publish("bad", broken={"storefront": Behaviour.NEVER_STARTS})
    waiting = drive(aws, started(aws, "bad"), until=lambda state: at_gate(state, "api"))
    aws.clock.sleep(600)
    assert waiting.phase is Phase.GREEN
    assert not aws.shifts


def at_gate(state: Deployment, name: str) -> bool:
    return bool(state.services) and state.service(name).progress is Progress.AT_GATE


def test_the_gate_is_opened_for_it_only_when_its_time_has_come(aws: FakeAws) -> None:
    deploy(aws, "r2")
    shift = next(shift for shift in aws.shifts if shift.service == "api")
    opens_at = Gate.from_json(shift.gate or "").opens_at
    assert opens_at is not None
    assert shift.at >= opens_at


def test_a_green_that_exits_is_stopped_and_explained(aws: FakeAws) -> None:
    aws.publish("bad", broken={"api": Behaviour.EXITS})
    done = deploy(aws, "bad")
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.failure is not None
    assert done.failure.service == "api"
    assert done.failure.tasks[0].exit_code == 1
    assert not aws.shifts
    holds_for(aws, "r1")


def test_one_that_is_finished_gets_its_previous_revision_again(aws: FakeAws) -> None:
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    aws.service("worker").breaker = False
    aws.service("api").bake_seconds = 0
    done = deploy(aws, "bad")
    assert done.outcome is Outcome.ROLLED_BACK, done.failure
    holds_for(aws, "r1")
    assert [one.target.task_definition for one in aws.service("api").rollouts[-2:]] == [
        done.service("api").task_definition,
        done.service("api").previous_task_definition,
    ]


def test_it_goes_back_when_somebody_stops_the_deployment(aws: FakeAws) -> None:
    waiting = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.GATE)
    ask_to_stop(APPLICATION, ENVIRONMENT, StopRequest(deployment="d1", by="arn:bob", reason=""), aws.ports)
    assert drive(aws, waiting).outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")


def test_it_goes_back_when_somebody_stops_it_in_the_console(aws: FakeAws) -> None:
    baking = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.BAKE)
    aws.services.stop(str(baking.service("api").deployment))
    assert drive(aws, baking).outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")


def test_what_somebody_else_started_is_refused(aws: FakeAws) -> None:
    service = aws.service("api")
    aws.services.update(service.cluster, service.arn, task_definition=service.task_definition, group=group_name("api"))
    service.rollouts[-1].by_appdp = False
    with pytest.raises(Refused, match="aws deploy stop-deployment --auto-rollback-enabled --deployment-id d-API"):
        plan(request("r2"), aws.ports)


def test_a_stack_that_names_no_group_is_refused(aws: FakeAws) -> None:
    aws.write_manifest(replace(aws.manifest("api"), deployment_group=None))
    with pytest.raises(Refused, match="its stack names no deployment group"):
        plan(request("r2"), aws.ports)


def test_another_controller_is_refused(aws: FakeAws) -> None:
    aws.service("api").controller = "EXTERNAL"
    with pytest.raises(Refused, match="controller EXTERNAL; only ECS and CODE_DEPLOY work"):
        plan(request("r2"), aws.ports)


def test_a_group_that_is_busy_is_asked_again(aws: FakeAws) -> None:
    """The engine dies after CreateDeployment; CodeDeploy lists that late, and refuses to create another one."""
    aws.service("api").list_lag_seconds = 4
    before = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.GREEN and registered(state))
    advance(before, aws.ports)
    with pytest.raises(RemoteError, match="already has an active deployment"):
        advance(before, aws.ports)
    aws.clock.sleep(5)
    done = drive(aws, before)
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    assert len([one for one in aws.service("api").rollouts if one.created_at >= done.started_at]) == 1


def registered(state: Deployment) -> bool:
    return all(service.progress is Progress.REGISTERED for service in state.services)


def test_the_live_service_says_who_deploys_it(aws: FakeAws) -> None:
    """Its stack still names the group, but the controller was changed in place."""
    aws.service("api").controller = "ECS"
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    assert done.service("api").group is None
    assert gate_parameter(APPLICATION, ENVIRONMENT) not in aws.parameters.values
    holds_for(aws, "r2")
