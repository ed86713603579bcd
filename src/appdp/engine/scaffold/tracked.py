"""Nested settings of which every one must be taken, or is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


class Tracked:
    """Reads values by their dotted paths, and knows which were never read.

    Args:
        data: nested mappings.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._taken: list[Path] = []

    def take(self, path: str) -> Any:  # noqa: ANN401  (whatever stands there)
        """The value at ``a.b.c``, with all below it; None when there is none."""
        self._taken.append(tuple(path.split(".")))
        return self.peek(path)

    def peek(self, path: str) -> Any:  # noqa: ANN401  (whatever stands there)
        """The same, without taking it."""
        value: Any = self._data
        for key in path.split("."):
            if not isinstance(value, Mapping):
                return None
            value = value.get(key)
        return value

    def left(self) -> list[str]:
        """What was not taken, each as ``a.b = value``; empty values do not count."""
        return [f"{'.'.join(path)} = {_shown(value)}" for path, value in _leaves(self._data, ()) if self._missed(path)]

    def _missed(self, path: Path) -> bool:
        return not any(path[: len(taken)] == taken for taken in self._taken)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings become one, anything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        before = result.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merged(before, value) if both and before is not None else value
    return result


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401  (whatever stands there)
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)))
    elif value not in (None, "", [], False):
        yield path, value


def _shown(value: Any) -> str:  # noqa: ANN401  (whatever stands there)
    shown = str(value)
    return shown if len(shown) <= 100 else f"{shown[:100]}…"
