"""Whole deployments: what they change, what they say, and what they leave alone."""

from __future__ import annotations

import pytest

from appdp.engine.deploy import Step, advance
from appdp.engine.live import DeploymentStatus
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.environment import StrategyKind
from appdp.model.handoff import history_parameter
from appdp.model.service_state import Progress
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, drive, started
from tests.fakes.registry import Behaviour
from tests.unit.engine.invariants import holds_for


def told(deployment: Deployment, service: str = "") -> list[str]:
    return [entry.text for entry in deployment.log if entry.service == service]


def test_a_release_tells_its_story() -> None:
    aws = fake_aws()
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")
    assert told(done) == [
        "going from r1 to r2 with 3 service(s)",
        "the gate opens for api, storefront, all at once",
        "dev runs r2, whole",
    ]
    assert told(done, "api") == [
        "registered shop-dev-api:2, pinned by digest",
        "asked ECS to bring its green up",
        "its green is up and tested; it waits at the gate",
        "traffic moves to its green",
        "all traffic is on its green; its blue stands by",
        "runs r2",
    ]
    assert told(done, "worker")[1:] == ["asked ECS to replace its tasks", "runs r2"]


def test_traffic_moves_at_once_and_workers_start_when_the_gate_opens() -> None:
    aws = fake_aws()
    opened = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.CUTOVER)
    assert [service.progress for service in opened.services if service.shifts] == [Progress.AT_GATE] * 2
    assert aws.service("worker").rollouts[-1].status is DeploymentStatus.SUCCESSFUL  # still the one of r1
    drive(aws, opened)
    at = {shift.service: shift.at for shift in aws.shifts}
    assert at["api"] == at["storefront"] > (opened.gate_opens_at or 0)
    assert at["worker"] >= (opened.gate_opens_at or 0)


def test_no_green_takes_traffic_when_one_of_two_is_broken() -> None:
    aws = fake_aws()
    aws.publish("r3", broken={"api": Behaviour.UNHEALTHY})
    done = deploy(aws, "r3")
    assert done.outcome is Outcome.ROLLED_BACK
    assert aws.shifts == []
    holds_for(aws, "r1")


def test_done_stays_done() -> None:
    aws = fake_aws()
    done = deploy(aws, "r2")
    assert advance(done, aws.ports) == Step(deployment=done, wait_seconds=0)


def test_unchanged_services_are_left_alone() -> None:
    aws = fake_aws()
    aws.publish("r3", same={"api": "r1", "worker": "r1"})
    before = {name: len(aws.service(name).rollouts) for name in aws.images}
    done = deploy(aws, "r3")
    assert done.outcome is Outcome.SUCCEEDED
    assert {name: len(aws.service(name).rollouts) - before[name] for name in aws.images} == {
        "api": 0,
        "storefront": 1,
        "worker": 0,
    }
    assert told(done, "api") == ["already runs r3; left alone"]


def test_nothing_to_do() -> None:
    aws = fake_aws()
    done = deploy(aws, "r1")
    assert done.outcome is Outcome.NOTHING_TO_DO
    assert done.outcome.exit_code == 3
    holds_for(aws, "r1")


def test_a_tag_that_points_elsewhere_is_something_to_do() -> None:
    aws = fake_aws()
    aws.registry.move_tag("", "", "shop/api", digest=str(aws.digest("api", "r2")), tag="env-dev")
    aws.registry.forget("shop/worker", "env-dev")
    done = deploy(aws, "r1")
    assert done.outcome is Outcome.SUCCEEDED
    assert "the environment's tag did not name r1 for api, worker; it does again" in told(done)
    holds_for(aws, "r1")


def test_an_environment_of_workers_needs_no_green() -> None:
    aws = FakeAws({"worker": StrategyKind.ROLLING})
    aws.publish("r1")
    assert deploy(aws, "r1").outcome is Outcome.SUCCEEDED
    aws.publish("r2")
    done = deploy(aws, "r2", id="d2")
    assert "no service waits at the gate; going on" in told(done)
    holds_for(aws, "r2")


def test_canary_and_linear_wait_at_the_same_gate() -> None:
    aws = FakeAws({"api": StrategyKind.CANARY, "storefront": StrategyKind.LINEAR})
    aws.publish("r1")
    assert deploy(aws, "r1").outcome is Outcome.SUCCEEDED
    holds_for(aws, "r1")


