"""A step that is frozen half-way does not go on writing in somebody else's environment."""

from __future__ import annotations

import pytest

from appdp.engine.deploy import advance, begin, passes
from appdp.engine.deploy.fencing import fenced
from appdp.engine.deploy.locking import RECHECK_SECONDS, hold
from appdp.engine.deploy.unlock import ROBBED
from appdp.errors import RemoteError
from appdp.model.deployment import Deployment, Outcome, Owner, Phase
from appdp.model.handoff import history_parameter, lock_parameter
from appdp.model.history import EndedDeployment
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, drive, request, started
from tests.fakes.interruptions import Interruptions
from tests.unit.engine.invariants import holds_for

LOCK = lock_parameter(APPLICATION, ENVIRONMENT)
HISTORY = history_parameter(APPLICATION, ENVIRONMENT)


def process(aws: FakeAws, phase: Phase) -> Deployment:
    """A process's deployment of r2 in that phase."""
    owner = Owner(execution=None, requested_by="arn:me")
    new = begin(request("r2", id="p1"), owner=owner, now=aws.clock.now())
    return drive(aws, new, until=lambda state: state.phase is phase)


def asleep(aws: FakeAws, at: str, seconds: float, *, until: str | None = "next") -> Interruptions:
    """The first call of that name takes very long to begin; meanwhile another deployment comes and ends."""
    slept: list[str] = []

    def sleep(number: int, name: str) -> None:
        if name == at and not slept:
            slept.append(name)
            aws.clock.sleep(seconds)
            if until is not None:
                assert deploy(aws, "r3", id=until).outcome is Outcome.SUCCEEDED

    return Interruptions(before=sleep)


def test_a_process_that_was_asleep_writes_nothing_more() -> None:
    aws = fake_aws()
    aws.publish("r3")
    sleeper = process(aws, Phase.RECORD)
    waking = asleep(aws, "services.describe", 240)  # after the tags have moved, before the release is written
    with pytest.raises(RemoteError, match="does not own the lock any more") as raised:
        advance(sleeper, waking.around(aws.ports))
    assert passes(raised.value)
    since = waking.calls[waking.calls.index("services.describe") :]
    assert not {"parameters.put", "parameters.delete", "registry.move_tag", "services.update"} & set(since)
    holds_for(aws, "r3")
    ended = drive(aws, sleeper)
    assert ended.failure is not None
    assert "Deployment next took over" in ended.failure.summary
    holds_for(aws, "r3")


def test_a_process_that_was_asleep_after_its_record_says_that_the_history_does_not_know_it() -> None:
    aws = fake_aws()
    aws.publish("r3")
    sleeper = process(aws, Phase.UNLOCK)
    aws.clock.sleep(240)
    assert deploy(aws, "r3", id="next").outcome is Outcome.SUCCEEDED
    ended = drive(aws, sleeper)
    assert ended.outcome is Outcome.SUCCEEDED
    assert ended.log[-1].text == ROBBED
    entries = [EndedDeployment.from_json(entry.value) for entry in aws.parameters.history(HISTORY)]
    assert [entry.deployment for entry in entries if entry] == ["next"]
    holds_for(aws, "r3")


def test_an_aborted_execution_writes_nothing_more_though_nobody_has_the_lock_yet() -> None:
    aws = fake_aws()
    sleeper = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.RECORD)

    def aborted(number: int, name: str) -> None:
        if name == "services.describe":
            aws.owners.running.clear()
            aws.clock.sleep(3)

    with pytest.raises(RemoteError, match="was asleep"):
        advance(sleeper, Interruptions(after=aborted).around(aws.ports))
    assert aws.release == "r1"


def test_who_was_asleep_and_still_owns_the_environment_goes_on() -> None:
    aws = fake_aws()
    sleeper = process(aws, Phase.RECORD)
    step = advance(sleeper, asleep(aws, "services.describe", 240, until=None).around(aws.ports))
    assert step.deployment.outcome is Outcome.SUCCEEDED
    drive(aws, step.deployment)
    holds_for(aws, "r2")


def test_a_network_on_which_a_look_takes_too_long_stops_nobody() -> None:
    aws = fake_aws()
    owner = process(aws, Phase.GREEN)
    slow = Interruptions(after=lambda number, name: aws.clock.sleep(RECHECK_SECONDS)).around(aws.ports)
    fenced(owner, slow, aws.clock.now() - RECHECK_SECONDS).events.put("Looked", {})
    assert [sent for sent in aws.events.sent if "Looked" in str(sent)]


@pytest.mark.parametrize("answered", [True, False])
def test_a_renewal_that_was_asleep_itself_brings_no_lock_back_to_life(answered: bool) -> None:
    """It put back the lock that its successor had deleted, and went on as if nothing had been."""
    aws = fake_aws()
    aws.publish("r3")
    sleeper = process(aws, Phase.GREEN)
    aws.clock.sleep(31)
    sleeping = asleep(aws, "parameters.put", 240)

    def lost(number: int, name: str) -> None:
        if name == "parameters.put" and not answered:
            raise RemoteError("no answer")

    ports = Interruptions(after=lost).around(sleeping.around(aws.ports))
    assert hold(sleeper, ports, aws.clock.now()) == "next"
    aws.clock.sleep(1)
    assert deploy(aws, "r2", id="after").outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


def test_a_renewal_without_an_answer_is_tried_again() -> None:
    aws = fake_aws()
    owner = process(aws, Phase.GREEN)
    aws.clock.sleep(31)

    def lost(number: int, name: str) -> None:
        if name == "parameters.put":
            raise RemoteError("no answer")

    with pytest.raises(RemoteError, match="no answer"):
        hold(owner, Interruptions(after=lost).around(aws.ports), aws.clock.now())
    assert hold(owner, aws.ports, aws.clock.now()) is None
