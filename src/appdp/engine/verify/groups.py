"""All checks, in the order in which they are asked and shown."""

from __future__ import annotations

from typing import Final

from appdp.engine.verify import (
    configuration,
    images,
    load_balancing,
    network,
    permissions,
    quotas,
    schedules,
    service,
    traffic,
)
from appdp.engine.verify.check import Check

GROUPS: Final[dict[str, tuple[Check, ...]]] = {
    "Services and tasks": service.CHECKS,
    "Images": images.CHECKS,
    "Load balancing": load_balancing.CHECKS,
    "Traffic": traffic.CHECKS,
    "Schedules": schedules.CHECKS,
    "Configuration": configuration.CHECKS,
    "Network": network.CHECKS,
    "Permissions": permissions.CHECKS,
    "Quotas": quotas.CHECKS,
}
"""Heading → checks."""

CHECKS: Final = tuple(check for checks in GROUPS.values() for check in checks)
"""The same, in a row."""
