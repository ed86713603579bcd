"""Elastic Load Balancing's API (version 2015-12-01) as far as Application Load Balancers with IP targets go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from appdp.local.elb.listeners import Listeners, Rules
from appdp.local.elb.load_balancers import LoadBalancers
from appdp.local.elb.running import Running
from appdp.local.elb.tags import Tags
from appdp.local.elb.target_groups import TargetGroups
from appdp.local.wire import Caller, Clients, ServiceError

Operation = Callable[[dict[str, Any], Caller], Awaitable[dict[str, Any]]]


class ElasticLoadBalancing:
    """The service, as :class:`appdp.local.wire.AwsService` has it."""

    model = "elbv2"
    signing_name = "elasticloadbalancing"

    def __init__(self, running: Running, clients: Clients) -> None:
        balancers, groups = LoadBalancers(running, clients), TargetGroups(running)
        listeners, rules, tags = Listeners(running), Rules(running), Tags(running.store)
        self._operations: dict[str, Operation] = {
            "CreateLoadBalancer": balancers.create,
            "DescribeLoadBalancers": balancers.describe,
            "DeleteLoadBalancer": balancers.delete,
            "DescribeLoadBalancerAttributes": balancers.describe_attributes,
            "ModifyLoadBalancerAttributes": balancers.modify_attributes,
            "SetSecurityGroups": balancers.set_security_groups,
            "SetSubnets": balancers.set_subnets,
            "SetIpAddressType": balancers.set_ip_address_type,
            "CreateTargetGroup": groups.create,
            "DescribeTargetGroups": groups.describe,
            "ModifyTargetGroup": groups.modify,
            "DeleteTargetGroup": groups.delete,
            "DescribeTargetGroupAttributes": groups.describe_attributes,
            "ModifyTargetGroupAttributes": groups.modify_attributes,
            "RegisterTargets": groups.register,
            "DeregisterTargets": groups.deregister,
            "DescribeTargetHealth": groups.describe_health,
            "CreateListener": listeners.create,
            "DescribeListeners": listeners.describe,
            "ModifyListener": listeners.modify,
            "DeleteListener": listeners.delete,
            "DescribeListenerAttributes": listeners.describe_attributes,
            "ModifyListenerAttributes": listeners.modify_attributes,
            "CreateRule": rules.create,
            "DescribeRules": rules.describe,
            "ModifyRule": rules.modify,
            "DeleteRule": rules.delete,
            "SetRulePriorities": rules.set_priorities,
            "DescribeTags": tags.describe,
            "AddTags": tags.add,
            "RemoveTags": tags.remove,
        }

    async def call(self, operation: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
        """Answer one operation; raises :class:`ServiceError`."""
        handler = self._operations.get(operation)
        if handler is None:
            raise ServiceError("InvalidAction", f"The embedded AWS has no {operation} of Elastic Load Balancing")
        return await handler(params, caller)
