"""How a task gets to AWS: by route, or by endpoint. Decided from what EC2 says, without sending a packet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from typing import Any, Final

from appdp.engine.verify.check import Skip
from appdp.engine.verify.ports import Item
from appdp.engine.verify.subject import Subject, awsvpc

HTTPS: Final = 443

_ANYWHERE: Final = ("0.0.0.0/0", "::/0")


class Way(StrEnum):
    """Whether there is one."""

    OPEN = "open"
    CLOSED = "closed"
    BEYOND = "beyond"
    """It leads out of this VPC through something that cannot be looked into."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a service's tasks are. ``public`` is whether they get a public address."""

    vpc: str
    subnets: Mapping[str, Item]
    groups: tuple[str, ...]
    public: bool
    tables: tuple[Item, ...]
    endpoints: tuple[Item, ...]

    def endpoint(self, service: str, region: str) -> Item | None:
        """The interface endpoint that takes a service's name in this VPC, if there is one.

        See: https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html
        """
        found = self.interfaces(service, region)
        return next((one for one in found if one.get("PrivateDnsEnabled")), None)

    def interfaces(self, service: str, region: str) -> list[Item]:
        """All interface endpoints of a service that can be used."""
        return [
            one for one in self.endpoints if one.get("VpcEndpointType") == "Interface" and _usable(one, service, region)
        ]

    def way(self, subnet: str, service: str, region: str) -> Way:
        """How tasks in a subnet get to a service of AWS in a region."""
        table = self._table(subnet)
        if self.endpoint(service, region) is not None:
            return Way.OPEN
        gateways = (one for one in self.endpoints if one.get("VpcEndpointType") == "Gateway")
        if any(
            _usable(one, service, region) and table.get("RouteTableId") in one.get("RouteTableIds", ())
            for one in gateways
        ):
            return Way.OPEN
        return self._by_route(table)

    def _table(self, subnet: str) -> Item:
        """The route table that a subnet names, or the VPC's main one.

        See: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
        """
        main: Item = {}
        for table in self.tables:
            for association in table.get("Associations", ()):
                if association.get("SubnetId") == subnet:
                    return table
                if association.get("Main"):
                    main = table
        return main

    def _by_route(self, table: Item) -> Way:
        routes = [
            route
            for route in table.get("Routes", ())
            if route.get("State", "active") == "active" and route.get("DestinationCidrBlock") == _ANYWHERE[0]
        ]
        if not routes:
            return Way.CLOSED
        route = routes[0]
        if route.get("NatGatewayId"):
            return Way.OPEN
        if str(route.get("GatewayId", "")).startswith("igw-"):
            # A task without a public address has no answer from there.
            return Way.OPEN if self.public else Way.CLOSED
        return Way.BEYOND


def _usable(endpoint: Item, service: str, region: str) -> bool:
    available = str(endpoint.get("State", "")).lower() == "available"
    return available and str(endpoint.get("ServiceName", "")).endswith(f".{region}.{service}")


def known_subnets(subject: Subject) -> dict[str, Item]:
    """The subnets of all services and jobs of the environment, and of the subject, by id."""
    every = _every(subject, "subnets")
    return subject.memo.ask(subject.facts.network.subnets, every)


def known_groups(subject: Subject) -> dict[str, Item]:
    """The security groups of all services and jobs of the environment, and of the subject, by id."""
    every = _every(subject, "securityGroups")
    return subject.memo.ask(subject.facts.network.security_groups, every)


def _every(subject: Subject, key: str) -> tuple[str, ...]:
    # One call answers all, but a schedule's network is known only once AWS was asked for that schedule.
    scene = subject.scene
    services = [one.get("networkConfiguration") for one in scene.services.values()]
    networks = [awsvpc(one) for one in (*services, *(job.network for job in scene.jobs))]
    return tuple(sorted({each for network in (*networks, subject.network) for each in network.get(key, ())}))


def place_of(subject: Subject) -> Place:
    """Where its tasks are.

    Raises:
        Skip: they have no network interface of their own, or none of their subnets exists.
    """
    network = subject.network
    if not network:
        raise Skip(f"the {subject.kind} has no network configuration")
    subnets = {name: each for name, each in known_subnets(subject).items() if name in network.get("subnets", ())}
    if not subnets:
        raise Skip("none of the subnets exists")
    vpc = str(next(iter(subnets.values())).get("VpcId", ""))
    return Place(
        vpc=vpc,
        subnets=subnets,
        groups=tuple(network.get("securityGroups", ())),
        public=network.get("assignPublicIp") == "ENABLED",
        tables=subject.memo.ask(subject.facts.network.route_tables, vpc),
        endpoints=subject.memo.ask(subject.facts.network.endpoints, vpc),
    )


def covers(permission: Item, port: int) -> bool:
    """Whether a rule of a security group is about a TCP port."""
    protocol = str(permission.get("IpProtocol", ""))
    if protocol == "-1":
        return True
    low, high = permission.get("FromPort", 0), permission.get("ToPort", 65535)
    return protocol in ("tcp", "6") and low <= port <= high


def lets(permissions: Sequence[Item], port: int, groups: Iterable[str], subnets: Iterable[Item]) -> Way:
    """Whether rules allow a port from, or to, some security groups, or wherever their interfaces may be.

    Args:
        groups: any of these will do.
        subnets: where the other side's interfaces are; an address range must hold them all.
    """
    wanted = {str(each.get("CidrBlock", "")) for each in subnets}
    about = [one for one in permissions if covers(one, port)]
    pairs = {pair.get("GroupId") for one in about for pair in one.get("UserIdGroupPairs", ())}
    ranges = [str(each.get("CidrIp", "")) for one in about for each in one.get("IpRanges", ())]
    if pairs & set(groups) or any(_holds(each, wanted) for each in ranges):
        return Way.OPEN
    return Way.BEYOND if any(one.get("PrefixListIds") for one in about) else Way.CLOSED


def _holds(cidr: str, wanted: set[str]) -> bool:
    if cidr == _ANYWHERE[0]:
        return True
    outer = ip_network(cidr, strict=False)
    inner = [ip_network(each, strict=False) for each in wanted if each]
    return bool(inner) and all(each.version == outer.version and _within(each, outer) for each in inner)


def _within(inner: Any, outer: Any) -> bool:  # noqa: ANN401  (of one version both, which types cannot say)
    return bool(inner.subnet_of(outer))
