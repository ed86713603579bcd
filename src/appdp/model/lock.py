"""Who may change an environment: the parameter ``…/lock``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from appdp.model.deployment import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One deployment per environment at a time.

    Args:
        deployment: the owner's deployment id.
        owner: who runs it.
        renewed_at: when the owner last showed that it is alive, in seconds since the epoch (a process's lease; an
            execution is asked instead).
    """

    deployment: str
    owner: Owner
    renewed_at: float

    def to_json(self) -> str:
        """The parameter's value."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Lock:
        """Read the parameter's value."""
        data = json.loads(text)
        return cls(deployment=data["deployment"], owner=Owner(**data["owner"]), renewed_at=data["renewed_at"])
