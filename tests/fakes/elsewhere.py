"""Environments of other accounts and regions, in memory."""

from __future__ import annotations

from appdp.errors import RemoteError
from appdp.model.publication import Place


class FakeElsewhere:
    """Implements :class:`appdp.engine.publish.ports.Elsewhere`.

    Attributes:
        values: place → name → value. A place that is not there has no such role: it cannot be read.
        shut: the places whose role may read single parameters only, as one of an older deployer.
    """

    def __init__(self) -> None:
        self.values: dict[Place, dict[str, str]] = {}
        self.shut: set[Place] = set()

    def parameter(self, at: Place, name: str) -> str | None:
        """The value, or None."""
        return self._values(at).get(name)

    def parameters(self, at: Place, path: str) -> dict[str, str]:
        """The values below a path."""
        if at in self.shut:
            raise RemoteError("AWS refused ssm:GetParametersByPath", code="AccessDeniedException")
        return {name: value for name, value in self._values(at).items() if name.startswith(f"{path}/")}

    def _values(self, at: Place) -> dict[str, str]:
        if at not in self.values:
            raise RemoteError(f"AWS refused sts:AssumeRole: not authorized on resource: {at.role}", code="AccessDenied")
        return self.values[at]
