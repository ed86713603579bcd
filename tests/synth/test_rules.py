"""The listener rules hold still: ECS moves their weights, and CloudFormation must never move them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack, Tags

from appdp.cdk import Capacity, HealthCheck, Scaling, Strategy
from tests.synth.assembly import Resources, resources_of
from tests.synth.environment import Environment

RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"

REPLACING = ("Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId", "IpAddressType")
"""What CloudFormation cannot change on a target group without making another one.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-elasticloadbalancingv2-targetgroup.html
"""

CHANGES: list[dict[str, Any]] = [
    {"cpu": 512, "memory_mib": 2048},
    {"environment": {"A": "1"}, "enable_execute_command": True},
    {"desired_count": 7},
    {"scaling": Scaling(min=2, max=5)},
    {"capacity": Capacity.mix()},
    {"port": 9090},
    {"health_check": HealthCheck(path="/well", interval=Duration.seconds(30))},
    {"deregistration_delay": Duration.seconds(90)},
    {"strategy": Strategy.canary(percent=5)},
    {"strategy": Strategy.linear(step_percent=20)},
    {"assign_public_ip": True},
]


def rules(setup: Environment, /, **properties: Any) -> Resources:
    setup.web(test_listener=setup.test_listener, **properties)
    return resources_of(setup.services, RULE)


def test_a_rule_names_both_target_groups_and_starts_with_blue(environment: Environment) -> None:
    found = rules(environment, host_headers=["shop.example.com"])
    assert len(found) == 2
    for rule in found.values():
        properties = rule["Properties"]
        assert sorted(properties) == ["Actions", "Conditions", "ListenerArn", "Priority"]
        (action,) = properties["Actions"]
        weights = {group["TargetGroupArn"]["Ref"]: group["Weight"] for group in action["ForwardConfig"]["TargetGroups"]}
        assert [name.rstrip("0123456789ABCDEF") for name in weights] == ["WebTrafficBlue", "WebTrafficGreen"]
        assert list(weights.values()) == [100, 0]
        assert [condition["Field"] for condition in properties["Conditions"]] == ["path-pattern", "host-header"]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(change))
def test_no_other_property_changes_a_rule(environment: Environment, tmp_path: Path, change: dict[str, Any]) -> None:
    assert rules(environment) == rules(Environment(tmp_path / "later"), **change)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(change))
def test_none_replaces_a_target_group(environment: Environment, tmp_path: Path, change: dict[str, Any]) -> None:
    def target_groups(setup: Environment, **properties: Any) -> dict[str, dict[str, Any]]:
        setup.web(test_listener=setup.test_listener, **properties)
        found = resources_of(setup.services, "AWS::ElasticLoadBalancingV2::TargetGroup")
        return {
            name: {key: value for key, value in item["Properties"].items() if key in REPLACING}
            for name, item in found.items()
        }

    # A new target group has a new ARN, and with it the rule's text stays but what it says does not.
    assert target_groups(environment) == target_groups(Environment(tmp_path / "later"), **change)


def test_tags_do_not_reach_a_rule(environment: Environment, tmp_path: Path) -> None:
    later = Environment(tmp_path / "later")
    Tags.of(later.app).add("team", "shop")
    assert rules(environment) == rules(later)
    (service,) = resources_of(later.services, "AWS::ECS::Service").values()
    assert {"Key": "team", "Value": "shop"} in service["Properties"]["Tags"]


@pytest.mark.parametrize(("explicit", "tags"), [(False, {"team": "shop"}), (True, {})])
def test_tags_of_the_app_are_tags_of_the_stack_unless_a_flag_says_otherwise(
    tmp_path: Path, explicit: bool, tags: dict[str, str]
) -> None:
    # CloudFormation passes a stack's tags on to the rules, whatever the template says; the docstring warns of it.
    app = App(outdir=str(tmp_path), post_cli_context={"@aws-cdk/core:explicitStackTags": explicit})
    Stack(app, "services")
    Tags.of(app).add("team", "shop")
    assert app.synth().get_stack_by_name("services").tags == tags
