"""The gate function: reads the gate parameter and answers ECS."""

from __future__ import annotations

from appdp.model.gate import Gate
from appdp.model.handoff import gate_parameter
from tests.fakes.parameters import FakeParameters


class GateHook:
    """A lifecycle hook over a :class:`FakeParameters`."""

    def __init__(self, parameters: FakeParameters, application: str, environment: str) -> None:
        self._parameters = parameters
        self._name = gate_parameter(application, environment)

    def text(self) -> str | None:
        """The gate parameter's value."""
        return self._parameters.values.get(self._name)

    def ask(self, task_definition: str, now: float) -> int:
        """0 when the deployment may go on, else in how many seconds to ask again."""
        text = self.text()
        return 0 if text is None else Gate.from_json(text).answer(task_definition, now)[1] or 0
