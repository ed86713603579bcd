"""The gate's parameter, and what it answers."""

from __future__ import annotations

import pytest

from appdp.model.gate import Gate


@pytest.mark.parametrize("opens_at", [None, 5.5])
def test_a_gate_survives_its_parameter(opens_at: float | None) -> None:
    gate = Gate(deployment="d1", task_definitions=("arn:1", "arn:2"), opens_at=opens_at)
    assert Gate.from_json(gate.to_json()) == gate


@pytest.mark.parametrize(
    ("opens_at", "task_definition", "answer"),
    [
        (None, "arn:1", ("IN_PROGRESS", 5)),
        (None, "arn:9", ("SUCCEEDED", None)),
        (106.2, "arn:1", ("IN_PROGRESS", 7)),
        (100.0, "arn:1", ("SUCCEEDED", None)),
        (100.001, "arn:1", ("IN_PROGRESS", 1)),
    ],
)
def test_the_gate_answers_ecs(opens_at: float | None, task_definition: str, answer: tuple[str, int | None]) -> None:
    gate = Gate(deployment="d1", task_definitions=("arn:1",), opens_at=opens_at)
    assert gate.answer(task_definition, 100.0) == answer
