"""The CloudFormation resource types.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElasticLoadBalancingV2.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from appdp.local.wire import ResourceRequest, ResourceResult, ServiceError
from tests.emulator.elb.bench import CALLER, Bench, bench

PREFIX = "AWS::ElasticLoadBalancingV2::"
GROUP = {
    "Port": "8080",
    "Protocol": "HTTP",
    "TargetType": "ip",
    "VpcId": "vpc-1",
    "HealthCheckPath": "/health",
    "HealthCheckIntervalSeconds": "5",
    "HealthCheckTimeoutSeconds": 2,
    "HealthCheckEnabled": "true",
    "Matcher": {"HttpCode": "200"},
    "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}],
    "Tags": [{"Key": "team", "Value": "shop"}],
}


def request(logical_id: str, properties: Mapping[str, Any], **more: Any) -> ResourceRequest:
    """A request for one resource of the stack ``shop-network``."""
    return ResourceRequest(logical_id=logical_id, stack="shop-network", properties=properties, caller=CALLER, **more)


async def create(at: Bench, kind: str, properties: Mapping[str, Any], logical_id: str = "Thing1234") -> ResourceResult:
    """Create a resource."""
    return await at.parts.handlers[PREFIX + kind].create(request(logical_id, properties))


async def update(
    at: Bench, kind: str, made: ResourceResult, before: Mapping[str, Any], after: Mapping[str, Any]
) -> ResourceResult:
    """Update a resource."""
    wanted = request("Thing1234", after, physical_id=made.physical_id, previous=before)
    return await at.parts.handlers[PREFIX + kind].update(wanted)


async def delete(at: Bench, kind: str, made: ResourceResult) -> None:
    """Delete a resource."""
    await at.parts.handlers[PREFIX + kind].delete(request("Thing1234", {}, physical_id=made.physical_id))


def balancer(**more: Any) -> dict[str, Any]:
    """A load balancer's properties."""
    return {"Scheme": "internet-facing", "Subnets": ["subnet-a", "subnet-b"], "Type": "application", **more}


def forward(*shares: tuple[str, object]) -> list[dict[str, Any]]:
    """Actions as the CDK writes them, weights as numbers or text."""
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in shares]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]


def test_a_whole_stack_lives_and_goes() -> None:
    async def run() -> None:
        async with bench() as at:
            attributes = [{"Key": "idle_timeout.timeout_seconds", "Value": "30"}]
            made = await create(
                at, "LoadBalancer", balancer(SecurityGroups=["sg-1"], LoadBalancerAttributes=attributes)
            )
            name = made.attributes["LoadBalancerName"]
            assert name.startswith("shop-n-Thing-")
            assert len(name) <= 32
            assert made.attributes["LoadBalancerArn"] == made.physical_id
            assert made.attributes["LoadBalancerFullName"] == made.physical_id.partition("loadbalancer/")[2]
            assert made.attributes["CanonicalHostedZoneID"] == "Z35SXDOTRQ7X7K"
            assert made.attributes["DNSName"].startswith(f"{name}-")
            assert made.attributes["SecurityGroups"] == ["sg-1"]
            group = await create(at, "TargetGroup", GROUP)
            assert group.attributes["TargetGroupFullName"] == group.physical_id.partition("000000000000:")[2]
            assert group.attributes["LoadBalancerArns"] == []
            listening = {"LoadBalancerArn": made.physical_id, "Port": "80", "Protocol": "HTTP"}
            action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
            listener = await create(at, "Listener", {**listening, "DefaultActions": [action]})
            assert listener.attributes == {"ListenerArn": listener.physical_id}
            rule = await create(
                at,
                "ListenerRule",
                {
                    "ListenerArn": listener.physical_id,
                    "Priority": "10",
                    "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
                    "Actions": forward((group.physical_id, "1")),
                },
            )
            assert rule.attributes == {"RuleArn": rule.physical_id, "IsDefault": False}
            assert (await at.get(at.parts.listeners()[f"{name}:80"]))[0] == 503
            tags = await at.call("DescribeTags", ResourceArns=[group.physical_id])
            assert tags["TagDescriptions"][0]["Tags"] == [{"Key": "team", "Value": "shop"}]
            for kind, one in (("ListenerRule", rule), ("Listener", listener), ("TargetGroup", group)):
                await delete(at, kind, one)
            await delete(at, "LoadBalancer", made)
            for kind, one in (("ListenerRule", rule), ("Listener", listener), ("LoadBalancer", made)):
                await delete(at, kind, one)
            assert at.parts.listeners() == {}

    asyncio.run(run())


