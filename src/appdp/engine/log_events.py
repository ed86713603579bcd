"""What containers said lately: the port that ``appdp logs`` needs.

It is not part of :class:`appdp.engine.ports.Ports`, because the engine itself reads only the end of one stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One line.

    Args:
        id: unique; a line that is read twice has the same one.
        at: when it was said, in seconds since the epoch.
        stream: the stream's name.
        message: the line, without its line end.
    """

    id: str
    at: float
    stream: str
    message: str


class LogEvents(Protocol):
    """CloudWatch Logs, as far as the command line needs it. Every method may raise ``RemoteError``."""

    def since(self, group: str, prefix: str, at: float) -> tuple[LogEvent, ...]:
        """What the streams whose names begin with ``prefix`` said since then, oldest first; empty without a group."""
