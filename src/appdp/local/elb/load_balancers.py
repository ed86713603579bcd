"""Operations on load balancers.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html and its siblings
"""

from __future__ import annotations

import asyncio
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appdp.local.elb import attributes, names
from appdp.local.elb.paging import page
from appdp.local.elb.running import Running
from appdp.local.elb.store import LoadBalancer, owned
from appdp.local.elb.tags import merged
from appdp.local.wire import Caller, Clients, ServiceError

HOSTED_ZONE = "Z35SXDOTRQ7X7K"
"""Canonical hosted zone of Application Load Balancers in us-east-1.

See: https://docs.aws.amazon.com/general/latest/gr/elb.html
"""

Params = dict[str, Any]


class LoadBalancers:
    """The operations; each takes and gives the API's own keys."""

    def __init__(self, running: Running, clients: Clients) -> None:
        self._running = running
        self._store = running.store
        self._clients = clients

    async def create(self, params: Params, caller: Caller) -> Params:
        """CreateLoadBalancer. The same settings again give the same load balancer."""
        name, scheme = params["Name"], params.get("Scheme", "internet-facing")
        if params.get("Type", "application") != "application":
            raise ServiceError(
                "ValidationError",
                f"The embedded AWS has load balancers of type 'application' only, not '{params['Type']}'",
            )
        mappings = params.get("SubnetMappings") or [{"SubnetId": subnet} for subnet in params.get("Subnets") or ()]
        vpc_id, subnets = await self._subnets([mapping["SubnetId"] for mapping in mappings], caller)
        groups = list(params.get("SecurityGroups") or ())
        for known in owned(self._store.load_balancers.values(), caller):
            if known.name == name:
                if (known.scheme, known.subnets, known.security_groups) != (scheme, subnets, groups):
                    raise ServiceError(
                        "DuplicateLoadBalancerName",
                        f"A load balancer with the same name '{name}' exists, but with different settings",
                    )
                return {"LoadBalancers": [describe(known)]}
        created = LoadBalancer(
            arn=names.load_balancer_arn(caller, name),
            name=name,
            dns_name=names.dns_name(caller, name, internal=scheme == "internal"),
            scheme=scheme,
            vpc_id=vpc_id,
            ip_address_type=params.get("IpAddressType", "ipv4"),
            subnets=subnets,
            security_groups=groups,
            attributes=dict(attributes.LOAD_BALANCER),
            tags=merged({}, params.get("Tags")),
        )
        self._store.load_balancers[created.arn] = created
        return {"LoadBalancers": [describe(created)]}

    async def describe(self, params: Params, caller: Caller) -> Params:
        """DescribeLoadBalancers: those named, or all."""
        if arns := params.get("LoadBalancerArns"):
            found = [self._store.load_balancer(arn) for arn in arns]
        else:
            found = owned(self._store.load_balancers.values(), caller)
        if wanted := params.get("Names"):
            by_name = {one.name: one for one in found}
            if missing := [name for name in wanted if name not in by_name]:
                raise ServiceError("LoadBalancerNotFound", f"Load balancers '[{', '.join(missing)}]' not found")
            found = [by_name[name] for name in wanted]
        return page("LoadBalancers", found, params, describe)

    async def delete(self, params: Params, _caller: Caller) -> Params:
        """DeleteLoadBalancer, with its listeners. Succeeds when there is none."""
        found = self._store.load_balancers.get(params["LoadBalancerArn"])
        if found is None:
            return {}
        if found.attributes["deletion_protection.enabled"] == "true":
            raise ServiceError(
                "OperationNotPermitted",
                f"Load balancer '{found.arn}' cannot be deleted because deletion protection is enabled",
            )
        for listener in self._store.listeners_of(found.arn):
            await self._running.remove_listener(listener.arn)
        self._store.load_balancers.pop(found.arn, None)
        return {}

    async def describe_attributes(self, params: Params, _caller: Caller) -> Params:
        """DescribeLoadBalancerAttributes."""
        return {"Attributes": attributes.described(self._store.load_balancer(params["LoadBalancerArn"]).attributes)}

    async def modify_attributes(self, params: Params, _caller: Caller) -> Params:
        """ModifyLoadBalancerAttributes."""
        found = self._store.load_balancer(params["LoadBalancerArn"])
        found.attributes = attributes.changed(found.attributes, params["Attributes"], kind="Load balancer")
        return {"Attributes": attributes.described(found.attributes)}

    async def set_security_groups(self, params: Params, _caller: Caller) -> Params:
        """SetSecurityGroups."""
        found = self._store.load_balancer(params["LoadBalancerArn"])
        found.security_groups = list(params["SecurityGroups"])
        return {"SecurityGroupIds": found.security_groups}

    async def set_subnets(self, params: Params, caller: Caller) -> Params:
        """SetSubnets."""
        found = self._store.load_balancer(params["LoadBalancerArn"])
        mappings = params.get("SubnetMappings") or [{"SubnetId": subnet} for subnet in params.get("Subnets") or ()]
        _vpc_id, found.subnets = await self._subnets([mapping["SubnetId"] for mapping in mappings], caller)
        return {"AvailabilityZones": found.subnets, "IpAddressType": found.ip_address_type}

    async def set_ip_address_type(self, params: Params, _caller: Caller) -> Params:
        """SetIpAddressType."""
        found = self._store.load_balancer(params["LoadBalancerArn"])
        found.ip_address_type = params["IpAddressType"]
        return {"IpAddressType": found.ip_address_type}

    async def _subnets(self, subnets: list[str], caller: Caller) -> tuple[str, list[dict[str, str]]]:
        """The VPC and the zones of subnets."""
        if not subnets:
            raise ServiceError("ValidationError", "Either subnets or subnet mappings must be specified")
        return await asyncio.to_thread(self._look_up, subnets, caller)

    def _look_up(self, subnets: list[str], caller: Caller) -> tuple[str, list[dict[str, str]]]:
        try:
            found = self._clients.client("ec2", caller).describe_subnets(SubnetIds=subnets)["Subnets"]
        except (BotoCoreError, ClientError) as error:
            raise ServiceError(
                "SubnetNotFound", f"The subnets '{', '.join(subnets)}' cannot be used: {error}"
            ) from error
        zones = {subnet["SubnetId"]: subnet for subnet in found}
        if missing := [subnet for subnet in subnets if subnet not in zones]:
            raise ServiceError("SubnetNotFound", f"The subnet ID '{missing[0]}' does not exist")
        return found[0]["VpcId"], [
            {"SubnetId": subnet, "ZoneName": zones[subnet]["AvailabilityZone"]} for subnet in sorted(subnets)
        ]


def describe(load_balancer: LoadBalancer) -> Params:
    """As the API shows it."""
    return {
        "LoadBalancerArn": load_balancer.arn,
        "DNSName": load_balancer.dns_name,
        "CanonicalHostedZoneId": HOSTED_ZONE,
        "CreatedTime": load_balancer.created,
        "LoadBalancerName": load_balancer.name,
        "Scheme": load_balancer.scheme,
        "VpcId": load_balancer.vpc_id,
        "State": {"Code": "active"},
        "Type": "application",
        "AvailabilityZones": load_balancer.subnets,
        "SecurityGroups": load_balancer.security_groups,
        "IpAddressType": load_balancer.ip_address_type,
    }
