"""A hold: greens wait for a human, and what the human says, or does not say, decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.engine.deploy import advance, ask_to_stop, find_decision, find_hold, leave, plan, waiting
from appdp.engine.deploy.hold import on_hold as enter_hold
from appdp.engine.live import DeploymentStatus
from appdp.errors import Refused, RemoteError, Throttled
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.handoff import approval_parameter, hold_parameter, service_parameter
from appdp.model.hold import Approval, Decision, HoldNotice
from appdp.model.service_state import Progress
from appdp.model.stop_request import StopRequest
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, drive, request, started
from tests.fakes.human import BOSS, asks, decides
from tests.fakes.interruptions import Interruptions
from tests.fakes.registry import Behaviour
from tests.unit.engine.invariants import holds_for

APPROVAL = approval_parameter(APPLICATION, ENVIRONMENT)
HOLD = hold_parameter(APPLICATION, ENVIRONMENT)


def standing(expires_seconds: int = 3600) -> FakeAws:
    """An environment that asks for an approval."""
    aws = fake_aws()
    asks(aws, expires_seconds=expires_seconds)
    return aws


def on_hold(aws: FakeAws, *, hold: bool = False, rollback: bool = False, release: str = "r2") -> Deployment:
    """A deployment whose hold was announced."""
    deployment = started(aws, release, hold=hold, rollback=rollback)
    held = drive(aws, deployment, until=lambda state: state.hold is not None and state.hold.announced)
    assert held.phase is Phase.HOLD
    return held


def lines(deployment: Deployment) -> list[str]:
    return [entry.text for entry in deployment.log]


def test_an_approval_lets_all_greens_take_traffic() -> None:
    aws = standing()
    held = on_hold(aws)
    aws.clock.sleep(600)
    assert aws.shifts == []
    assert {service.progress for service in held.services if service.shifts} == {Progress.AT_GATE}
    decides(aws, Decision.APPROVED, reason="looks good")
    done = drive(aws, held)
    assert done.outcome is Outcome.SUCCEEDED
    assert f"approved by {BOSS}: looks good" in lines(done)
    assert done.hold is not None
    assert (done.hold.decision, done.hold.by, done.hold.reason) == (Decision.APPROVED, BOSS, "looks good")
    holds_for(aws, "r2")


def test_a_rejection_sends_everything_back_before_any_traffic() -> None:
    aws = standing()
    held = on_hold(aws)
    decides(aws, Decision.REJECTED, reason="prices are wrong")
    done = drive(aws, held)
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.failure is not None
    assert done.failure.summary == f"rejected by {BOSS}: prices are wrong"
    assert aws.shifts == []
    holds_for(aws, "r1")


def test_nobodys_answer_is_a_no() -> None:
    aws = standing(expires_seconds=600)
    held = on_hold(aws)
    done = drive(aws, held)
    assert done.failure is not None
    assert done.failure.summary == "nobody approved it within 10 minutes"
    assert done.hold is not None
    assert done.hold.since is not None
    back = next(entry.at for entry in done.log if entry.text == "going back to where it was")
    assert 600 <= back - done.hold.since <= 630
    holds_for(aws, "r1")


def test_hours_are_told_as_hours() -> None:
    aws = standing(expires_seconds=2 * 3600)
    held = on_hold(aws)
    aws.clock.jump(2 * 3600)
    done = drive(aws, held)
    assert done.failure is not None
    assert done.failure.summary == "nobody approved it within 2 h"


def test_a_decision_that_came_in_time_counts_although_it_is_read_late() -> None:
    aws = standing(expires_seconds=600)
    held = on_hold(aws)
    decides(aws, Decision.APPROVED)
    aws.clock.sleep(700)
    assert drive(aws, held).outcome is Outcome.SUCCEEDED


def test_a_green_that_dies_on_hold_sends_everything_back() -> None:
    aws = fake_aws()
    aws.publish("bad", broken={"api": Behaviour.DIES_LATER})
    done = drive(aws, on_hold(aws, hold=True, release="bad"))
    assert done.failure is not None
    assert done.failure.service == "api"
    assert "exited with code 137" in done.failure.text()
    assert aws.shifts == []
    holds_for(aws, "r1")


def test_a_green_that_ecs_gives_up_on_while_on_hold_sends_everything_back() -> None:
    aws = standing()
    held = on_hold(aws)
    aws.service("api").rollouts[-1].status = DeploymentStatus.ROLLBACK_REQUESTED
    done = drive(aws, held)
    assert done.outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")


def test_a_green_that_comes_up_again_after_the_approval_needs_no_second_one() -> None:
    aws = standing()
    held = on_hold(aws)
    decides(aws, Decision.APPROVED)
    at_gate = drive(aws, held, until=lambda state: state.phase is Phase.GATE)
    # Its service deployment goes back to an earlier stage before the gate opens.
    aws.service("api").rollouts[-1].stage = "SCALE_UP"
    again = drive(aws, at_gate, until=lambda state: state.phase is Phase.GREEN)
    done = drive(aws, again)
    assert done.outcome is Outcome.SUCCEEDED
    assert sum(line.startswith("on hold until") for line in lines(done)) == 1
    holds_for(aws, "r2")


def test_a_stop_while_on_hold_withdraws_the_notice_at_once() -> None:
    aws = standing()
    held = on_hold(aws)
    request = StopRequest(deployment="d1", by="arn:bob", reason="")
    ask_to_stop(APPLICATION, ENVIRONMENT, request, aws.ports)
    back = drive(aws, held, until=lambda state: state.phase is Phase.RETURN)
    assert HOLD not in aws.parameters.values
    assert drive(aws, back).outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")


# ---- who is asked ----------------------------------------------------------------------------------------------------


def test_the_event_and_the_notice_say_what_waits_and_where_to_try_it() -> None:
    aws = standing()
    manifest = replace(aws.manifest("storefront"), test_url="http://test.example.com:9000/")
    aws.parameters.put(service_parameter(APPLICATION, ENVIRONMENT, "storefront"), manifest.to_json())
    held = on_hold(aws)
    ((kind, detail),) = aws.events.sent
    assert kind == "Approval Needed"
    assert held.hold is not None
    assert held.hold.until == (held.hold.since or 0) + 3600
    assert (detail["deployment"], detail["application"], detail["environment"]) == ("d1", "shop", "dev")
    assert (detail["release"], detail["previous"], detail["requestedBy"]) == ("r2", "r1", "arn:me")
    assert detail["testUrls"] == {"storefront": "http://test.example.com:9000/"}
    assert detail["expiresAt"].endswith("+00:00")
    notice = HoldNotice.from_json(aws.parameters.values[HOLD])
    assert notice.test_urls == detail["testUrls"]
    assert (notice.since, notice.until) == (held.hold.since, held.hold.until)


def test_the_last_event_says_who_decided() -> None:
    aws = standing()
    held = on_hold(aws)
    at = aws.clock.now()
    decides(aws, Decision.APPROVED, reason="ok")
    drive(aws, held)
    assert aws.events.sent[-1][1]["approval"] == {"decision": "approved", "by": BOSS, "at": at, "reason": "ok"}


def test_a_deployment_without_a_hold_has_no_approval_in_its_event() -> None:
    aws = fake_aws()
    deploy(aws, "r2")
    assert aws.events.sent[-1][1]["approval"] is None


def test_an_event_that_cannot_be_sent_does_not_stop_the_hold() -> None:
    aws = standing()

    def refuse(number: int, name: str) -> None:
        if name == "events.put":
            raise RemoteError("not authorised", code="AccessDeniedException")

    ports = Interruptions(before=refuse).around(aws.ports)
    held = drive(
        aws, started(aws, "r2"), ports=ports, until=lambda state: state.hold is not None and state.hold.announced
    )
    assert "the event could not be sent: not authorised" in lines(held)
    assert find_hold(APPLICATION, ENVIRONMENT, aws.ports) is not None


def test_an_event_that_may_pass_is_sent_again() -> None:
    aws = standing()
    entered = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.HOLD)

    def slow_down(number: int, name: str) -> None:
        if name == "events.put":
            raise Throttled("slow down", code="ThrottlingException")

    with pytest.raises(Throttled):
        advance(entered, Interruptions(before=slow_down).around(aws.ports))
    assert drive(aws, entered, until=lambda state: bool(aws.events.sent)).phase is Phase.HOLD


def test_who_wrote_a_decision_for_somebody_else_is_recorded_too() -> None:
    aws = standing()
    held = on_hold(aws)
    approval = Approval(deployment="d1", decision=Decision.APPROVED, by="slack:boss", at=aws.clock.now())
    aws.parameters.writer = "arn:chat"
    leave(APPLICATION, ENVIRONMENT, approval, aws.ports)
    done = drive(aws, held)
    assert done.hold is not None
    assert done.hold.by == "slack:boss (written by arn:chat)"


# ---- which deployments hold ------------------------------------------------------------------------------------------


def test_one_deployment_can_ask_for_it() -> None:
    aws = fake_aws()
    held = on_hold(aws, hold=True)
    assert held.hold is not None
    assert held.hold.expires_seconds == 8 * 3600
    decides(aws, Decision.APPROVED)
    assert drive(aws, held).outcome is Outcome.SUCCEEDED


def test_a_way_back_is_not_held_up() -> None:
    aws = fake_aws()
    aws.standing_at("r2")
    asks(aws)
    done = deploy(aws, "r1", rollback=True)
    assert (done.outcome, done.hold) == (Outcome.SUCCEEDED, None)


def test_unless_it_asks_for_it() -> None:
    aws = fake_aws()
    aws.standing_at("r2")
    assert on_hold(aws, hold=True, rollback=True, release="r1").phase is Phase.HOLD


def test_a_release_that_changes_no_service_is_not_held_up() -> None:
    aws = standing()
    aws.publish("r3", same={"api": "r1", "worker": "r1", "storefront": "r1"})
    done = deploy(aws, "r3")
    assert (done.outcome, done.hold) == (Outcome.SUCCEEDED, None)


def test_a_release_of_workers_only_is_held_before_any_is_replaced() -> None:
    aws = standing()
    aws.publish("r3", same={"api": "r1", "storefront": "r1"})
    held = on_hold(aws, release="r3")
    assert held.service("worker").progress is Progress.REGISTERED
    decides(aws, Decision.APPROVED)
    assert drive(aws, held).outcome is Outcome.SUCCEEDED
    holds_for(aws, "r3")


def test_a_first_release_is_held_too() -> None:
    aws = fake_aws(release=None)
    held = on_hold(aws, hold=True, release="r1")
    decides(aws, Decision.REJECTED)
    assert drive(aws, held).outcome is Outcome.ROLLED_BACK
    holds_for(aws, None)


@pytest.mark.parametrize(("same", "asked"), [({}, 3600), ({"api": "r1", "worker": "r1", "storefront": "r1"}, None)])
def test_a_plan_says_whether_somebody_is_asked(same: dict[str, str], asked: int | None) -> None:
    aws = standing()
    aws.publish("r3", same=same)
    assert plan(request("r3"), aws.ports).approval_seconds == asked


def test_a_hold_ends_before_ecs_gives_up_on_the_first_green() -> None:
    aws = standing(expires_seconds=23 * 3600)
    held = on_hold(aws)
    assert held.hold is not None
    came_up = held.with_service(replace(held.service("api"), since=held.service("api").since - 7200))
    asked = enter_hold(replace(came_up, hold=replace(held.hold, since=None)), aws.clock.now())
    assert asked.hold is not None
    assert asked.hold.until == came_up.service("api").since + 24 * 3600 - 1800


# ---- decisions that are none -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"deployment":"d0","decision":"approved","by":"x","at":1}', "removed a decision that was on deployment d0"),
        ("yes please", "removed a decision that could not be read"),
        ("[]", "removed a decision that could not be read"),
        ('{"deployment":"d1","decision":"maybe","by":"x","at":1}', "removed a decision that could not be read"),
    ],
)
def test_what_is_no_decision_on_this_deployment_is_removed(value: str, said: str) -> None:
    aws = standing()
    held = on_hold(aws)
    aws.parameters.put(APPROVAL, value)
    later = drive(aws, held, until=lambda state: said in lines(state))
    assert later.phase is Phase.HOLD
    assert APPROVAL not in aws.parameters.values
    assert decides(aws, Decision.APPROVED)
    assert drive(aws, later).outcome is Outcome.SUCCEEDED


def test_the_first_decision_counts() -> None:
    aws = standing()
    held = on_hold(aws)
    first = Approval(deployment="d1", decision=Decision.REJECTED, by=BOSS, at=aws.clock.now(), reason="no")
    leave(APPLICATION, ENVIRONMENT, first, aws.ports)
    leave(APPLICATION, ENVIRONMENT, first, aws.ports)  # a retry is no second decision
    with pytest.raises(Refused, match=r"was rejected by .*boss at .*: no. The first decision counts"):
        leave(APPLICATION, ENVIRONMENT, replace(first, decision=Decision.APPROVED), aws.ports)
    assert find_decision(APPLICATION, ENVIRONMENT, "d1", aws.ports) == first
    assert drive(aws, held).outcome is Outcome.ROLLED_BACK


def test_a_decision_waits_until_an_earlier_one_is_removed() -> None:
    aws = standing()
    on_hold(aws)
    decides(aws, Decision.APPROVED, "d0")
    approval = Approval(deployment="d1", decision=Decision.APPROVED, by=BOSS, at=1.0)
    with pytest.raises(Refused, match="A decision on an earlier deployment is still there"):
        leave(APPLICATION, ENVIRONMENT, approval, aws.ports)
    assert find_decision(APPLICATION, ENVIRONMENT, "d1", aws.ports) is None


def test_what_waits() -> None:
    aws = standing()
    with pytest.raises(Refused, match=r"Nothing waits for an approval in environment 'dev' of 'shop'"):
        waiting(APPLICATION, ENVIRONMENT, None, aws.ports)
    on_hold(aws)
    assert waiting(APPLICATION, ENVIRONMENT, None, aws.ports).deployment == "d1"
    assert waiting(APPLICATION, ENVIRONMENT, "d1", aws.ports).release == "r2"
    with pytest.raises(Refused, match=r"Deployment d7 is not on hold .* on hold is deployment d1 of release 'r2'"):
        waiting(APPLICATION, ENVIRONMENT, "d7", aws.ports)


def test_what_is_over_or_dead_waits_no_more() -> None:
    aws = standing()
    on_hold(aws)
    aws.clock.jump(3600)
    with pytest.raises(Refused, match=r"The time to approve deployment d1 .* was over at"):
        waiting(APPLICATION, ENVIRONMENT, None, aws.ports)
    aws.owners.running.clear()
    with pytest.raises(Refused, match="but it does not run any more"):
        waiting(APPLICATION, ENVIRONMENT, None, aws.ports)
    assert find_hold(APPLICATION, ENVIRONMENT, aws.ports) is None


def test_without_a_lock_nothing_waits() -> None:
    aws = standing()
    aws.parameters.put(
        HOLD, '{"deployment":"d1","release":"r2","previous":null,"requested_by":"x","since":1,"until":2}'
    )
    assert find_hold(APPLICATION, ENVIRONMENT, aws.ports) is None
