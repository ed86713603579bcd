"""CloudFormation's load balancers, target groups, listeners and listener rules, by way of the API's own operations.

``Ref`` gives the ARN. What is updated in place and what is replaced follows the template reference; a rule's update
sends the template's conditions and actions, so weights that ECS has shifted since are put back when the rule's text in
the template changes.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElasticLoadBalancingV2.html and
https://github.com/aws/aws-cdk/issues/36649
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any

from appdp.local.elb import names
from appdp.local.elb.api import ElasticLoadBalancing
from appdp.local.elb.load_balancers import HOSTED_ZONE
from appdp.local.elb.properties import api_params, changed_tags
from appdp.local.wire import AwsService, Caller, ResourceHandler, ResourceRequest, ResourceResult, ServiceError

Properties = Mapping[str, Any]


class _Resource(ABC):
    """Create, update or replace, and delete; subclasses say how their type does it."""

    type_name: str
    replaced_by: tuple[str, ...]
    """Properties that cannot be changed in place."""

    def __init__(self, service: AwsService) -> None:
        self._service = service

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Create the resource; nothing is left of one that fails half way."""
        arn = await self._create(api_params(request.properties), request)
        try:
            await self._finish(arn, api_params(request.properties), {}, request.caller)
        except ServiceError:
            await self._delete(arn, request.caller)
            raise
        return await self._result(arn, request.caller)

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Change in place, or create anew where a property asks for it."""
        before, after = api_params(request.previous or {}), api_params(request.properties)
        if any(before.get(name) != after.get(name) for name in self.replaced_by):
            if "Name" in after and before.get("Name") == after["Name"]:
                raise ServiceError(
                    "ValidationError",
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                    f"Rename {after['Name']} and update the stack again.",
                )
            return await self.create(request)
        await self._update(request.physical_id, before, after, request.caller)
        await self._finish(request.physical_id, after, before, request.caller)
        return await self._result(request.physical_id, request.caller)

    async def delete(self, request: ResourceRequest) -> None:
        """Delete the resource; one that is gone already is no failure."""
        await self._delete(request.physical_id, request.caller)

    @abstractmethod
    async def _create(self, properties: Properties, request: ResourceRequest) -> str:
        """Create the resource with what the create operation takes; its ARN."""

    @abstractmethod
    async def _update(self, arn: str, before: Properties, after: Properties, caller: Caller) -> None:
        """Change what the create operation took."""

    async def _finish(self, arn: str, after: Properties, before: Properties, caller: Caller) -> None:
        """What has operations of its own: attributes, targets, tags."""
        await self._tag(arn, after, before, caller)

    @abstractmethod
    async def _result(self, arn: str, caller: Caller) -> ResourceResult:
        """What Ref and Fn::GetAtt give."""

    @abstractmethod
    async def _delete(self, arn: str, caller: Caller) -> None:
        """Delete the resource."""

    async def _call(self, operation: str, params: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        return await self._service.call(operation, dict(params), caller)

    async def _tag(self, arn: str, after: Properties, before: Properties, caller: Caller) -> None:
        added, removed = changed_tags(before.get("Tags"), after.get("Tags"))
        if removed:
            await self._call("RemoveTags", {"ResourceArns": [arn], "TagKeys": removed}, caller)
        if added:
            await self._call("AddTags", {"ResourceArns": [arn], "Tags": added}, caller)


class LoadBalancerResource(_Resource):
    """``AWS::ElasticLoadBalancingV2::LoadBalancer``."""

    type_name = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    replaced_by = ("Name", "Scheme", "Type")
    _created_with = ("Name", "Scheme", "SecurityGroups", "Subnets", "SubnetMappings", "Type", "IpAddressType")

    async def _create(self, properties: Properties, request: ResourceRequest) -> str:
        params = _only(properties, self._created_with)
        params.setdefault("Name", names.generated_name(request.stack, request.logical_id))
        answer = await self._call("CreateLoadBalancer", params, request.caller)
        return str(answer["LoadBalancers"][0]["LoadBalancerArn"])

    async def _update(self, arn: str, before: Properties, after: Properties, caller: Caller) -> None:
        for operation, keys in (
            ("SetSecurityGroups", ("SecurityGroups",)),
            ("SetSubnets", ("Subnets", "SubnetMappings")),
            ("SetIpAddressType", ("IpAddressType",)),
        ):
            given = _only(after, keys)
            if given and given != _only(before, keys):
                await self._call(operation, {"LoadBalancerArn": arn, **given}, caller)

    async def _finish(self, arn: str, after: Properties, before: Properties, caller: Caller) -> None:
        if after.get("LoadBalancerAttributes") and after["LoadBalancerAttributes"] != before.get(
            "LoadBalancerAttributes"
        ):
            params = {"LoadBalancerArn": arn, "Attributes": after["LoadBalancerAttributes"]}
            await self._call("ModifyLoadBalancerAttributes", params, caller)
        await self._tag(arn, after, before, caller)

    async def _result(self, arn: str, caller: Caller) -> ResourceResult:
        answer = await self._call("DescribeLoadBalancers", {"LoadBalancerArns": [arn]}, caller)
        found = answer["LoadBalancers"][0]
        return ResourceResult(
            physical_id=arn,
            attributes={
                "LoadBalancerArn": arn,
                "DNSName": found["DNSName"],
                "CanonicalHostedZoneID": HOSTED_ZONE,
                "LoadBalancerFullName": names.full_name(arn),
                "LoadBalancerName": found["LoadBalancerName"],
                "SecurityGroups": found["SecurityGroups"],
            },
        )

    async def _delete(self, arn: str, caller: Caller) -> None:
        await self._call("DeleteLoadBalancer", {"LoadBalancerArn": arn}, caller)


class TargetGroupResource(_Resource):
    """``AWS::ElasticLoadBalancingV2::TargetGroup``."""

    type_name = "AWS::ElasticLoadBalancingV2::TargetGroup"
    replaced_by = ("Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId", "IpAddressType")
    _checked_with = (
        "HealthCheckEnabled",
        "HealthCheckIntervalSeconds",
        "HealthCheckPath",
        "HealthCheckPort",
        "HealthCheckProtocol",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "UnhealthyThresholdCount",
        "Matcher",
    )

    async def _create(self, properties: Properties, request: ResourceRequest) -> str:
        params = _only(properties, (*self.replaced_by, *self._checked_with))
        params.setdefault("Name", names.generated_name(request.stack, request.logical_id))
        answer = await self._call("CreateTargetGroup", params, request.caller)
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    async def _update(self, arn: str, before: Properties, after: Properties, caller: Caller) -> None:
        checks = _only(after, self._checked_with)
        if checks and checks != _only(before, self._checked_with):
            await self._call("ModifyTargetGroup", {"TargetGroupArn": arn, **checks}, caller)

    async def _finish(self, arn: str, after: Properties, before: Properties, caller: Caller) -> None:
        if after.get("TargetGroupAttributes") and after["TargetGroupAttributes"] != before.get("TargetGroupAttributes"):
            params = {"TargetGroupArn": arn, "Attributes": after["TargetGroupAttributes"]}
            await self._call("ModifyTargetGroupAttributes", params, caller)
        gone = [target for target in before.get("Targets") or () if target not in (after.get("Targets") or ())]
        new = [target for target in after.get("Targets") or () if target not in (before.get("Targets") or ())]
        if gone:
            await self._call("DeregisterTargets", {"TargetGroupArn": arn, "Targets": gone}, caller)
        if new:
            await self._call("RegisterTargets", {"TargetGroupArn": arn, "Targets": new}, caller)
        await self._tag(arn, after, before, caller)

    async def _result(self, arn: str, caller: Caller) -> ResourceResult:
        answer = await self._call("DescribeTargetGroups", {"TargetGroupArns": [arn]}, caller)
        found = answer["TargetGroups"][0]
        return ResourceResult(
            physical_id=arn,
            attributes={
                "TargetGroupArn": arn,
                "TargetGroupFullName": names.full_name(arn),
                "TargetGroupName": found["TargetGroupName"],
                "LoadBalancerArns": found["LoadBalancerArns"],
            },
        )

    async def _delete(self, arn: str, caller: Caller) -> None:
        await self._call("DeleteTargetGroup", {"TargetGroupArn": arn}, caller)


class ListenerResource(_Resource):
    """``AWS::ElasticLoadBalancingV2::Listener``."""

    type_name = "AWS::ElasticLoadBalancingV2::Listener"
    replaced_by = ("LoadBalancerArn",)
    _given = ("Port", "Protocol", "SslPolicy", "Certificates", "DefaultActions")

    async def _create(self, properties: Properties, request: ResourceRequest) -> str:
        answer = await self._call(
            "CreateListener", _only(properties, ("LoadBalancerArn", *self._given)), request.caller
        )
        return str(answer["Listeners"][0]["ListenerArn"])

    async def _update(self, arn: str, before: Properties, after: Properties, caller: Caller) -> None:
        if _only(after, self._given) != _only(before, self._given):
            await self._call("ModifyListener", {"ListenerArn": arn, **_only(after, self._given)}, caller)

    async def _finish(self, arn: str, after: Properties, before: Properties, caller: Caller) -> None:
        if after.get("ListenerAttributes") and after["ListenerAttributes"] != before.get("ListenerAttributes"):
            params = {"ListenerArn": arn, "Attributes": after["ListenerAttributes"]}
            await self._call("ModifyListenerAttributes", params, caller)
        await self._tag(arn, after, before, caller)

    async def _result(self, arn: str, caller: Caller) -> ResourceResult:
        return ResourceResult(physical_id=arn, attributes={"ListenerArn": arn})

    async def _delete(self, arn: str, caller: Caller) -> None:
        await _unless_gone(self._call("DeleteListener", {"ListenerArn": arn}, caller), "ListenerNotFound")


class ListenerRuleResource(_Resource):
    """``AWS::ElasticLoadBalancingV2::ListenerRule``."""

    type_name = "AWS::ElasticLoadBalancingV2::ListenerRule"
    replaced_by = ("ListenerArn",)
    _given = ("Conditions", "Actions", "Transforms")

    async def _create(self, properties: Properties, request: ResourceRequest) -> str:
        params = _only(properties, ("ListenerArn", "Priority", *self._given))
        answer = await self._call("CreateRule", params, request.caller)
        return str(answer["Rules"][0]["RuleArn"])

    async def _update(self, arn: str, before: Properties, after: Properties, caller: Caller) -> None:
        if _only(after, self._given) != _only(before, self._given):
            await self._call("ModifyRule", {"RuleArn": arn, **_only(after, self._given)}, caller)
        if after.get("Priority") != before.get("Priority"):
            priorities = [{"RuleArn": arn, "Priority": after["Priority"]}]
            await self._call("SetRulePriorities", {"RulePriorities": priorities}, caller)

    async def _result(self, arn: str, caller: Caller) -> ResourceResult:
        return ResourceResult(physical_id=arn, attributes={"RuleArn": arn, "IsDefault": False})

    async def _delete(self, arn: str, caller: Caller) -> None:
        await _unless_gone(self._call("DeleteRule", {"RuleArn": arn}, caller), "RuleNotFound")


def handlers(service: ElasticLoadBalancing) -> dict[str, ResourceHandler]:
    """CloudFormation type → its handler."""
    resources = (
        LoadBalancerResource(service),
        TargetGroupResource(service),
        ListenerResource(service),
        ListenerRuleResource(service),
    )
    return {resource.type_name: resource for resource in resources}


def _only(properties: Properties, names_: Iterable[str]) -> dict[str, Any]:
    return {name: properties[name] for name in names_ if properties.get(name) is not None}


async def _unless_gone(call: Awaitable[object], code: str) -> None:
    try:
        await call
    except ServiceError as error:
        if error.code != code:
            raise
