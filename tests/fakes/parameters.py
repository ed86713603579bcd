"""Systems Manager parameters in a dictionary."""

from __future__ import annotations

from appdp.engine.ports import Recorded
from appdp.errors import RemoteError
from tests.fakes.clock import FakeClock


class FakeParameters:
    """Parameters with their history, all written by ``writer``.

    Creating one without overwriting is atomic, as in Systems Manager.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.writer = "arn:aws:iam::1:role/x"
        self.values: dict[str, str] = {}
        self.recorded: dict[str, list[Recorded]] = {}

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def under(self, path: str) -> dict[str, str]:
        return {name: value for name, value in self.values.items() if name.startswith(f"{path}/")}

    def create(self, name: str, value: str) -> bool:
        if name in self.values:
            return False
        self.put(name, value)
        return True

    def put(self, name: str, value: str) -> None:
        if "{{" in value:
            raise RemoteError("Parameter value can't nest another parameter.", code="ValidationException")
        self.values[name] = value
        entries = self.recorded.setdefault(name, [])
        entries.append(Recorded(value=value, version=len(entries) + 1, at=self._clock.now(), by=self.writer))

    def delete(self, name: str) -> None:
        self.values.pop(name, None)
        self.recorded.pop(name, None)

    def history(self, name: str) -> tuple[Recorded, ...]:
        return tuple(self.recorded.get(name, ()))
