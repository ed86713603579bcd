"""Elastic Load Balancing target groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appdp.aws.errors import translated
from appdp.engine.live import TargetHealth

if TYPE_CHECKING:
    from appdp.aws.session import Session


class LoadBalancerTargets:
    """Implements :class:`appdp.engine.ports.Targets`. Needs ``elasticloadbalancing:DescribeTargetHealth``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("elasticloadbalancing")
    def health(self, target_group: str) -> tuple[TargetHealth, ...]:
        """All targets of a target group."""
        answer = self._session.elbv2.describe_target_health(TargetGroupArn=target_group)
        return tuple(
            TargetHealth(
                address=item.get("Target", {}).get("Id", ""),
                port=item.get("Target", {}).get("Port", 0),
                state=item.get("TargetHealth", {}).get("State", ""),
                reason=item.get("TargetHealth", {}).get("Reason", ""),
                description=item.get("TargetHealth", {}).get("Description", ""),
            )
            for item in answer["TargetHealthDescriptions"]
        )
