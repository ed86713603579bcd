"""Target groups and their targets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from appdp.local.elb.balance import RoundRobin
from appdp.local.elb.connections import TargetConnections
from appdp.local.elb.health import DRAINING, Health, HealthCheck
from appdp.local.wire import TargetState

DEREGISTRATION_DELAY = "deregistration_delay.timeout_seconds"


class Target:
    """One address and port in one target group."""

    __slots__ = ("_quiet", "connections", "draining", "health", "in_flight", "ip", "port")

    def __init__(self, ip: str, port: int) -> None:
        self.ip = ip
        self.port = port
        self.health = Health()
        self.draining = False
        self.in_flight = 0
        self.connections = TargetConnections()
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def state(self) -> TargetState:
        """What DescribeTargetHealth says of it."""
        return DRAINING if self.draining else self.health.state

    def enter(self) -> None:
        """A request is on its way to this target."""
        self.in_flight += 1
        self._quiet.clear()

    def leave(self) -> None:
        """A request to this target is over."""
        self.in_flight -= 1
        if not self.in_flight:
            self._quiet.set()

    async def quiet(self) -> None:
        """Return when no request is on its way."""
        await self._quiet.wait()


@dataclass(slots=True, kw_only=True, eq=False)
class TargetGroup:
    """Targets that serve the same requests, and how they are checked."""

    arn: str
    name: str
    protocol: str
    protocol_version: str
    port: int
    vpc_id: str
    target_type: str
    ip_address_type: str
    health_check: HealthCheck
    attributes: dict[str, str]
    tags: dict[str, str]
    targets: dict[tuple[str, int], Target] = field(default_factory=dict)
    _turn: RoundRobin = field(default_factory=RoundRobin)

    @property
    def deregistration_delay_seconds(self) -> int:
        """How long a draining target may finish its requests."""
        return int(self.attributes[DEREGISTRATION_DELAY])

    def pick(self) -> Target | None:
        """The target for the next request, round robin; None when the answer is 503.

        Healthy targets only; when there is none but some have failed their checks, all that are not draining (fail
        open). Targets that are all still in their initial checks get nothing: a target must pass those before it
        receives requests.

        See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
        """
        candidates = [target for target in self.targets.values() if not target.draining]
        usable = [target for target in candidates if target.health.state.state == "healthy"]
        if not usable and any(target.health.state.state == "unhealthy" for target in candidates):
            usable = candidates
        return self._turn.next(usable) if usable else None
