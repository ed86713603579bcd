"""Amazon ECS, as it describes clusters and services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appdp.aws.errors import translated
from appdp.aws.facts.chunks import chunks
from appdp.engine.verify.ports import Ids, Item

if TYPE_CHECKING:
    from appdp.aws.session import Session

_CLUSTERS: Final = 100
"""See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html"""

_SERVICES: Final = 10
"""See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""


class EcsFacts:
    """Implements :class:`appdp.engine.verify.ports.Ecs`. Needs ``ecs:DescribeClusters``, ``ecs:DescribeServices``."""

    def __init__(self, session: Session) -> None:
        self._ecs = session.ecs

    @translated("ecs")
    def clusters(self, arns: Ids) -> dict[str, Item]:
        """``DescribeClusters``, by ARN."""
        items = (
            item
            for chunk in chunks(arns, _CLUSTERS)
            for item in self._ecs.describe_clusters(clusters=chunk)["clusters"]
        )
        return {item.get("clusterArn", ""): dict(item) for item in items}

    @translated("ecs")
    def services(self, cluster: str, arns: Ids) -> dict[str, Item]:
        """``DescribeServices``, by ARN."""
        found: dict[str, Item] = {}
        for chunk in chunks(arns, _SERVICES):
            answer = self._ecs.describe_services(cluster=cluster, services=chunk)
            found |= {item.get("serviceArn", ""): dict(item) for item in answer["services"]}
        return found