def test_a_rule_is_written_only_when_its_text_changes_and_then_puts_its_weights_back() -> None:
    """See: https://github.com/aws/aws-cdk/issues/36649"""

    async def run() -> None:
        async with bench() as at:
            made = await create(at, "LoadBalancer", balancer())
            one = (await create(at, "TargetGroup", GROUP, "Blue")).physical_id
            two = (await create(at, "TargetGroup", GROUP, "Green")).physical_id
            action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
            listening = {"LoadBalancerArn": made.physical_id, "Port": 80, "Protocol": "HTTP"}
            listener = await create(at, "Listener", {**listening, "DefaultActions": [action]})
            before = {
                "ListenerArn": listener.physical_id,
                "Priority": 10,
                "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}],
                "Actions": forward((one, 100), (two, 0)),
            }
            rule = await create(at, "ListenerRule", before)
            weights = at.parts.load_balancing.rule_weights
            at.parts.load_balancing.set_rule_weights(rule.physical_id, {one: 0, two: 100})
            await update(at, "ListenerRule", rule, before, {**before, "Priority": "20"})
            assert weights(rule.physical_id) == {one: 0, two: 100}
            changed = {**before, "Conditions": [{"Field": "path-pattern", "Values": ["/api/*"]}]}
            again = await update(at, "ListenerRule", rule, before, changed)
            assert again.physical_id == rule.physical_id
            assert weights(rule.physical_id) == {one: 100, two: 0}

    asyncio.run(run())


def test_settings_change_in_place() -> None:
    async def run() -> None:
        async with bench() as at:
            before = balancer(SecurityGroups=["sg-1"])
            made = await create(at, "LoadBalancer", before)
            attributes = [{"Key": "idle_timeout.timeout_seconds", "Value": "30"}]
            after = balancer(SecurityGroups=["sg-2"], LoadBalancerAttributes=attributes)
            result = await update(at, "LoadBalancer", made, before, after)
            assert result.physical_id == made.physical_id
            assert result.attributes["SecurityGroups"] == ["sg-2"]
            group = await create(at, "TargetGroup", GROUP)
            changed = {**GROUP, "HealthCheckPath": "/ready", "Tags": [{"Key": "owner", "Value": "x"}]}
            assert (await update(at, "TargetGroup", group, GROUP, changed)).physical_id == group.physical_id
            found = (await at.call("DescribeTargetGroups", TargetGroupArns=[group.physical_id]))["TargetGroups"][0]
            assert found["HealthCheckPath"] == "/ready"
            tags = await at.call("DescribeTags", ResourceArns=[group.physical_id])
            assert tags["TagDescriptions"][0]["Tags"] == [{"Key": "owner", "Value": "x"}]
            action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
            listening = {
                "LoadBalancerArn": made.physical_id,
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": [action],
            }
            listener = await create(at, "Listener", listening)
            moved = await update(at, "Listener", listener, listening, {**listening, "Port": "81"})
            assert moved.physical_id == listener.physical_id
            assert list(at.parts.listeners()) == [f"{made.attributes['LoadBalancerName']}:81"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "before", "change"),
    [
        ("TargetGroup", GROUP, {"Port": 9090}),
        ("TargetGroup", {**GROUP, "Name": "one"}, {"Name": "two"}),
        ("LoadBalancer", balancer(), {"Scheme": "internal"}),
    ],
)
def test_some_properties_replace_the_resource(kind: str, before: dict[str, Any], change: dict[str, Any]) -> None:
    async def run() -> None:
        async with bench() as at:
            made = await create(at, kind, before)
            result = await update(at, kind, made, before, {**before, **change})
            assert result.physical_id != made.physical_id
            await delete(at, kind, made)

    asyncio.run(run())


def test_a_named_resource_is_not_replaced() -> None:
    async def run() -> None:
        async with bench() as at:
            before = {**GROUP, "Name": "one"}
            made = await create(at, "TargetGroup", before)
            with pytest.raises(ServiceError, match="Rename one and update the stack again"):
                await update(at, "TargetGroup", made, before, {**before, "Port": 9090})

    asyncio.run(run())


def test_a_resource_that_fails_half_way_leaves_nothing() -> None:
    async def run() -> None:
        async with bench() as at:
            wrong = {**GROUP, "TargetGroupAttributes": [{"Key": "no.such", "Value": "1"}]}
            with pytest.raises(ServiceError, match="not recognized"):
                await create(at, "TargetGroup", wrong)
            with pytest.raises(ServiceError, match="'4' must be between 5 and 300"):
                await create(at, "TargetGroup", {**GROUP, "HealthCheckIntervalSeconds": "4"})
            assert (await at.call("DescribeTargetGroups"))["TargetGroups"] == []

    asyncio.run(run())
