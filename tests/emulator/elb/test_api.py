"""The API as boto3 sees it: shapes, defaults, error codes, paging.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import boto3
import pytest
from aiohttp import web
from botocore.exceptions import ClientError

from appdp.local.protocol import ServedService
from tests.emulator.elb.bench import CALLER, GROUP, bench, fixed, forward, path

Client: TypeAlias = Any
"""A boto3 client; they have no common type."""

Script = Callable[[Client], None]


def with_boto3(script: Script) -> None:
    """Run a script with a boto3 client of a fresh load balancing."""

    async def run() -> None:
        async with bench() as at:
            served = ServedService(at.parts.service)

            async def answer(request: web.BaseRequest) -> web.StreamResponse:
                headers: Mapping[str, str] = {name.lower(): value for name, value in request.headers.items()}
                made = await served.handle(headers, await request.read(), CALLER)
                return web.Response(status=made.status, body=made.body, headers=dict(made.headers))

            server = web.Server(answer, access_log=None)
            socket = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
            client = boto3.client(
                "elbv2",
                endpoint_url=f"http://127.0.0.1:{socket.sockets[0].getsockname()[1]}",
                region_name=CALLER.region,
                aws_access_key_id=CALLER.account,
                aws_secret_access_key="-",  # noqa: S106 - nobody checks it
            )
            try:
                await asyncio.to_thread(script, client)
            finally:
                client.close()
                socket.close()
                server.pre_shutdown()
                await server.shutdown(1)

    asyncio.run(run())


def refused(code: str, message: str, call: Callable[..., Any], **params: Any) -> None:
    """A call ends with this error."""
    with pytest.raises(ClientError, match=message) as caught:
        call(**params)
    assert caught.value.response["Error"]["Code"] == code


def balancer(elb: Client, name: str = "web", **params: Any) -> dict[str, Any]:
    """A new load balancer."""
    answer = elb.create_load_balancer(Name=name, Subnets=["subnet-b", "subnet-a"], **params)
    return dict(answer["LoadBalancers"][0])


def group(elb: Client, name: str = "blue", **params: Any) -> str:
    """A new target group's ARN."""
    return str(elb.create_target_group(Name=name, **{**GROUP, **params})["TargetGroups"][0]["TargetGroupArn"])


def test_load_balancers() -> None:
    def script(elb: Client) -> None:
        made = balancer(elb, SecurityGroups=["sg-1"])
        assert re.fullmatch(
            r"arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/web/[0-9a-f]{16}",
            made["LoadBalancerArn"],
        )
        assert re.fullmatch(r"web-\d{10}\.us-east-1\.elb\.amazonaws\.com", made["DNSName"])
        assert made["State"] == {"Code": "active"}
        assert made["VpcId"] == "vpc-1"
        assert [zone["ZoneName"] for zone in made["AvailabilityZones"]] == ["us-east-1a", "us-east-1b"]
        assert balancer(elb, SecurityGroups=["sg-1"]) == made
        refused(
            "DuplicateLoadBalancerName",
            "'web' exists, but with different settings",
            elb.create_load_balancer,
            Name="web",
            Subnets=["subnet-a"],
        )
        assert balancer(elb, "inner", Scheme="internal")["DNSName"].startswith("internal-inner-")
        assert elb.describe_load_balancers(Names=["web"])["LoadBalancers"] == [made]
        refused("LoadBalancerNotFound", "'\\[none\\]' not found", elb.describe_load_balancers, Names=["none"])
        refused("SubnetNotFound", "'subnet-x' does not exist", elb.create_load_balancer, Name="x", Subnets=["subnet-x"])
        refused("ValidationError", "'network'", balancer, elb=elb, name="net", Type="network")
        elb.set_security_groups(LoadBalancerArn=made["LoadBalancerArn"], SecurityGroups=["sg-2"])
        elb.set_subnets(LoadBalancerArn=made["LoadBalancerArn"], Subnets=["subnet-a"])
        (changed,) = elb.describe_load_balancers(LoadBalancerArns=[made["LoadBalancerArn"]])["LoadBalancers"]
        assert changed["SecurityGroups"] == ["sg-2"]
        assert [zone["SubnetId"] for zone in changed["AvailabilityZones"]] == ["subnet-a"]
        elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[made["LoadBalancerArn"]])

    with_boto3(script)


