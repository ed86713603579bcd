"""What the process that starts an embedded AWS and its server process agree on. Imports nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

ACCOUNT: Final = "000000000000"
REGION: Final = "us-east-1"
STOP_SECONDS: Final = 45.0
"""How long the parts may take to stop before the process ends anyway; what is left is swept by the next start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What the starting process tells the server process.

    Args:
        instance: the id for labels and markers.
        directory: the instance's directory.
        lock: the inherited descriptor that holds the instance's lock.
        port: the port on loopback; 0 is any free one.
        docker: the Docker daemon's address, or None for the control plane alone.
        bake_scale: factor on bake times.
        time_scale: factor on ECS's own waits.
        repositories: ``owner/name`` on GitHub → the git repository on this machine that stands for it.
    """

    instance: str
    directory: str
    lock: int
    port: int = 0
    docker: str | None = None
    bake_scale: float = 1.0
    time_scale: float = 1.0
    repositories: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """One argument of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ServerConfig:
        """Read it back."""
        return cls(**json.loads(text))
