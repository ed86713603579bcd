"""A wish that the deployment which is under way goes back: the value of the parameter ``…/stop``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from appdp.errors import ConfigurationError
from appdp.model.parameter_value import to_value

REASON_LIMIT: Final = 500
"""Characters of a reason: with an ARN and an id, it stays within the 4 KiB of a Standard parameter in any script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequest:
    """Args:
        deployment: the id of the deployment that is to go back; another one takes no notice.
        by: who asks, as AWS names them (an ARN).
        reason: why, in their words; at most 500 characters. May be empty.

    Raises:
        ConfigurationError: the reason is too long, or not printable.
    """

    deployment: str
    by: str
    reason: str = ""

    def __post_init__(self) -> None:
        if len(self.reason) > REASON_LIMIT or not self.reason.isprintable():
            raise ConfigurationError(
                f"The reason to stop has {len(self.reason)} characters: allowed are up to {REASON_LIMIT}, on one line.",
                hint="Say it shorter; the deployment's history keeps it.",
            )

    def text(self) -> str:
        """What the deployment's failure says."""
        return f"stopped by {self.by}" + (f": {self.reason}" if self.reason else "")

    def to_json(self) -> str:
        """The parameter's value."""
        return to_value(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> StopRequest | None:
        """Read the parameter's value; None for one that is none, so that no typing error stops a deployment."""
        try:
            data = json.loads(text)
            return cls(deployment=data["deployment"], by=str(data["by"]), reason=str(data.get("reason", "")))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
