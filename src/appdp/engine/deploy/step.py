"""What one call of the engine gives back."""

from __future__ import annotations

from dataclasses import dataclass

from appdp.model.deployment import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The deployment after one step.

    Args:
        deployment: the new state; keep it, it is the only memory.
        wait_seconds: how long to wait before the next step: a whole number, 0 to 300.
    """

    deployment: Deployment
    wait_seconds: float