def test_deletion_protection() -> None:
    def script(elb: Client) -> None:
        arn = balancer(elb)["LoadBalancerArn"]
        for value in ("true", "false"):
            attributes = [{"Key": "deletion_protection.enabled", "Value": value}]
            answer = elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)
            assert attributes[0] in answer["Attributes"]
            if value == "true":
                refused("OperationNotPermitted", "protection", elb.delete_load_balancer, LoadBalancerArn=arn)
        elb.delete_load_balancer(LoadBalancerArn=arn)
        elb.delete_load_balancer(LoadBalancerArn=arn)
        refused("LoadBalancerNotFound", "not found", elb.describe_load_balancers, LoadBalancerArns=[arn])

    with_boto3(script)


def test_target_groups() -> None:
    def script(elb: Client) -> None:
        arn = group(elb)
        assert re.fullmatch(r"arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/blue/[0-9a-f]{16}", arn)
        (made,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
        assert made["HealthCheckPort"] == "traffic-port"
        assert made["Matcher"] == {"HttpCode": "200"}
        assert made["LoadBalancerArns"] == []
        assert group(elb) == arn
        refused("DuplicateTargetGroupName", "different settings", group, elb=elb, Port=1)
        refused("ValidationError", "'instance'", group, elb=elb, name="i", TargetType="instance")
        refused("ValidationError", "less than interval", group, elb=elb, name="i", HealthCheckTimeoutSeconds=5)
        refused("ValidationError", "within '200-499'", group, elb=elb, name="i", Matcher={"HttpCode": "200-599"})
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/ready", UnhealthyThresholdCount=3)
        (changed,) = elb.describe_target_groups(Names=["blue"])["TargetGroups"]
        assert changed == {**made, "HealthCheckPath": "/ready", "UnhealthyThresholdCount": 3}
        refused("TargetGroupNotFound", "not found", elb.describe_target_groups, Names=["none"])

    with_boto3(script)


def test_target_group_attributes() -> None:
    def script(elb: Client) -> None:
        arn, key = group(elb), "deregistration_delay.timeout_seconds"
        before = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        assert {"Key": key, "Value": "300"} in before
        change = elb.modify_target_group_attributes
        change(TargetGroupArn=arn, Attributes=[{"Key": key, "Value": "5"}])
        assert {"Key": key, "Value": "5"} in elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        wrong = [{"Key": key, "Value": "3601"}]
        refused("ValidationError", "between 0 and 3600", change, TargetGroupArn=arn, Attributes=wrong)
        unknown = [{"Key": "no.such", "Value": "1"}]
        refused("ValidationError", "'no.such' is not recognized", change, TargetGroupArn=arn, Attributes=unknown)

    with_boto3(script)


def test_listeners_and_their_default_rule() -> None:
    def script(elb: Client) -> None:
        made, blue = balancer(elb), group(elb)
        params = {"LoadBalancerArn": made["LoadBalancerArn"], "Port": 80, "Protocol": "HTTP"}
        action = {"Type": "forward", "TargetGroupArn": blue}
        (listener,) = elb.create_listener(**params, DefaultActions=[action])["Listeners"]
        assert listener["ListenerArn"].startswith(made["LoadBalancerArn"].replace(":loadbalancer/", ":listener/"))
        assert listener["DefaultActions"][0]["TargetGroupArn"] == blue
        refused("DuplicateListener", "on port 80", elb.create_listener, **params, DefaultActions=[action])
        (default,) = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        assert (default["Priority"], default["IsDefault"], default["Conditions"]) == ("default", True, [])
        refused("OperationNotPermitted", "cannot be deleted", elb.delete_rule, RuleArn=default["RuleArn"])
        refused("ResourceInUse", "in use by a listener or a rule", elb.delete_target_group, TargetGroupArn=blue)
        (used,) = elb.describe_target_groups(LoadBalancerArn=made["LoadBalancerArn"])["TargetGroups"]
        assert used["LoadBalancerArns"] == [made["LoadBalancerArn"]]
        elb.modify_listener(ListenerArn=listener["ListenerArn"], Port=81, DefaultActions=[fixed(404)])
        (changed,) = elb.describe_listeners(LoadBalancerArn=made["LoadBalancerArn"])["Listeners"]
        assert (changed["Port"], changed["DefaultActions"][0]["Type"]) == (81, "fixed-response")
        elb.delete_target_group(TargetGroupArn=blue)
        refused(
            "TargetGroupNotFound",
            "not found",
            elb.modify_listener,
            ListenerArn=listener["ListenerArn"],
            DefaultActions=[action],
        )

    with_boto3(script)


def test_rules() -> None:
    def script(elb: Client) -> None:
        made, blue, green = balancer(elb), group(elb), group(elb, "green")
        params = {"LoadBalancerArn": made["LoadBalancerArn"], "Port": 80, "Protocol": "HTTP"}
        listener = elb.create_listener(**params, DefaultActions=[fixed(404)])["Listeners"][0]["ListenerArn"]

        def create(priority: int) -> dict[str, Any]:
            actions = [forward(**{blue: 100, green: 0})]
            answer = elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=[path("/*")], Actions=actions)
            return dict(answer["Rules"][0])

        rule = create(10)
        assert rule["RuleArn"].startswith(listener.replace(":listener/", ":listener-rule/"))
        config = rule["Actions"][0]["ForwardConfig"]
        assert [one["Weight"] for one in config["TargetGroups"]] == [100, 0]
        assert rule["Conditions"][0]["Values"] == ["/*"]
        with pytest.raises(ClientError, match="Priority '10' is currently in use"):
            create(10)
        other = create(20)
        refused(
            "PriorityInUse",
            "'20'",
            elb.set_rule_priorities,
            RulePriorities=[{"RuleArn": rule["RuleArn"], "Priority": 20}],
        )
        swap = [{"RuleArn": rule["RuleArn"], "Priority": 20}, {"RuleArn": other["RuleArn"], "Priority": 10}]
        elb.set_rule_priorities(RulePriorities=swap)
        found = elb.describe_rules(ListenerArn=listener)["Rules"]
        assert [one["Priority"] for one in found] == ["10", "20", "default"]
        assert found[0]["RuleArn"] == other["RuleArn"]
        (changed,) = elb.modify_rule(RuleArn=rule["RuleArn"], Actions=[forward(**{green: 1})])["Rules"]
        assert changed["Actions"][0]["TargetGroupArn"] == green
        assert changed["Conditions"] == rule["Conditions"]
        elb.delete_rule(RuleArn=rule["RuleArn"])
        refused("RuleNotFound", "not found", elb.describe_rules, RuleArns=[rule["RuleArn"]])

    with_boto3(script)


