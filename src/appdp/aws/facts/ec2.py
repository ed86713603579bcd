"""Amazon VPC."""

from __future__ import annotations

from typing import Any, Final

from appdp.aws.errors import translated
from appdp.aws.facts.chunks import chunks
from appdp.engine.verify.ports import Ids, Item

_VALUES: Final = 200
"""Values that a filter takes.

See: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
"""


class Ec2Network:
    """Implements :class:`appdp.engine.verify.ports.Network`. Needs ``ec2:DescribeSubnets``,
    ``ec2:DescribeSecurityGroups``, ``ec2:DescribeRouteTables`` and ``ec2:DescribeVpcEndpoints``.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401  (no stubs)
        self._client = client

    @translated("ec2")
    def subnets(self, ids: Ids) -> dict[str, Item]:
        """``DescribeSubnets``, by id."""
        return self._by_id("describe_subnets", "Subnets", "subnet-id", "SubnetId", ids)

    @translated("ec2")
    def security_groups(self, ids: Ids) -> dict[str, Item]:
        """``DescribeSecurityGroups``, by id."""
        return self._by_id("describe_security_groups", "SecurityGroups", "group-id", "GroupId", ids)

    @translated("ec2")
    def route_tables(self, vpc: str) -> tuple[Item, ...]:
        """``DescribeRouteTables`` of a VPC."""
        return self._all("describe_route_tables", "RouteTables", "vpc-id", [vpc])

    @translated("ec2")
    def endpoints(self, vpc: str) -> tuple[Item, ...]:
        """``DescribeVpcEndpoints`` of a VPC."""
        return self._all("describe_vpc_endpoints", "VpcEndpoints", "vpc-id", [vpc])

    def _by_id(self, operation: str, key: str, filtered: str, name: str, ids: Ids) -> dict[str, Item]:
        # By filter, as an id that EC2 does not know would make the whole call fail.
        items = (item for chunk in chunks(ids, _VALUES) for item in self._all(operation, key, filtered, chunk))
        return {item[name]: item for item in items}

    def _all(self, operation: str, key: str, filtered: str, values: list[str]) -> tuple[Item, ...]:
        pages = self._client.get_paginator(operation).paginate(Filters=[{"Name": filtered, "Values": values}])
        return tuple(item for page in pages for item in page[key])
