"""A load balancer of a CloudFormation stack on the whole embedded AWS.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from copy import deepcopy
from typing import Any

import pytest

from appdp.local.lifecycle import EmbeddedAws

ELB = "AWS::ElasticLoadBalancingV2"
RESOURCES: dict[str, Any] = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "SubnetA": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "us-east-1a"},
    },
    "SubnetB": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1b"},
    },
    "Balancer": {
        "Type": f"{ELB}::LoadBalancer",
        "Properties": {"Name": "web", "Subnets": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}], "Type": "application"},
    },
    "Group": {
        "Type": f"{ELB}::TargetGroup",
        "Properties": {"Port": 80, "Protocol": "HTTP", "TargetType": "ip", "VpcId": {"Ref": "Vpc"}},
    },
    "Listener": {
        "Type": f"{ELB}::Listener",
        "Properties": {
            "LoadBalancerArn": {"Ref": "Balancer"},
            "Port": 80,
            "Protocol": "HTTP",
            "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        },
    },
    "Rule": {
        "Type": f"{ELB}::ListenerRule",
        "Properties": {
            "ListenerArn": {"Ref": "Listener"},
            "Priority": 1,
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}],
            "Actions": [
                {
                    "Type": "forward",
                    "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": {"Ref": "Group"}, "Weight": 1}]},
                }
            ],
        },
    },
}
OUTPUTS = {"Name": {"Value": {"Fn::GetAtt": ["Balancer", "DNSName"]}}, "Group": {"Value": {"Ref": "Group"}}}


def deploy(aws: EmbeddedAws, operation: str, resources: dict[str, Any]) -> dict[str, str]:
    """Create or update the stack; its outputs."""
    stacks = aws.client("cloudformation")
    template = json.dumps({"Resources": resources, "Outputs": OUTPUTS})
    getattr(stacks, f"{operation}_stack")(StackName="network", TemplateBody=template)
    stacks.get_waiter(f"stack_{operation}_complete").wait(StackName="network", WaiterConfig={"Delay": 1})
    (stack,) = stacks.describe_stacks(StackName="network")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def status_of(url: str) -> int:
    """The status that a GET is answered with."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url)  # noqa: S310 - an address on loopback
    caught.value.close()
    return caught.value.code


def test_a_stack_s_load_balancer_answers_follows_updates_and_goes() -> None:
    with EmbeddedAws.start(docker=False) as aws:
        elb = aws.client("elbv2")
        first = deploy(aws, "create", RESOURCES)
        assert first["Name"].startswith("web-")
        url = aws.listeners()["web:80"]
        assert (status_of(f"{url}/other"), status_of(f"{url}/api/x")) == (404, 503)
        (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
        assert balancer["VpcId"].startswith("vpc-")
        assert {zone["ZoneName"] for zone in balancer["AvailabilityZones"]} == {"us-east-1a", "us-east-1b"}

        changed = deepcopy(RESOURCES)
        changed["Group"]["Properties"]["Port"] = 81
        second = deploy(aws, "update", changed)
        assert second["Group"] != first["Group"]
        (group,) = elb.describe_target_groups()["TargetGroups"]
        assert (group["TargetGroupArn"], group["LoadBalancerArns"]) == (second["Group"], [balancer["LoadBalancerArn"]])
        assert aws.listeners()["web:80"] == url

        stacks = aws.client("cloudformation")
        stacks.delete_stack(StackName="network")
        stacks.get_waiter("stack_delete_complete").wait(StackName="network", WaiterConfig={"Delay": 1})
        assert aws.listeners() == {}
        assert elb.describe_target_groups()["TargetGroups"] == []
