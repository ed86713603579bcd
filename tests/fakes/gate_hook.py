"""The gate function's answer, as its contract says it."""

from __future__ import annotations

import math

from appdp.model.deployment import Gate
from appdp.model.handoff import gate_parameter
from tests.fakes.parameters import FakeParameters

SHUT_SECONDS = 5


class GateHook:
    """A lifecycle hook that reads the gate parameter."""

    def __init__(self, parameters: FakeParameters, application: str, environment: str) -> None:
        self._parameters = parameters
        self._name = gate_parameter(application, environment)

    def text(self) -> str | None:
        """The gate parameter's value."""
        return self._parameters.values.get(self._name)

    def ask(self, task_definition: str, now: float) -> int:
        """0 when the deployment may go on, else in how many seconds to ask again."""
        text = self.text()
        if text is None:
            return 0
        gate = Gate.from_json(text)
        if task_definition not in gate.task_definitions:
            return 0
        if gate.opens_at is None:
            return SHUT_SECONDS
        return max(1, math.ceil(gate.opens_at - now)) if now < gate.opens_at else 0
