"""A deployment's state for tests that only show it or pass it on."""

from __future__ import annotations

from typing import Any

from appdp.model.deployment import Deployment, Owner


def a_deployment(**more: Any) -> Deployment:
    """Deployment ``d`` of release ``r`` to shop/dev, run by a process since second 0; ``more`` are its other fields."""
    known: dict[str, Any] = {
        "id": "d",
        "application": "shop",
        "environment": "dev",
        "release": "r",
        "owner": Owner(execution=None, requested_by="me"),
        "started_at": 0.0,
    }
    return Deployment(**{**known, **more})
