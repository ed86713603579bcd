"""The CloudFormation of a service that CodeDeploy deploys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs

from appdp.cdk import CodeDeployTraffic, Strategy
from appdp.errors import ConfigurationError
from tests.synth.assembly import only, resources_of
from tests.synth.environment import Environment

NAME = "appdp-shop-dev-web"


@pytest.fixture
def template(environment: Environment) -> dict[str, Any]:
    strategy = Strategy.codedeploy(
        traffic=CodeDeployTraffic.CANARY_10_PERCENT_5_MINUTES, termination_wait=Duration.minutes(7)
    )
    alarm = cloudwatch.Alarm.from_alarm_arn(
        environment.services_stack, "Alarm", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors"
    )
    environment.web(strategy=strategy, test_listener=environment.test_listener, alarms=[alarm])
    return environment.services


def test_the_service_leaves_deploying_to_codedeploy(template: dict[str, Any]) -> None:
    service = only(template, "AWS::ECS::Service")
    assert service["DeploymentController"] == {"Type": "CODE_DEPLOY"}
    assert not {"Strategy", "LifecycleHooks", "Alarms", "BakeTimeInMinutes"} & service["DeploymentConfiguration"].keys()
    (balancer,) = service["LoadBalancers"]
    assert "AdvancedConfiguration" not in balancer


def test_the_group_waits_for_the_deployer_and_goes_back_by_itself(template: dict[str, Any]) -> None:
    assert only(template, "AWS::CodeDeploy::Application") == {"ApplicationName": NAME, "ComputePlatform": "ECS"}
    group = only(template, "AWS::CodeDeploy::DeploymentGroup")
    assert (group["ApplicationName"], group["DeploymentGroupName"]) == (NAME, NAME)
    assert group["DeploymentConfigName"] == "CodeDeployDefault.ECSCanary10Percent5Minutes"
    assert group["BlueGreenDeploymentConfiguration"] == {
        "DeploymentReadyOption": {"ActionOnTimeout": "STOP_DEPLOYMENT", "WaitTimeInMinutes": 1440},
        "TerminateBlueInstancesOnDeploymentSuccess": {"Action": "TERMINATE", "TerminationWaitTimeInMinutes": 7},
    }
    assert group["AlarmConfiguration"] == {"Alarms": [{"Name": "errors"}], "Enabled": True}
    assert group["AutoRollbackConfiguration"]["Events"] == [
        "DEPLOYMENT_FAILURE",
        "DEPLOYMENT_STOP_ON_REQUEST",
        "DEPLOYMENT_STOP_ON_ALARM",
    ]


def test_the_group_knows_both_target_groups_and_both_listeners(template: dict[str, Any]) -> None:
    (pair,) = only(template, "AWS::CodeDeploy::DeploymentGroup")["LoadBalancerInfo"]["TargetGroupPairInfoList"]
    named = [one["Name"]["Fn::GetAtt"] for one in pair["TargetGroups"]]
    assert [attribute for _, attribute in named] == ["TargetGroupName", "TargetGroupName"]
    assert [name.startswith(f"WebTraffic{color}") for (name, _), color in zip(named, ("Blue", "Green"), strict=True)]
    assert pair["ProdTrafficRoute"]["ListenerArns"][0].endswith("/production")
    assert pair["TestTrafficRoute"]["ListenerArns"][0].endswith("/test")


def test_the_manifest_names_the_group(template: dict[str, Any]) -> None:
    text = json.dumps(only(template, "AWS::SSM::Parameter"))
    assert f'\\"deployment_group\\":\\"{NAME}/{NAME}\\"' in text.replace("\\\\", "\\")
    assert "codedeploy" in text


def test_the_deployer_may_use_this_group_and_no_other(template: dict[str, Any]) -> None:
    policies = resources_of(template, "AWS::IAM::Policy").values()
    statements = [one for policy in policies for one in policy["Properties"]["PolicyDocument"]["Statement"]]
    create = next(one for one in statements if "codedeploy:CreateDeployment" in one["Action"])
    assert sorted(create["Action"]) == [
        "codedeploy:ContinueDeployment",
        "codedeploy:CreateDeployment",
        "codedeploy:StopDeployment",
    ]
    assert json.dumps(create["Resource"]).endswith(f':deploymentgroup:{NAME}/{NAME}"]]}}')


MOVED = ("AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::ElasticLoadBalancingV2::ListenerRule")


def test_a_service_that_moves_to_ecs_keeps_what_carries_its_traffic(tmp_path: Path) -> None:
    """CloudFormation must neither replace the service nor rewrite a rule, which would send all traffic to blue."""
    before, after = Environment(tmp_path / "before"), Environment(tmp_path / "after")
    before.web(strategy=Strategy.codedeploy(), test_listener=before.test_listener)
    moved = after.web(strategy=Strategy.blue_green(), test_listener=after.test_listener).service.node.default_child
    assert isinstance(moved, ecs.CfnService)
    moved.add_property_override("DeploymentController.Type", "ECS")
    old, new = before.services, after.services
    for kind in MOVED:
        assert len(resources_of(old, kind)) == 2
        assert resources_of(old, kind) == resources_of(new, kind)
    (old_id,), (new_id,) = (resources_of(one, "AWS::ECS::Service") for one in (old, new))
    assert old_id == new_id
    controllers = [only(one, "AWS::ECS::Service").get("DeploymentController", {}).get("Type") for one in (old, new)]
    assert controllers == ["CODE_DEPLOY", "ECS"]
    assert not resources_of(new, "AWS::CodeDeploy::Application")


def test_a_wait_of_more_than_two_days_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"allowed are 0 to 2880 \(two days\)"):
        Strategy.codedeploy(termination_wait=Duration.hours(49))
