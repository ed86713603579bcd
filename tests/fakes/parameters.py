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
        self._changes: dict[str, list[tuple[float, str | None]]] = {}

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
        self._changes.setdefault(name, []).append((self._clock.now(), value))
        entries = self.recorded.setdefault(name, [])
        entries.append(Recorded(value=value, version=len(entries) + 1, at=self._clock.now(), by=self.writer))

    def delete(self, name: str) -> None:
        if self.values.pop(name, None) is not None:
            self._changes.setdefault(name, []).append((self._clock.now(), None))
        self.recorded.pop(name, None)

    def history(self, name: str) -> tuple[Recorded, ...]:
        return tuple(self.recorded.get(name, ()))

    def behind(self, seconds: float) -> Behind:
        """Reads from a copy that is so far behind."""
        return Behind(self, self._clock, seconds)

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of all parameters that there ever were."""
        return tuple(self._changes)

    def before(self, name: str, seconds: float) -> str | None:
        """The value that a copy has which is so far behind."""
        moment = self._clock.now() - seconds
        return next((value for at, value in reversed(self._changes.get(name, ())) if at <= moment), None)


class Behind:
    """Reads of parameters from a copy that is behind by some seconds."""

    def __init__(self, parameters: FakeParameters, clock: FakeClock, seconds: float) -> None:
        self._parameters, self._clock, self._seconds = parameters, clock, seconds

    def get(self, name: str) -> str | None:
        return self._parameters.before(name, self._seconds)

    def under(self, path: str) -> dict[str, str]:
        names = [name for name in self._parameters.changed if name.startswith(f"{path}/")]
        found = {name: self._parameters.before(name, self._seconds) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def history(self, name: str) -> tuple[Recorded, ...]:
        moment = self._clock.now() - self._seconds
        return tuple(entry for entry in self._parameters.history(name) if entry.at <= moment)
