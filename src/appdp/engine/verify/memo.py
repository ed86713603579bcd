"""Ask once what several checks want to know, also when they ask at the same time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")


class Memo:
    """Remembers the answer, or the error, of every question."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: dict[Hashable, Future[Any]] = {}

    def ask(self, function: Callable[[*_Args], _T], *args: *_Args) -> _T:
        """What ``function`` answers, which is called once for each ``args``; whoever comes second waits for it."""
        key = (function, *args)
        with self._lock:
            first = key not in self._answers
            answer: Future[_T] = self._answers.setdefault(key, Future())
        if first:
            try:
                answer.set_result(function(*args))
            except Exception as error:  # noqa: BLE001  (whoever waits for the answer gets the error)
                answer.set_exception(error)
        return answer.result()
