"""Environments of other accounts and regions, in memory."""

from __future__ import annotations

from appdp.errors import RemoteError
from appdp.model.publication import Place


class FakeElsewhere:
    """Implements :class:`appdp.engine.publish.ports.Elsewhere`.

    Attributes:
        values: place → name → value. A place that is not there has no such role: it cannot be read.
    """

    def __init__(self) -> None:
        self.values: dict[Place, dict[str, str]] = {}

    def parameter(self, at: Place, name: str) -> str | None:
        """The value, or None."""
        if at not in self.values:
            raise RemoteError(f"AWS refused sts:AssumeRole: not authorized on resource: {at.role}", code="AccessDenied")
        return self.values[at].get(name)
