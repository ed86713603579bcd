"""Being asked to stop by something other than Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    if hasattr(signal, name)
)


class Stopped(KeyboardInterrupt):
    """A signal that asks this process to end; handled wherever Ctrl-C is."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Inside, SIGTERM (a CI system that cancels) and SIGHUP (a terminal that closes) act like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def asked_by(interrupt: KeyboardInterrupt) -> str:
    """What asked: ``Ctrl-C``, or a signal's name."""
    return str(interrupt) if isinstance(interrupt, Stopped) else "Ctrl-C"


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(signal.Signals(number).name)
