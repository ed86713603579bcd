"""Somebody asks that a deployment goes back. The crash tests have a story of it, too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appdp.engine.deploy import ask_to_stop
from appdp.errors import ConfigurationError
from appdp.model.deployment import Outcome, Phase
from appdp.model.handoff import stop_parameter
from appdp.model.stop_request import REASON_LIMIT, StopRequest
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import drive, started
from tests.unit.engine.invariants import holds_for

STOP = stop_parameter(APPLICATION, ENVIRONMENT)


def ask(aws: FakeAws, deployment: str = "d1") -> None:
    ask_to_stop(APPLICATION, ENVIRONMENT, StopRequest(deployment=deployment, by="arn:bob", reason="typo"), aws.ports)


@pytest.mark.parametrize("phase", [Phase.GREEN, Phase.GATE, Phase.CUTOVER, Phase.BAKE])
def test_it_goes_back_from_every_phase_that_changes_something(phase: Phase) -> None:
    aws = fake_aws()
    deployment = drive(aws, started(aws, "r2"), until=lambda state: state.phase is phase)
    ask(aws)
    done = drive(aws, deployment)
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.failure is not None
    assert done.failure.summary == "stopped by arn:bob: typo"
    holds_for(aws, "r1")


def test_before_anything_changed_it_is_refused() -> None:
    aws = fake_aws()
    ask(aws)
    done = drive(aws, started(aws, "r2"))
    assert (done.outcome, done.failure and done.failure.summary) == (Outcome.REFUSED, "stopped by arn:bob: typo")
    # It never had the lock, so what others asked for is not its to delete.
    assert STOP in aws.parameters.values


def test_what_is_recorded_stays() -> None:
    aws = fake_aws()
    deployment = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.RECORD)
    ask(aws)
    assert drive(aws, deployment).outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


def test_a_request_for_another_deployment_is_not_heeded_and_goes() -> None:
    aws = fake_aws()
    ask(aws, "d0")
    assert drive(aws, started(aws, "r2")).outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


@pytest.mark.parametrize("text", ["", "d1", "[]", "{}", '{"deployment":"d1"}', '{"deployment":"d1","by":"\\n"'])
def test_what_is_no_request_is_not_heeded(text: str) -> None:
    assert StopRequest.from_json(text) is None
    aws = fake_aws()
    aws.parameters.put(STOP, text)
    assert drive(aws, started(aws, "r2")).outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


@given(st.text(max_size=REASON_LIMIT).filter(str.isprintable) | st.just("a {{{b}}} c"))
def test_any_reason_is_read_back_as_it_was_written(reason: str) -> None:
    request = StopRequest(deployment="d1", by="arn:bob", reason=reason)
    text = request.to_json()
    assert "{{" not in text
    assert StopRequest.from_json(text) == request


def test_a_request_without_a_reason() -> None:
    assert StopRequest(deployment="d1", by="arn:bob").text() == "stopped by arn:bob"
    with pytest.raises(ConfigurationError, match="has 501 characters"):
        StopRequest(deployment="d1", by="arn:bob", reason="x" * 501)
