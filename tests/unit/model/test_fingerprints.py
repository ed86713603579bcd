"""A gate names many revisions in one parameter."""

from __future__ import annotations

from appdp.model.fingerprints import WIDTH, Fingerprints, fingerprint
from appdp.model.gate import GATE_LIMIT, Gate

ARNS = tuple(f"arn:aws:ecs:eu-central-1:123456789012:task-definition/shop-prod-service-{n:03}:17" for n in range(480))


def test_a_fingerprint_is_short_and_always_the_same() -> None:
    assert fingerprint(ARNS[0]) == fingerprint(ARNS[0]) != fingerprint(ARNS[1])
    assert {len(fingerprint(arn)) for arn in ARNS} == {WIDTH}


def test_they_know_their_members_and_nobody_else() -> None:
    known = Fingerprints.of(ARNS)
    assert len(known) == len(ARNS) == len(list(known))
    assert all(arn in known for arn in ARNS)
    assert f"{ARNS[0]}8" not in known
    assert known.__contains__(17) is False


def test_few_are_written_as_they_are() -> None:
    gate = Gate(deployment="d1", task_definitions=ARNS[:3])
    assert ARNS[0] in gate.to_json()
    assert Gate.from_json(gate.to_json()) == gate


def test_many_fit_one_parameter_and_are_held_at_the_gate() -> None:
    gate = Gate.from_json(Gate(deployment="d" * 80, task_definitions=ARNS).to_json())
    assert len(gate.to_json()) <= GATE_LIMIT
    assert gate.deployment == "d" * 80
    assert gate.answer(ARNS[479], now=0.0) == ("IN_PROGRESS", 5)
    assert gate.answer("arn:somebody/else:1", now=0.0) == ("SUCCEEDED", None)
    assert Gate.from_json(gate.to_json()).to_json() == gate.to_json()
