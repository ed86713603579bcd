"""What a deployment would change, and why: the value behind ``--dry-run``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from appdp.model.environment import StrategyKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """What would happen to one service.

    Args:
        changes: whether it would be deployed.
        reason: why, or why not, as a sentence.
        running: image name → digest that runs now; empty when nothing runs.
        wanted: image name → digest of the release.
    """

    name: str
    strategy: StrategyKind
    changes: bool
    reason: str
    running: dict[str, str]
    wanted: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a deployment would do to an environment. ``previous`` is None before the first release."""

    application: str
    environment: str
    release: str
    previous: str | None
    services: tuple[ServicePlan, ...]
    protected: bool = False

    @property
    def changes(self) -> bool:
        """Whether any service would be deployed or the recorded release would change."""
        return self.release != self.previous or any(service.changes for service in self.services)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "changes": self.changes}