def test_a_target_group_serves_one_load_balancer() -> None:
    def script(elb: Client) -> None:
        blue = group(elb)
        for name, refusal in (("one", False), ("two", True)):
            params = {"LoadBalancerArn": balancer(elb, name)["LoadBalancerArn"], "Port": 80, "Protocol": "HTTP"}
            params["DefaultActions"] = [{"Type": "forward", "TargetGroupArn": blue}]
            if refusal:
                refused("TargetGroupAssociationLimit", "more than one load balancer", elb.create_listener, **params)
            else:
                elb.create_listener(**params)

    with_boto3(script)


def test_targets() -> None:
    def script(elb: Client) -> None:
        blue = group(elb)
        elb.register_targets(TargetGroupArn=blue, Targets=[{"Id": "10.0.0.1"}, {"Id": "10.0.0.1", "Port": 81}])
        found = elb.describe_target_health(TargetGroupArn=blue)["TargetHealthDescriptions"]
        assert [one["Target"]["Port"] for one in found] == [8080, 81]
        assert found[0]["TargetHealth"]["Reason"] == "Target.NotInUse"
        elb.deregister_targets(TargetGroupArn=blue, Targets=[{"Id": "10.0.0.1", "Port": 81}])
        found = elb.describe_target_health(TargetGroupArn=blue)["TargetHealthDescriptions"]
        assert [one["TargetHealth"]["State"] for one in found] == ["unused", "draining"]
        wrong = [{"Id": "i-1"}]
        refused("ValidationError", "'i-1' is not a valid", elb.register_targets, TargetGroupArn=blue, Targets=wrong)

    with_boto3(script)


def test_tags() -> None:
    def script(elb: Client) -> None:
        blue = group(elb, Tags=[{"Key": "a", "Value": "1"}])
        elb.add_tags(ResourceArns=[blue], Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}])
        elb.remove_tags(ResourceArns=[blue], TagKeys=["b", "c"])
        (found,) = elb.describe_tags(ResourceArns=[blue])["TagDescriptions"]
        assert found == {"ResourceArn": blue, "Tags": [{"Key": "a", "Value": "3"}]}
        twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
        refused("DuplicateTagKeys", "more than once", elb.add_tags, ResourceArns=[blue], Tags=twice)

    with_boto3(script)


def test_paging() -> None:
    def script(elb: Client) -> None:
        names = [f"group-{number}" for number in range(5)]
        for name in names:
            group(elb, name)
        pages = elb.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 2})
        assert [[one["TargetGroupName"] for one in page["TargetGroups"]] for page in pages] == [
            names[:2],
            names[2:4],
            names[4:],
        ]
        refused("ValidationError", "not a valid marker", elb.describe_target_groups, Marker="x")

    with_boto3(script)


def test_what_is_not_there_says_so() -> None:
    def script(elb: Client) -> None:
        refused("InvalidAction", "has no DescribeTrustStores", elb.describe_trust_stores)

    with_boto3(script)
