"""A dead owner's lock is taken away once, wherever that is interrupted."""

from __future__ import annotations

import pytest

from appdp.engine.deploy import Process, unlock_dead
from appdp.engine.ports import Ports
from appdp.errors import Locked
from appdp.model.deployment import Outcome, Phase
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, drive, started
from tests.fakes.interruptions import Interruptions, Killed
from tests.unit.engine.invariants import holds_for, nothing_left


def with_a_dead_one() -> FakeAws:
    aws = fake_aws()
    drive(aws, started(aws, "r2", id="dead"), until=lambda state: state.phase is Phase.GATE)
    aws.owners.running.clear()
    return aws


def unlock(aws: FakeAws, ports: Ports | None = None) -> bool:
    process = Process(id="unlock-1", requested_by="arn:bob", sleep=aws.clock.sleep)
    return unlock_dead(APPLICATION, ENVIRONMENT, ports or aws.ports, process)


def test_killed_at_every_call_it_leaves_the_environment_to_the_next_deployment() -> None:
    counting = Interruptions()
    aws = with_a_dead_one()
    assert unlock(aws, counting.around(aws.ports))
    for at in range(1, len(counting.calls) + 1):
        aws = with_a_dead_one()

        def kill(number: int, name: str, at: int = at) -> None:
            if number == at:
                raise Killed(name)

        with pytest.raises(Killed):
            unlock(aws, Interruptions(after=kill).around(aws.ports))
        aws.clock.sleep(200)
        assert deploy(aws, "r2", id="next").outcome is Outcome.SUCCEEDED
        holds_for(aws, "r2")


def test_of_two_that_try_one_gets_it() -> None:
    aws = with_a_dead_one()
    raced: list[str] = []

    def race(number: int, name: str) -> None:
        """Another terminal is faster, when we are about to take over."""
        if name == "parameters.create" and not raced:
            raced.append(name)
            deployment = started(aws, "r1", id="faster")
            drive(aws, deployment, until=lambda state: len(nothing_left(aws)) > 2)

    with pytest.raises(Locked):
        unlock(aws, Interruptions(before=race).around(aws.ports))
    assert raced


def test_there_is_nothing_to_take_away() -> None:
    assert unlock(fake_aws()) is False
