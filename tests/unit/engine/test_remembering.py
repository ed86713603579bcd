"""How deployments ended stays known. The crash tests say that each is remembered once."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appdp.errors import RemoteError, Throttled
from appdp.model.deployment import Outcome
from appdp.model.handoff import history_parameter, lock_parameter
from appdp.model.history import VALUE_LIMIT, EndedDeployment
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, drive, started
from tests.unit.engine.invariants import assert_remembered, holds_for

NAME: Final = history_parameter(APPLICATION, ENVIRONMENT)

ENDED: Final = EndedDeployment(
    deployment="d1",
    release="r2",
    previous="r1",
    rollback=False,
    outcome=Outcome.FAILED,
    requested_by="arn:me",
    direct=False,
    started_at=1.5,
    ended_at=2.5,
    services=3,
)


def test_every_ending_is_remembered_but_one_with_nothing_to_do() -> None:
    aws = fake_aws()
    for number, release in enumerate(("r2", "r2", "unknown", "r1")):
        done = deploy(aws, release, id=f"d{number}")
        if done.outcome is not Outcome.NOTHING_TO_DO:
            assert_remembered(aws, done)
    outcomes = [EndedDeployment.from_json(entry.value) for entry in aws.parameters.history(NAME)]
    assert [(one.deployment, one.outcome) for one in outcomes if one] == [
        ("d0", Outcome.SUCCEEDED),
        ("d2", Outcome.REFUSED),
        ("d3", Outcome.SUCCEEDED),
    ]


def test_one_that_never_had_the_lock_writes_nothing() -> None:
    aws = fake_aws()
    drive(aws, started(aws, "r2", id="first"), until=lambda state: bool(state.services))
    assert deploy(aws, "r1", id="second").outcome is Outcome.REFUSED
    assert NAME not in aws.parameters.values
    assert lock_parameter(APPLICATION, ENVIRONMENT) in aws.parameters.values


def refusing(aws: FakeAws, error: RemoteError, *, times: int) -> None:
    put, left = aws.parameters.put, [error] * times

    def refuse(name: str, value: str) -> None:
        if name == NAME and left:
            raise left.pop()
        put(name, value)

    aws.parameters.put = refuse  # type: ignore[method-assign]  # a parameter that may not be written


def test_a_history_that_cannot_be_written_fails_nothing() -> None:
    aws = fake_aws()
    refusing(aws, RemoteError("AWS refused ssm:PutParameter", code="AccessDeniedException"), times=99)
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.SUCCEEDED
    assert "the history could not be written: AWS refused ssm:PutParameter" in [entry.text for entry in done.log]
    holds_for(aws, "r2")


def test_an_error_that_passes_is_tried_again() -> None:
    aws = fake_aws()
    refusing(aws, Throttled("slow down", code="ThrottlingException"), times=1)
    last = [started(aws, "r2")]
    with pytest.raises(Throttled):
        drive(aws, last[0], each=lambda state: last.insert(0, state))
    done = drive(aws, last[0])
    assert_remembered(aws, done)
    holds_for(aws, "r2")


@given(st.text(max_size=400) | st.just("{{{ }}"), st.integers(1, 40))
def test_any_reason_fits_and_is_read_back(line: str, lines: int) -> None:
    reason = "\n".join([line] * lines)
    text = replace(ENDED, reason=reason).to_json()
    assert len(text.encode()) <= VALUE_LIMIT
    assert "{{" not in text
    found = EndedDeployment.from_json(text)
    assert found is not None
    assert replace(found, reason="") == ENDED
    assert found.reason == reason or (found.reason.endswith("…") and reason.startswith(found.reason.rstrip("…")))


def test_an_entry_that_is_too_large_without_a_reason_is_written_as_it_is() -> None:
    found = EndedDeployment.from_json(replace(ENDED, requested_by="x" * 5000, reason="because").to_json())
    assert found is not None
    assert (len(found.requested_by), found.reason.strip("…")) == (5000, "")
