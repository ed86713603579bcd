"""Ports that stop working at a chosen call: killed before it, killed after it, or answered with an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from appdp.engine.ports import Ports
from appdp.engine.publish.ports import PublishPorts

AnyPorts = TypeVar("AnyPorts", Ports, PublishPorts)


class Killed(BaseException):
    """The process is gone. Not an Exception, so nothing can catch it by accident."""


class Interruptions:
    """Counts the calls of all ports, and interrupts some.

    Args:
        before: called with the call's number (from 1) and name before it happens; may raise.
        after: the same, after it happened.
    """

    def __init__(
        self,
        before: Callable[[int, str], None] = lambda number, name: None,
        after: Callable[[int, str], None] = lambda number, name: None,
    ) -> None:
        self._before = before
        self._after = after
        self.calls: list[str] = []

    def around(self, ports: AnyPorts) -> AnyPorts:
        """The same ports, interrupted. The clock is left alone: reading it is no call."""
        wrapped: dict[str, Any] = {
            field.name: getattr(ports, field.name)
            if field.name == "clock"
            else _Port(self, field.name, getattr(ports, field.name))
            for field in fields(ports)
        }
        return type(ports)(**wrapped)

    def call(self, name: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any port
        """One call of one port."""
        self.calls.append(name)
        number = len(self.calls)
        self._before(number, name)
        try:
            return method(*args, **kwargs)
        finally:
            # Also when AWS said no: that is an answer, too.
            self._after(number, name)


class _Port:
    def __init__(self, interruptions: Interruptions, name: str, port: object) -> None:
        self._interruptions = interruptions
        self._name = name
        self._port = port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real = getattr(self._port, method)
        name = f"{self._name}.{method}"
        return lambda *args, **kwargs: self._interruptions.call(name, real, *args, **kwargs)