def test_many_services_start_in_batches_and_are_watched_in_turns() -> None:
    aws = FakeAws({f"s{number:02}": StrategyKind.BLUE_GREEN for number in range(23)})
    aws.publish("r1")
    assert deploy(aws, "r1").outcome is Outcome.SUCCEEDED
    aws.publish("r2", broken={"s17": Behaviour.EXITS})
    done = deploy(aws, "r2", id="d2")
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.failure is not None
    assert done.failure.service == "s17"
    holds_for(aws, "r1")


def test_the_first_release_comes_up_from_zero_with_cloudformations_own_revision() -> None:
    aws = fake_aws(release=None)
    done = deploy(aws, "r1")
    assert done.outcome is Outcome.SUCCEEDED
    assert aws.definitions.registered == []
    for name in aws.images:
        assert aws.service(name).task_definition == aws.manifest(name).task_definition
        assert [count for _, count in aws.service(name).count_writes] == [2]
    holds_for(aws, "r1")


def test_a_service_that_is_up_before_the_first_release_keeps_its_count() -> None:
    aws = fake_aws(release=None)
    aws.service("api").desired_count = 1
    done = deploy(aws, "r1")
    assert done.outcome is Outcome.SUCCEEDED
    assert aws.service("api").desired_count == 1
    assert aws.service("api").count_writes == []


def test_a_failed_first_release_goes_back_to_zero_and_may_be_tried_again() -> None:
    aws = fake_aws(release=None)
    aws.publish("bad", broken={"api": Behaviour.CANNOT_BE_PULLED})
    done = deploy(aws, "bad")
    assert done.outcome is Outcome.ROLLED_BACK
    assert "dev runs nothing, as before the first release, whole" in told(done)
    holds_for(aws, None)
    assert deploy(aws, "r1", id="d2").outcome is Outcome.SUCCEEDED
    holds_for(aws, "r1")


def test_later_releases_never_write_a_count() -> None:
    aws = fake_aws()
    aws.service("api").desired_count = 7
    deploy(aws, "r2")
    assert [aws.service(name).count_writes for name in aws.images] == [[], [], []]
    assert aws.service("api").desired_count == 7


@pytest.mark.parametrize(("release", "text"), [("r1", "going back from r2 to r1"), (None, "going back from r2 to r1")])
def test_a_rollback_to_a_named_and_to_the_last_good_release(release: str | None, text: str) -> None:
    aws = fake_aws()
    deploy(aws, "r2")
    done = deploy(aws, release, id="d2", rollback=True)
    assert done.outcome is Outcome.SUCCEEDED
    assert done.release == "r1"
    assert told(done)[0].startswith(text)
    holds_for(aws, "r1")


def test_a_service_without_a_gate_hook_is_told_of() -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"storefront": Behaviour.UNHEALTHY})
    aws.service("api").hook = False
    done = deploy(aws, "bad")
    assert done.outcome is Outcome.ROLLED_BACK
    assert any("although the gate is shut: the service has no gate hook" in text for text in told(done, "api"))


def test_the_end_is_told_to_others() -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"api": Behaviour.EXITS})
    deploy(aws, "bad")
    kind, detail = aws.events.sent[-1]
    assert kind == "Deployment Ended"
    assert detail["outcome"] == "rolled_back"
    assert detail["previous"] == "r1"
    assert "exited with code 1" in detail["reason"]
    assert len(aws.events.sent) == 1


def test_a_release_that_cannot_be_is_refused_and_leaves_no_lock() -> None:
    aws = fake_aws()
    aws.publish("half", only=("api",))
    before = dict(aws.parameters.values)
    for release in ("half", "unknown"):
        done = deploy(aws, release)
        assert done.outcome is Outcome.REFUSED
        assert done.outcome.exit_code == 8
        assert done.failure is not None
        assert f"'{release}'" in done.failure.text()
    history = history_parameter(APPLICATION, ENVIRONMENT)
    assert {name: value for name, value in aws.parameters.values.items() if name != history} == before


def test_an_environment_that_is_not_there_is_refused() -> None:
    aws = fake_aws()
    for name in [name for name in aws.parameters.values if name.endswith("/deployer")]:
        aws.parameters.delete(name)
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.REFUSED
    assert done.failure is not None
    assert "There is no environment yet." in done.failure.summary
