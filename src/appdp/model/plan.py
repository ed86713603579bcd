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
    """What a deployment would do to an environment.

    Args:
        previous: the recorded release, or None before the first one.
        protected: whether the environment asks before it changes.
        approval_seconds: how long somebody has to approve it before traffic moves; None when nobody is asked.
        wrong_tags: the images whose environment tag does not name the recorded release; a deployment moves it back.
    """

    application: str
    environment: str
    release: str
    previous: str | None
    services: tuple[ServicePlan, ...]
    protected: bool = False
    wrong_tags: tuple[str, ...] = ()
    approval_seconds: int | None = None

    @property
    def changes(self) -> bool:
        """Whether any service would be deployed, or the recorded release or an environment tag would change."""
        changing = any(service.changes for service in self.services)
        return changing or self.release != self.previous or bool(self.wrong_tags)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "changes": self.changes}
