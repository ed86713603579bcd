"""A service with all that belongs to it, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import Stubber

from appdp.aws.blueprints import AwsBlueprints
from appdp.aws.session import Session
from appdp.cli.actions import ACTIONS
from appdp.errors import NotFound, RemoteError
from tests.unit.aws.server import AwsSays, AwsServer

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}


def service(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "serviceName": "api",
        "status": "ACTIVE",
        "taskDefinition": "td:1",
        "networkConfiguration": NETWORK,
    }
    return {**found, **more}


def answer(aws: AwsServer, *services: dict[str, Any]) -> None:
    aws.answers["DescribeServices"] = lambda _: {"services": list(services), "failures": []}
    aws.answers["DescribeTaskDefinition"] = lambda _: {"taskDefinition": {"family": "api"}}
    aws.answers["ListServices"] = lambda _: {"serviceArns": ["arn:aws:ecs:r:1:service/shop/api"]}
    aws.answers["ListClusters"] = lambda _: {"clusterArns": ["arn:aws:ecs:r:1:cluster/shop"]}


def subnets(stub: Stubber) -> None:
    found = [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "us-east-1a"}]
    stub.add_response("describe_subnets", {"Subnets": found}, {"SubnetIds": ["subnet-1"]})


def test_a_service_without_a_load_balancer(aws: AwsServer, session: Session) -> None:
    answer(aws, service())
    with Stubber(session.ec2) as ec2:
        subnets(ec2)
        found = AwsBlueprints(session).read("shop", "api")
    assert (found.vpc, found.zones) == ("vpc-1", {"subnet-1": "us-east-1a"})
    assert found.definition == {"family": "api"}
    assert (found.rule, found.listener) == ({}, "")


@pytest.fixture
def called(session: Session) -> set[str]:
    """The IAM actions of what is called."""
    found: set[str] = set()
    prefixes = {"elastic-load-balancing-v2": "elasticloadbalancing"}

    def note(event_name: str, **given: object) -> None:
        _, service, operation = event_name.split(".")
        found.add(f"{prefixes.get(service, service)}:{operation}")

    session.boto.events.register("before-parameter-build.*.*", note)
    return found


def test_the_rule_on_the_listener_with_the_smallest_port(aws: AwsServer, session: Session, called: set[str]) -> None:
    answer(aws, service(loadBalancers=[{"targetGroupArn": "tg/blue"}]))
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "tg/blue", "Weight": 100}]}}
    rules = [
        {"RuleArn": "r/1", "Priority": "5", "Actions": [{"Type": "forward", "TargetGroupArn": "tg/other"}]},
        {"RuleArn": "r/2", "Priority": "7", "Actions": [forward]},
        {"RuleArn": "r/3", "Priority": "default", "Actions": [{"Type": "fixed-response"}]},
    ]
    with Stubber(session.ec2) as ec2, Stubber(session.elbv2) as elb:
        subnets(ec2)
        group = {"TargetGroupArn": "tg/blue", "LoadBalancerArns": ["lb/1"], "HealthCheckPath": "/well"}
        elb.add_response("describe_target_groups", {"TargetGroups": [group]})
        elb.add_response("describe_target_group_attributes", {"Attributes": [{"Key": "a", "Value": "b"}]})
        listeners = [{"ListenerArn": "l/9000", "Port": 9000}, {"ListenerArn": "l/80", "Port": 80}]
        elb.add_response("describe_listeners", {"Listeners": listeners})
        elb.add_response("describe_rules", {"Rules": rules}, {"ListenerArn": "l/80"})
        elb.add_response("describe_load_balancers", {"LoadBalancers": [{"SecurityGroups": ["sg-9"]}]})
        found = AwsBlueprints(session).read("shop", "api")
    assert (found.listener, found.rule["RuleArn"], found.priorities) == ("l/80", "r/2", (5, 7))
    assert (found.attributes, found.balancer_groups) == ({"a": "b"}, ("sg-9",))
    assert found.target_group["HealthCheckPath"] == "/well"
    assert called == ACTIONS["init"] - {"ecs:ListClusters", "ecs:ListServices"}


def test_names_that_are_wrong(aws: AwsServer, session: Session, called: set[str]) -> None:
    answer(aws, service(status="INACTIVE"))
    with pytest.raises(NotFound, match=r"No service of cluster shop is called 'db'. There are: api"):
        AwsBlueprints(session).read("shop", "db")

    def no_cluster(_: object) -> dict[str, object]:
        raise AwsSays("ClusterNotFoundException")

    aws.answers["DescribeServices"] = no_cluster
    with pytest.raises(NotFound, match=r"No cluster is called 'nowhere'. There are: shop"):
        AwsBlueprints(session).read("nowhere", "api")

    assert called == {"ecs:DescribeServices", "ecs:ListClusters", "ecs:ListServices"}

    def denied(_: object) -> dict[str, object]:
        raise AwsSays("AccessDeniedException")

    aws.answers["DescribeServices"] = denied
    with pytest.raises(RemoteError, match="AWS refused ecs:DescribeServices"):
        AwsBlueprints(session).read("shop", "api")
