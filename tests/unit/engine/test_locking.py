"""One deployment at a time; a dead one is succeeded by exactly one other."""

from __future__ import annotations

import pytest

from appdp.engine.deploy import advance, begin, passes
from appdp.engine.deploy.locking import LAG_SECONDS, acquire, hold
from appdp.errors import Locked, RemoteError
from appdp.model.deployment import Deployment, Outcome, Owner, Phase
from appdp.model.handoff import lock_parameter, takeover_parameter
from appdp.model.lock import Lock
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, drive, execution, request, started
from tests.fakes.interruptions import Interruptions
from tests.unit.engine.invariants import holds_for, nothing_left

LOCK = lock_parameter(APPLICATION, ENVIRONMENT)
PROCESS = Owner(execution=None, requested_by="arn:me")


def marker(dead: str) -> str:
    return takeover_parameter(APPLICATION, ENVIRONMENT, dead)


def lock_of(id: str, *, owner: Owner | None = None, renewed_at: float = 0.0) -> str:
    return Lock(deployment=id, owner=owner or execution(id), renewed_at=renewed_at).to_json()


def process(aws: FakeAws, release: str = "r2", *, id: str = "p1") -> Deployment:
    return begin(request(release, id=id), owner=PROCESS, now=aws.clock.now())


def holder(aws: FakeAws) -> str:
    return Lock.from_json(aws.parameters.values[LOCK]).deployment


def refusal(aws: FakeAws, deployment: Deployment) -> str:
    try:
        acquire(deployment, aws.ports, aws.clock.now())
    except Locked as error:
        return error.message
    return ""


def test_the_second_deployment_is_refused_while_the_first_runs() -> None:
    aws = fake_aws()
    first = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.BAKE)
    second = deploy(aws, "r1", id="d2")
    assert second.outcome is Outcome.REFUSED
    assert second.failure is not None
    assert "locked by deployment d1" in second.failure.summary
    assert holder(aws) == "d1"
    assert aws.events.sent == []  # the second one never owned anything to tell of
    drive(aws, first)
    holds_for(aws, "r2")


def test_a_dead_execution_is_succeeded_and_what_it_left_is_taken_back() -> None:
    aws = fake_aws()
    drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.GATE)
    aws.owners.running.clear()
    aws.publish("r3")
    done = deploy(aws, "r3", id="d2")
    assert done.outcome is Outcome.SUCCEEDED
    assert [entry.text for entry in done.log].count(
        "an earlier deployment died; taking back what it left in progress"
    ) == 1
    holds_for(aws, "r3")


def test_a_process_is_dead_when_its_lease_is_over() -> None:
    aws = fake_aws()
    aws.parameters.put(LOCK, lock_of("p0", owner=PROCESS, renewed_at=aws.clock.now()))
    assert "p0" in refusal(aws, started(aws, "r2"))
    aws.clock.jump(181)
    assert refusal(aws, started(aws, "r2")) == ""
    assert holder(aws) == "d1"


def test_a_process_renews_its_lease_at_most_every_thirty_seconds() -> None:
    aws = fake_aws()
    step = advance(process(aws), aws.ports)
    written = len(aws.parameters.recorded[LOCK])
    advance(step.deployment, aws.ports)
    assert len(aws.parameters.recorded[LOCK]) == written
    aws.clock.jump(30)
    advance(step.deployment, aws.ports)
    assert len(aws.parameters.recorded[LOCK]) == written + 1


def test_only_one_of_two_successors_takes_over() -> None:
    aws = fake_aws()
    aws.parameters.put(LOCK, lock_of("dead"))
    aws.parameters.put(marker("dead"), lock_of("d9"))
    aws.owners.running.add(str(execution("d9").execution))
    assert "locked by deployment d9" in refusal(aws, started(aws, "r2"))
    aws.owners.running.clear()
    aws.parameters.create(marker("d9"), lock_of("d10"))
    assert refusal(aws, started(aws, "r2")) == ""  # d9 and d10 died too: the end of the chain is succeeded
    assert holder(aws) == "d1"


def test_a_successor_that_comes_second_by_a_moment_is_refused() -> None:
    aws = fake_aws()
    aws.parameters.put(LOCK, lock_of("dead"))

    def other_first(number: int, name: str) -> None:
        if name == "parameters.create" and marker("dead") not in aws.parameters.values and number > 1:
            aws.parameters.put(marker("dead"), lock_of("d9"))

    ports = Interruptions(before=other_first).around(aws.ports)
    with pytest.raises(Locked, match="is taking over from dead"):
        acquire(started(aws, "r2"), ports, aws.clock.now())
    assert holder(aws) == "dead"


def test_a_successor_of_a_lock_that_is_gone_meanwhile_starts_over() -> None:
    aws = fake_aws()
    aws.parameters.put(LOCK, lock_of("dead"))

    def other_finished(number: int, name: str) -> None:
        if name == "parameters.create" and number > 1:
            aws.parameters.delete(LOCK)

    ports = Interruptions(after=other_finished).around(aws.ports)
    with pytest.raises(Locked, match="took over from dead at this very moment"):
        acquire(started(aws, "r2"), ports, aws.clock.now())
    assert nothing_left(aws) == []


