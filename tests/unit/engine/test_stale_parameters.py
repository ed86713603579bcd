"""Parameter Store's reads are a moment behind: whoever owns the environment next reads what was recorded before."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from appdp.engine.deploy import advance
from appdp.engine.deploy.locking import LAG_SECONDS, SETTLE_SECONDS
from appdp.engine.ports import Ports
from appdp.model.deployment import Outcome, Phase
from tests.fakes import fake_aws
from tests.fakes.aws import FakeAws
from tests.fakes.driver import deploy, drive, started
from tests.unit.engine.invariants import holds_for, nothing_left


def behind(aws: FakeAws) -> Ports:
    """Ports that read parameters from a copy that is as far behind as it gets."""
    copy = aws.parameters.behind(LAG_SECONDS)
    changing = {name: getattr(aws.parameters, name) for name in ("create", "put", "delete")}
    reading = {name: getattr(copy, name) for name in ("get", "under", "history")}
    parameters: Any = SimpleNamespace(**changing, **reading)
    return replace(aws.ports, parameters=parameters)


def test_the_next_deployment_reads_what_the_one_before_it_recorded() -> None:
    aws = fake_aws()
    assert deploy(aws, "r2", id="d1").outcome is Outcome.SUCCEEDED
    done = drive(aws, started(aws, "r1", id="d2"), ports=behind(aws))
    assert (done.outcome, done.previous) == (Outcome.SUCCEEDED, "r2")
    holds_for(aws, "r1")


def test_who_takes_over_reads_what_the_dead_one_recorded() -> None:
    aws = fake_aws()
    dead = drive(aws, started(aws, "r2", id="dead"), until=lambda state: state.phase is Phase.RECORD)
    while dead.phase is Phase.RECORD:
        dead = advance(dead, aws.ports).deployment
    aws.owners.running.clear()  # at this very moment
    done = drive(aws, started(aws, "r1", id="d2"), ports=behind(aws))
    assert (done.outcome, done.previous) == (Outcome.SUCCEEDED, "r2")
    holds_for(aws, "r1")


def test_only_after_a_takeover_there_is_a_pause() -> None:
    aws = fake_aws()
    assert advance(started(aws, "r2", id="d1"), aws.ports).wait_seconds == 0
    aws.owners.running.clear()
    assert advance(started(aws, "r2", id="d2"), aws.ports).wait_seconds == SETTLE_SECONDS


def test_who_was_killed_before_it_could_tell_that_it_has_the_lock_pauses() -> None:
    aws = fake_aws()
    advance(started(aws, "r2", id="d1"), aws.ports)
    assert advance(started(aws, "r2", id="d1"), aws.ports).wait_seconds == SETTLE_SECONDS


def test_who_ends_at_once_gives_back_a_lock_that_cannot_be_read_yet() -> None:
    aws = fake_aws()
    aws.clock.sleep(LAG_SECONDS)
    assert drive(aws, started(aws, "r1"), ports=behind(aws)).outcome is Outcome.NOTHING_TO_DO
    assert nothing_left(aws) == []
