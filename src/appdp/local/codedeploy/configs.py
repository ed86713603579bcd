"""Deployment configurations: how production traffic moves, in steps.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html (predefined ones) and
https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TrafficRoutingConfig.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from appdp.local.wire import ServiceError

DEFAULT = "CodeDeployDefault.ECSAllAtOnce"


@dataclass(frozen=True, slots=True)
class Config:
    """A deployment configuration. ``routing`` is its ``trafficRoutingConfig``."""

    name: str
    routing: Mapping[str, Any]
    id: str = field(default_factory=lambda: str(uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def steps(self) -> list[tuple[int, float]]:
        """Production traffic of the replacement task set in percent, and the minutes to wait before the next step."""
        match self.routing["type"]:
            case "TimeBasedCanary":
                canary = self.routing["timeBasedCanary"]
                return [(int(canary["canaryPercentage"]), float(canary["canaryInterval"])), (100, 0.0)]
            case "TimeBasedLinear":
                linear = self.routing["timeBasedLinear"]
                step, minutes = int(linear["linearPercentage"]), float(linear["linearInterval"])
                return [*((percent, minutes) for percent in range(step, 100, step)), (100, 0.0)]
            case _:
                return [(100, 0.0)]


def parse(name: str, routing: Mapping[str, Any] | None) -> Config:
    """A custom configuration, checked.

    Raises:
        ServiceError: ``InvalidTrafficRoutingConfigurationException``.
    """
    told = dict(routing or {})
    parts = {"TimeBasedCanary": "timeBasedCanary", "TimeBasedLinear": "timeBasedLinear", "AllAtOnce": ""}
    kind = str(told.get("type", ""))
    if kind not in parts:
        raise _invalid(f"The traffic routing type must be one of {', '.join(parts)}, and is {kind or 'missing'}.")
    if part := parts[kind]:
        prefix = part.removeprefix("timeBased").lower()
        values = told.get(part) or {}
        percent, minutes = values.get(f"{prefix}Percentage"), values.get(f"{prefix}Interval")
        if not isinstance(percent, int) or not 1 <= percent <= 99:
            raise _invalid(f"{prefix}Percentage must be between 1 and 99, and is {percent}.")
        if not isinstance(minutes, int) or minutes < 1:
            raise _invalid(f"{prefix}Interval must be at least 1 minute, and is {minutes}.")
    return Config(name, told)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidTrafficRoutingConfigurationException", message)


def _canary(percent: int, minutes: int) -> dict[str, Any]:
    return {
        "type": "TimeBasedCanary",
        "timeBasedCanary": {"canaryPercentage": percent, "canaryInterval": minutes},
    }


def _linear(percent: int, minutes: int) -> dict[str, Any]:
    return {
        "type": "TimeBasedLinear",
        "timeBasedLinear": {"linearPercentage": percent, "linearInterval": minutes},
    }


BUILT_IN: Mapping[str, Config] = {
    name: Config(name, routing)
    for name, routing in {
        DEFAULT: {"type": "AllAtOnce"},
        "CodeDeployDefault.ECSCanary10Percent5Minutes": _canary(10, 5),
        "CodeDeployDefault.ECSCanary10Percent15Minutes": _canary(10, 15),
        "CodeDeployDefault.ECSLinear10PercentEvery1Minutes": _linear(10, 1),
        "CodeDeployDefault.ECSLinear10PercentEvery3Minutes": _linear(10, 3),
    }.items()
}
"""AWS's own configurations for ECS, by name."""
