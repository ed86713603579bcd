"""CloudFormation types of Amazon EC2 that MiniStack's CloudFormation does not know, though its EC2 API does.

They are made through that API, so what a template declares can be described and deleted like anything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from appdp.local.wire import Clients, ResourceHandler, ResourceRequest, ResourceResult

Ec2 = Any  # botocore's clients have no common type
Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ec2Type:
    """How one type is made and deleted with EC2's API. A changed property makes a new one.

    Args:
        create: makes it; returns its physical id and attributes.
        delete: deletes it, given its physical id and properties.
        in_place: properties that may change without making a new one.
    """

    create: Callable[[Ec2, Properties], ResourceResult]
    delete: Callable[[Ec2, str, Properties], None]
    in_place: frozenset[str] = frozenset({"Tags", "Description"})


class Ec2Resource:
    """Provisions an :class:`Ec2Type`."""

    def __init__(self, clients: Clients, kind: Ec2Type) -> None:
        self._clients = clients
        self._kind = kind

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Make it."""
        return await asyncio.to_thread(self._kind.create, self._ec2(request), request.properties)

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Make a new one, unless only what may change in place did."""
        previous = request.previous or {}
        changed = {
            name for name in {*previous, *request.properties} if previous.get(name) != request.properties.get(name)
        }
        if changed - self._kind.in_place:
            return await self.create(request)
        return ResourceResult(physical_id=request.physical_id, attributes=_id_attributes(request.physical_id))

    async def delete(self, request: ResourceRequest) -> None:
        """Delete it."""
        await asyncio.to_thread(self._kind.delete, self._ec2(request), request.physical_id, request.properties)

    def _ec2(self, request: ResourceRequest) -> Ec2:
        return self._clients.client("ec2", request.caller)


def _id_attributes(physical_id: str) -> dict[str, str]:
    return {"Id": physical_id, "NatGatewayId": physical_id}


def _permission(properties: Properties, group_key: str, list_key: str) -> dict[str, Any]:
    """A rule's properties as the API's ``IpPermission``."""
    permission: dict[str, Any] = {"IpProtocol": str(properties.get("IpProtocol", "-1"))}
    for name in ("FromPort", "ToPort"):
        if name in properties:
            permission[name] = int(properties[name])
    described = {"Description": properties["Description"]} if properties.get("Description") else {}
    peers = (
        ("CidrIp", "IpRanges", "CidrIp"),
        ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        (group_key, "UserIdGroupPairs", "GroupId"),
        (list_key, "PrefixListIds", "PrefixListId"),
    )
    for source, member, name in peers:
        if properties.get(source):
            permission[member] = [{name: properties[source], **described}]
    return permission


def _ingress(properties: Properties) -> dict[str, Any]:
    return _permission(properties, "SourceSecurityGroupId", "SourcePrefixListId")


def _egress(properties: Properties) -> dict[str, Any]:
    return _permission(properties, "DestinationSecurityGroupId", "DestinationPrefixListId")


def _rule_type(direction: str, permission: Callable[[Properties], dict[str, Any]]) -> Ec2Type:
    def create(ec2: Ec2, properties: Properties) -> ResourceResult:
        authorize = getattr(ec2, f"authorize_security_group_{direction}")
        answer = authorize(GroupId=properties["GroupId"], IpPermissions=[permission(properties)])
        rule = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return ResourceResult(physical_id=rule, attributes={"Id": rule})

    def delete(ec2: Ec2, _rule: str, properties: Properties) -> None:
        revoke = getattr(ec2, f"revoke_security_group_{direction}")
        try:
            revoke(GroupId=properties["GroupId"], IpPermissions=[permission(properties)])
        except ec2.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in {"InvalidPermission.NotFound", "InvalidGroup.NotFound"}:
                raise

    return Ec2Type(create=create, delete=delete)


def _create_address(ec2: Ec2, _properties: Properties) -> ResourceResult:
    address = ec2.allocate_address(Domain="vpc")
    attributes = {"AllocationId": address["AllocationId"], "PublicIp": address["PublicIp"]}
    return ResourceResult(physical_id=address["PublicIp"], attributes=attributes)


def _release_address(ec2: Ec2, physical_id: str, _properties: Properties) -> None:
    for address in ec2.describe_addresses()["Addresses"]:
        if address["PublicIp"] == physical_id:
            ec2.release_address(AllocationId=address["AllocationId"])


def _create_nat_gateway(ec2: Ec2, properties: Properties) -> ResourceResult:
    wanted = {name: properties[name] for name in ("SubnetId", "AllocationId", "ConnectivityType") if name in properties}
    gateway = ec2.create_nat_gateway(**wanted)["NatGateway"]["NatGatewayId"]
    return ResourceResult(physical_id=gateway, attributes={"NatGatewayId": gateway})


def _create_flow_log(ec2: Ec2, properties: Properties) -> ResourceResult:
    optional = ("TrafficType", "LogDestinationType", "LogDestination", "LogGroupName", "DeliverLogsPermissionArn")
    wanted = {name: properties[name] for name in optional if name in properties}
    made = ec2.create_flow_logs(
        ResourceIds=[properties["ResourceId"]], ResourceType=properties["ResourceType"], **wanted
    )["FlowLogIds"][0]
    return ResourceResult(physical_id=made, attributes={"Id": made})


_TYPES: Final = {
    "AWS::EC2::SecurityGroupIngress": _rule_type("ingress", _ingress),
    "AWS::EC2::SecurityGroupEgress": _rule_type("egress", _egress),
    "AWS::EC2::EIP": Ec2Type(create=_create_address, delete=_release_address),
    "AWS::EC2::NatGateway": Ec2Type(
        create=_create_nat_gateway,
        delete=lambda ec2, gateway, _properties: ec2.delete_nat_gateway(NatGatewayId=gateway),
    ),
    "AWS::EC2::FlowLog": Ec2Type(
        create=_create_flow_log,
        delete=lambda ec2, made, _properties: ec2.delete_flow_logs(FlowLogIds=[made]),
    ),
}


def handlers(clients: Clients) -> dict[str, ResourceHandler]:
    """The handlers of all types here."""
    return {name: Ec2Resource(clients, kind) for name, kind in _TYPES.items()}
