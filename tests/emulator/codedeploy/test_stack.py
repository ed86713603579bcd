"""CodeDeploy's resource types, and a service of its controller, in a stack.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codedeploy-deploymentgroup.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from appdp.errors import LocalError
from appdp.local.stacks import deploy
from tests.emulator.codedeploy.shop import ROLE, Shop
from tests.emulator.ecs.test_control_plane import push


@pytest.fixture
def stacked(shop: Shop) -> Iterator[Shop]:
    """A shop whose stack is deleted when the test has ended."""
    yield shop
    client = shop.client("cloudformation")
    client.delete_stack(StackName=shop.name)
    client.get_waiter("stack_delete_complete").wait(StackName=shop.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def test_a_stack_makes_all_that_a_deployment_needs(stacked: Shop, tmp_path: Path) -> None:
    template = _template(stacked, push(stacked.stage, "one"))
    _deploy(stacked, tmp_path, template)
    assert stacked.serves() == "one"
    assert stacked.stage.aws.unsimulated() == {}
    group = stacked.client("codedeploy").get_deployment_group(
        applicationName=stacked.name, deploymentGroupName=stacked.name
    )["deploymentGroupInfo"]
    assert group["deploymentConfigName"] == f"{stacked.name}-half"
    assert group["ecsServices"] == [{"serviceName": stacked.name, "clusterName": "default"}]
    stacked.reaches(stacked.deploy(push(stacked.stage, "two")), "Succeeded")
    template["Service"]["Properties"]["DesiredCount"] = 2
    template["Group"]["Properties"]["DeploymentConfigName"] = "CodeDeployDefault.ECSAllAtOnce"
    _deploy(stacked, tmp_path, template)
    assert stacked.service()["desiredCount"] == 2
    assert stacked.serves() == "two"
    with pytest.raises(ClientError, match="ECSServiceMappingLimitExceededException"):
        stacked.client("codedeploy").create_deployment_group(**{**stacked.settings(), "deploymentGroupName": "another"})


def test_a_stack_cannot_change_what_code_deploy_deploys(stacked: Shop, tmp_path: Path) -> None:
    template = _template(stacked, push(stacked.stage, "one"))
    _deploy(stacked, tmp_path, template)
    template["Tasks"]["Properties"]["ContainerDefinitions"][0]["Image"] = push(stacked.stage, "two")
    with pytest.raises(LocalError, match="Unable to update task definition on services with a CODE_DEPLOY"):
        _deploy(stacked, tmp_path, template)
    assert stacked.serves() == "one"


def test_a_stack_moves_a_service_from_code_deploy_to_ecs(stacked: Shop, tmp_path: Path) -> None:
    template = _template(stacked, push(stacked.stage, "one"))
    _deploy(stacked, tmp_path, template)
    tasks = stacked.client("ecs").list_tasks(serviceName=stacked.name)["taskArns"]
    for name in ("Group", "Application", "Config"):
        del template[name]
    properties = template["Service"]["Properties"]
    properties["DeploymentController"] = {"Type": "ECS"}
    properties["DeploymentConfiguration"] = {"Strategy": "BLUE_GREEN", "BakeTimeInMinutes": 0}
    properties["LoadBalancers"][0]["AdvancedConfiguration"] = {
        "AlternateTargetGroupArn": stacked.groups["green"],
        "ProductionListenerRule": stacked.rule("prodTrafficRoute"),
        "TestListenerRule": stacked.rule("testTrafficRoute"),
        "RoleArn": ROLE,
    }
    _deploy(stacked, tmp_path, template)
    assert stacked.client("ecs").list_tasks(serviceName=stacked.name)["taskArns"] == tasks
    assert stacked.service()["deployments"][0]["rolloutState"] == "COMPLETED"
    with pytest.raises(ClientError, match="ApplicationDoesNotExistException"):
        stacked.client("codedeploy").get_application(applicationName=stacked.name)
    template["Tasks"]["Properties"]["ContainerDefinitions"][0]["Image"] = push(stacked.stage, "two")
    _deploy(stacked, tmp_path, template)
    assert stacked.serves() == "two"


def _template(shop: Shop, image: str) -> dict[str, Any]:
    container = {"Name": "web", "Image": image, "Essential": True, "PortMappings": [{"ContainerPort": 8080}]}
    place = {"TargetGroupArn": shop.groups["blue"], "ContainerName": "web", "ContainerPort": 8080}
    return {
        "Tasks": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Family": shop.name, "ContainerDefinitions": [container]},
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "ServiceName": shop.name,
                "Cluster": "default",
                "TaskDefinition": {"Ref": "Tasks"},
                "DesiredCount": 1,
                "DeploymentController": {"Type": "CODE_DEPLOY"},
                "LoadBalancers": [place],
            },
        },
        **_code_deploy(shop),
    }


def _code_deploy(shop: Shop) -> dict[str, Any]:
    pair = {
        "ProdTrafficRoute": {"ListenerArns": [shop.balancing["prodTrafficRoute"]]},
        "TestTrafficRoute": {"ListenerArns": [shop.balancing["testTrafficRoute"]]},
        "TargetGroups": [{"Name": f"{shop.name}-{colour}"} for colour in ("blue", "green")],
    }
    half = {"LinearPercentage": 50, "LinearInterval": 1}
    return {
        "Application": {
            "Type": "AWS::CodeDeploy::Application",
            "Properties": {"ApplicationName": shop.name, "ComputePlatform": "ECS"},
        },
        "Config": {
            "Type": "AWS::CodeDeploy::DeploymentConfig",
            "Properties": {
                "DeploymentConfigName": f"{shop.name}-half",
                "ComputePlatform": "ECS",
                "TrafficRoutingConfig": {"Type": "TimeBasedLinear", "TimeBasedLinear": half},
            },
        },
        "Group": {
            "Type": "AWS::CodeDeploy::DeploymentGroup",
            "Properties": {
                "ApplicationName": {"Ref": "Application"},
                "DeploymentGroupName": shop.name,
                "DeploymentConfigName": {"Ref": "Config"},
                "ServiceRoleArn": ROLE,
                "DeploymentStyle": {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"},
                "ECSServices": [{"ServiceName": {"Fn::GetAtt": ["Service", "Name"]}, "ClusterName": "default"}],
                "LoadBalancerInfo": {"TargetGroupPairInfoList": [pair]},
                "BlueGreenDeploymentConfiguration": {
                    "DeploymentReadyOption": {"ActionOnTimeout": "CONTINUE_DEPLOYMENT", "WaitTimeInMinutes": 0},
                    "TerminateBlueInstancesOnDeploymentSuccess": {"Action": "TERMINATE"},
                },
            },
        },
    }


def _deploy(shop: Shop, directory: Path, resources: dict[str, Any]) -> None:
    (directory / "t.json").write_text(json.dumps({"Resources": resources}))
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json", "stackName": shop.name}}
    (directory / "manifest.json").write_text(json.dumps({"artifacts": {shop.name: artifact}}))
    deploy(shop.stage.aws, directory)
