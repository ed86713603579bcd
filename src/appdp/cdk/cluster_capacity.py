"""Whether a cluster offers what its services' capacity asks for."""

from __future__ import annotations

from collections.abc import Iterator

import jsii
from aws_cdk import Stack
from aws_cdk import aws_ecs as ecs
from constructs import IConstruct, IValidation

from appdp.cdk.capacity import Capacity


def check_cluster(service: IConstruct, cluster: ecs.ICluster, capacity: Capacity) -> None:
    """Refuse, when the app is synthesised, a cluster of the app that lacks a capacity provider.

    Otherwise CloudFormation would find out, some minutes into the first deployment. An imported cluster is trusted.
    """
    if isinstance(cluster, ecs.Cluster):
        service.node.add_validation(_Providers(cluster, capacity))


@jsii.implements(IValidation)
class _Providers:
    def __init__(self, cluster: ecs.Cluster, capacity: Capacity) -> None:
        self._cluster = cluster
        self._wanted = [item.capacity_provider for item in capacity.strategies()]

    def validate(self) -> list[str]:
        """One message if something is missing."""
        offered = set(self._offered())
        missing = [name for name in self._wanted if name not in offered]
        if not missing:
            return []
        return [
            f"cluster {self._cluster.node.path} has no capacity provider {' and no '.join(missing)}; it has "
            f"{', '.join(sorted(offered)) or 'none'}. Give the cluster enable_fargate_capacity_providers=True."
        ]

    def _offered(self) -> Iterator[str]:
        stack = Stack.of(self._cluster)
        # The CDK defines them below the cluster, but a user may do so anywhere in its stack.
        for construct in stack.node.find_all():
            if isinstance(construct, ecs.CfnClusterCapacityProviderAssociations | ecs.CfnCluster):
                yield from stack.resolve(construct.capacity_providers) or ()
