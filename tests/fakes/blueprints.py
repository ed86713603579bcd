"""Services that run, by their names."""

from __future__ import annotations

from dataclasses import dataclass, field

from appdp.engine.scaffold import Blueprint
from appdp.errors import NotFound


@dataclass
class FakeBlueprints:
    """(cluster, service) → what AWS says of it."""

    known: dict[tuple[str, str], Blueprint] = field(default_factory=dict)

    def read(self, cluster: str, service: str) -> Blueprint:
        if (cluster, service) not in self.known:
            raise NotFound(f"service of cluster {cluster}", service, tuple(name for _, name in self.known))
        return self.known[cluster, service]
