"""What goes wrong in each phase, and what the failure text says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appdp.engine.deploy import advance
from appdp.engine.live import DeploymentStatus
from appdp.errors import CredentialsError, RemoteError, Throttled
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.handoff import deployer_parameter, release_parameter, service_parameter
from appdp.model.service_state import Progress
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, drive, started
from tests.fakes.interruptions import Interruptions
from tests.fakes.registry import Behaviour
from tests.unit.engine.invariants import holds_for, nothing_left

DENIED = RemoteError("not authorised to do this", code="AccessDeniedException")


def failing(
    aws: FakeAws, call: str, error: Exception = DENIED, *, times: int = 10**6
) -> Callable[[Deployment], Deployment]:
    """Drive a deployment while one port call answers with an error."""
    left = [times]

    def fail(number: int, name: str) -> None:
        if name == call and left[0] > 0:
            left[0] -= 1
            raise error

    return lambda deployment: drive(aws, deployment, ports=Interruptions(before=fail).around(aws.ports))


def at(aws: FakeAws, phase: Phase, release: str = "r2") -> Deployment:
    return drive(aws, started(aws, release), until=lambda state: state.phase is phase)


def text(deployment: Deployment) -> str:
    assert deployment.failure is not None
    return deployment.failure.text()


def test_a_green_that_exits_names_task_reason_exit_code_and_log() -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"api": Behaviour.EXITS})
    done = deploy(aws, "bad")
    said = text(done)
    assert said.startswith("api: ")
    assert "of its new tasks stopped and none is healthy" in said
    assert "Essential container in task exited" in said
    assert "container api exited with code 1" in said
    assert "no such table: carts" in said
    assert done.failure is not None
    assert 1 <= len(done.failure.tasks) <= 3
    assert done.log[-1].at - done.started_at < 60


def test_a_green_that_is_unhealthy_names_the_answer_of_its_health_check() -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"storefront": Behaviour.UNHEALTHY})
    said = text(deploy(aws, "bad"))
    assert "Task failed ELB health checks" in said
    assert ":80 unhealthy: Health checks failed with these codes: [503]" in said


def test_a_green_that_cannot_be_pulled_says_why() -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"api": Behaviour.CANNOT_BE_PULLED})
    assert "Task failed to start (CannotPullContainerError: not found)" in text(deploy(aws, "bad"))


def test_a_green_that_never_starts_is_given_up_after_half_an_hour() -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"api": Behaviour.NEVER_STARTS})
    done = deploy(aws, "bad")
    assert "its new tasks did not come up within 30 minutes" in text(done)
    assert "it is PENDING and not healthy" in text(done)
    assert 1800 <= done.log[-1].at - done.started_at < 2100
    holds_for(aws, "r1")


@pytest.mark.parametrize("breaker", [True, False], ids=["ECS's breaker", "our watchdog"])
def test_a_broken_worker_sends_the_web_services_back(breaker: bool) -> None:
    aws = fake_aws()
    aws.service("worker").breaker = breaker
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    done = deploy(aws, "bad")
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.failure is not None
    assert done.failure.service == "worker"
    assert "container worker exited with code 1" in text(done)
    assert {shift.service for shift in aws.shifts if not shift.back} == {"api", "storefront", "worker"}
    assert {shift.service for shift in aws.shifts if shift.back} == {"api", "storefront", "worker"}
    holds_for(aws, "r1")


def test_an_alarm_while_baking_sends_everything_back() -> None:
    aws = fake_aws()
    baking = at(aws, Phase.BAKE)
    rollout = aws.service("api").rollouts[-1]
    rollout.status, rollout.reason = DeploymentStatus.ROLLBACK_IN_PROGRESS, "alarm shop-5xx"
    done = drive(aws, baking)
    assert text(done) == "api: ECS gave up on it: alarm shop-5xx"
    assert done.outcome is Outcome.ROLLED_BACK


def test_a_service_deployment_that_was_stopped_counts_as_failed() -> None:
    aws = fake_aws()
    green = drive(
        aws,
        started(aws, "r2"),
        until=lambda state: bool(state.services) and state.service("api").progress is Progress.AT_GATE,
    )
    rollout = aws.service("api").rollouts[-1]
    rollout.status = DeploymentStatus.STOPPED
    done = drive(aws, green)
    assert "its service deployment ended as STOPPED" in text(done)
    assert done.outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")


def test_a_revision_that_ecs_refuses_changes_nothing() -> None:
    aws = fake_aws()
    done = failing(aws, "task_definitions.register")(started(aws, "r2"))
    assert text(done) == "api: its task definition could not be registered: not authorised to do this"
    assert done.outcome is Outcome.ROLLED_BACK
    assert [len(aws.service(name).rollouts) for name in aws.images] == [1, 1, 1]
    holds_for(aws, "r1")


def test_an_update_that_ecs_refuses_sends_the_others_back() -> None:
    aws = fake_aws()
    calls = []

    def second(number: int, name: str) -> None:
        if name == "services.update":
            calls.append(number)
            if len(calls) == 2:
                raise DENIED

    done = drive(aws, started(aws, "r2"), ports=Interruptions(before=second).around(aws.ports))
    assert text(done) == "storefront: it could not start: not authorised to do this"
    assert done.outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")


@pytest.mark.parametrize("phase", [Phase.GREEN, Phase.GATE, Phase.CUTOVER, Phase.BAKE])
def test_an_error_that_does_not_pass_sends_everything_back(phase: Phase) -> None:
    aws = fake_aws()
    done = failing(aws, "services.deployments", times=1)(at(aws, phase))
    assert done.outcome is Outcome.ROLLED_BACK
    assert text(done) == "not authorised to do this"
    holds_for(aws, "r1")


def test_an_error_that_does_not_pass_while_preparing_refuses() -> None:
    aws = fake_aws()
    done = failing(aws, "services.describe")(started(aws, "r2"))
    assert done.outcome is Outcome.REFUSED
    assert nothing_left(aws) == []


def test_a_record_that_cannot_be_written_needs_a_human_and_is_healed_by_another_deploy() -> None:
    aws = fake_aws()
    done = failing(aws, "registry.move_tag")(at(aws, Phase.RECORD))
    assert done.outcome is Outcome.FAILED
    assert "Every service runs r2, but that could not be recorded: not authorised" in text(done)
    assert aws.release == "r1"
    assert deploy(aws, "r2", id="d2").outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


def test_an_event_that_cannot_be_sent_fails_nothing() -> None:
    aws = fake_aws()
    done = failing(aws, "events.put")(started(aws, "r2"))
    assert done.outcome is Outcome.SUCCEEDED
    assert done.log[-1].text == "the event could not be sent: not authorised to do this"


def test_a_lock_that_cannot_be_deleted_fails_nothing() -> None:
    aws = fake_aws()
    done = failing(aws, "parameters.delete")(started(aws, "r2"))
    assert done.outcome is Outcome.SUCCEEDED
    assert "the lock could not be deleted" in done.log[-1].text


@pytest.mark.parametrize(
    "error",
    [
        Throttled("slow down", code="ThrottlingException"),
        CredentialsError("expired", code="ExpiredTokenException"),
        RemoteError("no answer"),
        RemoteError("oops", code="ServerException"),
    ],
)
@pytest.mark.parametrize(
    "call", ["parameters.create", "task_definitions.register", "services.update", "services.deployments", "events.put"]
)
def test_errors_that_pass_leave_the_state_as_it_is(error: RemoteError, call: str) -> None:
    aws = fake_aws()
    with pytest.raises(RemoteError) as raised:
        failing(aws, call, error, times=1)(started(aws, "r2"))
    assert raised.value is error


def test_errors_that_pass_on_the_way_back_leave_the_state_as_it_is() -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"api": Behaviour.EXITS})
    returning = at(aws, Phase.RETURN, "bad")
    with pytest.raises(Throttled):
        failing(aws, "services.stop", Throttled("slow down"), times=1)(returning)
    assert drive(aws, returning).outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize("call", ["logs.tail", "task_definitions.read", "tasks.of_service"])
def test_reasons_that_cannot_be_read_are_no_reason_to_stop(call: str) -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    cutover = at(aws, Phase.CUTOVER, "bad")
    aws.clock.sleep(8)
    worker = drive(aws, cutover, until=lambda state: state.service("worker").progress is Progress.STARTING)
    aws.clock.sleep(10)
    done = failing(aws, call)(worker)
    assert done.outcome is Outcome.ROLLED_BACK
    assert "circuit breaker" in text(done)
    if call == "logs.tail":
        assert "(the log could not be read: not authorised to do this)" in text(done)


def test_ecs_that_starts_no_deployment_is_given_up() -> None:
    aws = fake_aws()
    for service in aws.services.services.values():
        service.list_lag_seconds = 10_000
    done = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.RETURN)
    assert "ECS started no service deployment within 300 s" in text(done)


def test_somebody_elses_deployment_in_the_middle_stops_ours() -> None:
    aws = fake_aws()
    registered = drive(aws, started(aws, "r2"), until=all_registered)
    service = aws.service("api")
    other = aws.definitions.add({**aws.definitions.read(service.task_definition), "cpu": "512"})
    aws.services.update(service.cluster, service.arn, task_definition=other)
    aws.clock.sleep(3)
    done = drive(aws, registered)
    assert "it could not start: somebody else started" in text(done)
    assert done.outcome is Outcome.ROLLED_BACK
    assert any("which somebody else deployed meanwhile" in entry.text for entry in done.log)
    assert service.task_definition == other


def test_a_service_that_somebody_changed_while_others_baked_fails_the_release() -> None:
    aws = fake_aws()
    baking = api_done_while_storefront_bakes(aws)
    service = aws.service("api")
    aws.services.update(service.cluster, service.arn, task_definition=aws.manifest("api").task_definition)
    done = drive(aws, baking)
    assert "was pointed at" in text(done)
    assert done.outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")


def test_a_service_that_was_deleted_before_it_started_fails_the_release() -> None:
    aws = fake_aws()
    registered = drive(aws, started(aws, "r2"), until=all_registered)
    del aws.services.services[aws.service("api").arn]
    done = drive(aws, registered)
    assert "it could not start: Service arn:aws:ecs" in text(done)
    assert any("there is nothing to go back to" in entry.text for entry in done.log)
    assert done.outcome is Outcome.ROLLED_BACK


def test_a_service_that_was_deleted_while_others_baked_fails_the_release() -> None:
    aws = fake_aws()
    baking = api_done_while_storefront_bakes(aws)
    del aws.services.services[aws.service("api").arn]
    done = drive(aws, baking)
    assert "the service was deleted by somebody else" in text(done)
    assert done.outcome is Outcome.ROLLED_BACK


def all_registered(deployment: Deployment) -> bool:
    return bool(deployment.services) and deployment.services[-1].progress is Progress.REGISTERED


def api_done_while_storefront_bakes(aws: FakeAws) -> Deployment:
    aws.service("api").bake_seconds = 0
    aws.service("storefront").bake_seconds = 120
    return drive(aws, at(aws, Phase.BAKE), until=lambda state: state.service("api").progress is Progress.SUCCEEDED)


def test_manifests_that_change_meanwhile() -> None:
    aws = fake_aws()
    green = at(aws, Phase.GREEN)
    name = service_parameter(APPLICATION, ENVIRONMENT, "api")
    kept = aws.parameters.values[name]
    aws.parameters.delete(name)
    assert "The manifest of service 'api' was deleted meanwhile" in text(drive(aws, green))
    aws.parameters.put(name, kept.replace('"containers":{"api":"api"}', '"containers":{"api":"brand-new"}'))
    assert "now asks for brand-new, which 'r2' was not resolved for" in text(drive(aws, green))


def test_a_deployer_that_is_deleted_meanwhile_sends_everything_back() -> None:
    aws = fake_aws()
    green = at(aws, Phase.GREEN)
    aws.parameters.delete(deployer_parameter(APPLICATION, ENVIRONMENT))
    done = drive(aws, green)
    assert done.outcome is Outcome.ROLLED_BACK
    assert "environment" in text(done)


def test_an_image_that_the_deployer_dropped_meanwhile_is_not_tagged() -> None:
    aws = fake_aws()
    recording = at(aws, Phase.RECORD)
    recording.digests["gone"] = "sha256:0"  # type: ignore[index]  # resolved by then
    assert advance(recording, aws.ports).deployment.outcome is Outcome.SUCCEEDED


def test_a_green_that_comes_up_again_at_the_gate_shuts_nobody_in() -> None:
    aws = fake_aws()
    gate = at(aws, Phase.GATE)
    aws.service("api").rollouts[-1].stage = "SCALE_UP"
    back = advance(gate, aws.ports).deployment
    assert back.phase is Phase.GREEN
    assert any(entry.text == "its green comes up again" for entry in back.log)
    assert drive(aws, back).outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


def test_a_green_that_fails_at_the_gate_opens_it_for_nobody() -> None:
    aws = fake_aws()
    gate = at(aws, Phase.GATE)
    aws.service("api").rollouts[-1].status = DeploymentStatus.ROLLBACK_REQUESTED
    assert drive(aws, gate).outcome is Outcome.ROLLED_BACK
    assert aws.shifts == []
    holds_for(aws, "r1")


def test_where_the_recorded_release_never_ran_the_way_back_leads_to_what_ran() -> None:
    aws = fake_aws()
    aws.parameters.put(release_parameter(APPLICATION, ENVIRONMENT), "r2")  # somebody wrote it by hand
    preparing = drive(aws, started(aws, "r1"), until=lambda state: bool(state.services))
    assert preparing.service("api").previous_task_definition == aws.service("api").task_definition
