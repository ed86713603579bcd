"""Tables of a TOML file, read key by key; every complaint says where, what was found and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from appdp.errors import ConfigurationError

_MISSING: Final = object()


def named(kind: type[StrEnum]) -> tuple[str, ...]:
    """The values of an enumeration."""
    return tuple(str(member) for member in kind)


class Table:
    """One table, with its place for messages.

    Call :meth:`finish` when every key was asked for: a key that nobody asked for is a spelling mistake.
    """

    def __init__(self, place: str, data: Mapping[str, Any]) -> None:
        self._place = place
        self._data = data
        self._asked: set[str] = set()

    def wrong(self, key: str, received: object, allowed: str) -> ConfigurationError:
        """The complaint about one key."""
        return ConfigurationError(f"{self._place}: {key} is {received!r}; allowed is {allowed}.")

    def has(self, key: str) -> bool:
        """Whether the key is there; counts as asked for."""
        self._asked.add(key)
        return key in self._data

    def keys(self) -> tuple[str, ...]:
        """The keys that are there, where any are allowed."""
        return tuple(self._data)

    def text(self, key: str, default: str | None = None) -> str:
        """A string; without a default it is required and not empty."""
        value = self._get(key, _MISSING if default is None else default)
        if not isinstance(value, str) or (default is None and not value):
            raise self.wrong(key, value, "a text that is not empty")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """One of some strings."""
        value = self.text(key)
        if value not in allowed:
            raise self.wrong(key, value, "one of " + ", ".join(allowed))
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of strings; without a default it is required and not empty."""
        value = self._get(key, _MISSING if default is None else list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, value, "a list of texts")
        if default is None and not value:
            raise self.wrong(key, value, "a list with at least one text")
        return tuple(value)

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        value = self._get(key, _MISSING if default is None else default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(key, value, "a whole number")
        return value

    def number(self, key: str, default: float | None) -> float | None:
        """A number above zero, or the default."""
        value = self._get(key, default)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            raise self.wrong(key, value, "a number above 0")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, value, "true or false")
        return value

    def mapping(self, key: str, default: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """A table of strings."""
        value = self._get(key, _MISSING if default is None else default)
        if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
            raise self.wrong(key, value, "a table of texts")
        return MappingProxyType(dict(value))

    def table(self, key: str, default: Mapping[str, Any] | None = None) -> Table:
        """A table in this one."""
        value = self._get(key, _MISSING if default is None else default)
        if not isinstance(value, Mapping):
            raise self.wrong(key, value, "a table")
        return Table(f"{self._place}, {key}", value)

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables, ``[[key]]``, at least one."""
        value = self._get(key, _MISSING)
        if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
            raise self.wrong(key, value, f"one or more tables [[{key}]]")
        return tuple(Table(f"{self._place}, {key} {number}", item) for number, item in enumerate(value, start=1))

    def finish(self) -> None:
        """Refuse keys that were never asked for."""
        unknown = sorted(set(self._data) - self._asked)
        if unknown:
            raise ConfigurationError(
                f"{self._place}: unknown {', '.join(unknown)}; allowed are {', '.join(sorted(self._asked))}.",
                hint="Correct the spelling, or remove it.",
            )

    def _get(self, key: str, default: object) -> Any:  # noqa: ANN401 - TOML values; each caller checks its kind
        self._asked.add(key)
        value = self._data.get(key, default)
        if value is _MISSING:
            raise ConfigurationError(f"{self._place}: {key} is missing.", hint=f"Add {key} = … there.")
        return value