def test_a_lock_that_vanishes_between_two_looks_is_tried_again_later() -> None:
    aws = fake_aws()
    aws.parameters.put(LOCK, lock_of("d9"))
    ports = Interruptions(after=lambda number, name: aws.parameters.delete(LOCK)).around(aws.ports)
    with pytest.raises(RemoteError, match="cannot be read at this very moment") as raised:
        acquire(started(aws, "r2"), ports, aws.clock.now())
    assert passes(raised.value)
    assert acquire(started(aws, "r2"), aws.ports, aws.clock.now()) == 0
    assert holder(aws) == "d1"


def test_a_deployment_that_seemed_dead_stops_and_touches_nothing() -> None:
    aws = fake_aws()
    slow = drive(aws, process(aws), until=lambda state: state.phase is Phase.GATE)
    aws.clock.jump(200)
    aws.publish("r3")
    successor = drive(aws, started(aws, "r3", id="d2"), until=lambda state: state.phase is Phase.GATE)
    done = drive(aws, slow)
    assert done.outcome is Outcome.FAILED
    assert done.failure is not None
    assert "Deployment d2 took over" in done.failure.summary
    assert drive(aws, successor).outcome is Outcome.SUCCEEDED
    holds_for(aws, "r3")


def test_a_sleeper_that_renewed_a_lock_that_was_taken_over_gives_way() -> None:
    aws = fake_aws()
    slow = drive(aws, process(aws), until=lambda state: state.phase is Phase.GREEN)
    aws.clock.jump(200)
    successor = advance(started(aws, "r2", id="d2"), aws.ports).deployment
    aws.clock.sleep(LAG_SECONDS)
    aws.parameters.put(LOCK, lock_of("p1", owner=PROCESS, renewed_at=aws.clock.now()))  # the late renewal
    assert hold(slow, aws.ports, aws.clock.now()) == "d2"
    assert hold(successor, aws.ports, aws.clock.now()) is None
    assert holder(aws) == "d2"
    assert drive(aws, successor).outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


def test_a_lock_that_somebody_deleted_is_taken_again_by_whoever_is_first() -> None:
    aws = fake_aws()
    one = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.GREEN)
    aws.clock.sleep(LAG_SECONDS)
    aws.parameters.delete(LOCK)
    assert hold(one, aws.ports, aws.clock.now()) is None
    assert holder(aws) == "d1"


@pytest.mark.parametrize(("who", "answer"), [("d9", "d9"), ("d1", None)])
def test_a_lock_that_somebody_deleted_and_another_took_is_lost(who: str, answer: str | None) -> None:
    aws = fake_aws()
    one = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.GREEN)
    aws.clock.sleep(LAG_SECONDS)
    aws.parameters.delete(LOCK)

    def other_first(number: int, name: str) -> None:
        if name == "parameters.create":
            aws.parameters.put(LOCK, lock_of(who))

    assert hold(one, Interruptions(before=other_first).around(aws.ports), aws.clock.now()) == answer


def test_a_deployment_in_prepare_that_was_taken_over_is_refused() -> None:
    aws = fake_aws()
    first = started(aws, "r2")
    acquire(first, aws.ports, aws.clock.now())
    aws.parameters.put(marker("d1"), lock_of("d2"))
    aws.owners.running.add(str(execution("d2").execution))
    assert "locked by deployment d2" in refusal(aws, first)


def test_a_sleeper_does_not_take_over_from_its_own_successor() -> None:
    """It did: the markers of the two led to each other, and every deployment after them was refused."""
    aws = fake_aws()
    sleeper = advance(process(aws), aws.ports).deployment
    aws.clock.sleep(200)
    advance(started(aws, "r2", id="d2"), aws.ports)
    aws.owners.running.clear()
    done = drive(aws, sleeper)
    assert done.outcome is Outcome.REFUSED
    assert done.failure is not None
    assert "d2 took over from this one" in done.failure.summary
    assert deploy(aws, "r2", id="d3").outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


def test_unlocking_leaves_what_belongs_to_others() -> None:
    aws = fake_aws()
    refused = drive(aws, started(aws, "nope"), until=lambda state: state.phase is Phase.UNLOCK)
    aws.clock.sleep(LAG_SECONDS)
    aws.parameters.put(LOCK, lock_of("d9"))
    aws.parameters.put(marker("x"), lock_of("d9"))
    aws.parameters.put(marker("y"), lock_of("d1"))
    drive(aws, refused)
    assert holder(aws) == "d9"
    assert marker("x") in aws.parameters.values
    assert marker("y") not in aws.parameters.values


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.NOTHING_TO_DO])
def test_a_process_that_wakes_up_after_its_successor_has_ended_does_nothing_more(outcome: Outcome) -> None:
    """Its lock is gone then. It took it again, and went on with what it knew of another time."""
    aws = fake_aws()
    owner = Owner(execution=None, requested_by="arn:me")
    sleeping = begin(request("r2", id="slept"), owner=owner, now=aws.clock.now())
    sleeping = drive(aws, sleeping, until=lambda state: state.phase is Phase.GREEN)
    aws.clock.jump(400)
    aws.publish("r3")
    assert deploy(aws, "r3" if outcome is Outcome.SUCCEEDED else "r1", id="next").outcome is outcome
    stopped = drive(aws, sleeping)
    assert stopped.outcome is Outcome.FAILED
    assert stopped.failure is not None
    assert ("next" if outcome is Outcome.SUCCEEDED else "(ended already)") in stopped.failure.summary
    holds_for(aws, "r3" if outcome is Outcome.SUCCEEDED else "r1")
