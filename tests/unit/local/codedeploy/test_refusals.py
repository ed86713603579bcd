"""What CodeDeploy, and ECS under CODE_DEPLOY, refuse, under the names that AWS gives it.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html,
API_CreateDeployment.html and https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.local.codedeploy.cd_world import LONG, CodeDeployWorld, app_spec, in_shop, settings
from tests.unit.local.ecs.world import BLUE, balancer, rolling

from appdp.local.codedeploy import app_spec as specs
from appdp.local.codedeploy import configs
from appdp.local.wire import ServiceError

ROUTES = {"prodTrafficRoute": {"listenerArns": ["production-listener"]}}


def _pair(**changes: object) -> dict[str, Any]:
    groups = [{"name": "blue"}, {"name": "green"}]
    return {"targetGroupPairInfoList": [{"targetGroups": groups, **ROUTES, **changes}]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"applicationName": "nothing"}, "ApplicationDoesNotExistException"),
        ({"deploymentConfigName": "nothing"}, "DeploymentConfigDoesNotExistException"),
        ({"serviceRoleArn": ""}, "RoleRequiredException"),
        ({"deploymentStyle": {"deploymentType": "IN_PLACE"}}, "InvalidDeploymentStyleException"),
        ({"ecsServices": []}, "InvalidECSServiceException"),
        ({"ecsServices": [{"serviceName": "nothing"}]}, "InvalidECSServiceException"),
        ({"ecsServices": [{"serviceName": "rolling"}]}, "InvalidECSServiceException"),
        ({"loadBalancerInfo": {}}, "InvalidLoadBalancerInfoException"),
        ({"loadBalancerInfo": _pair(targetGroups=[{"name": "blue"}])}, "InvalidTargetGroupPairException"),
        (
            {"loadBalancerInfo": _pair(targetGroups=[{"name": "blue"}, {"name": "x"}])},
            "InvalidTargetGroupPairException",
        ),
        ({"loadBalancerInfo": _pair(prodTrafficRoute={"listenerArns": []})}, "InvalidTargetGroupPairException"),
        ({"loadBalancerInfo": _pair(testTrafficRoute={"listenerArns": ["x"]})}, "InvalidTargetGroupPairException"),
        ({"blueGreenDeploymentConfiguration": {}}, "InvalidBlueGreenDeploymentConfigurationException"),
        (settings(approval=LONG + 1), "InvalidBlueGreenDeploymentConfigurationException"),
        ({"alarmConfiguration": {"alarms": [{"name": str(n)} for n in range(11)]}}, "AlarmsLimitExceededException"),
    ],
)
def test_deployment_groups(changes: dict[str, Any], code: str) -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open()
        await world("CreateService", serviceName="rolling", taskDefinition=await world.register())
        await world.cd("DeleteDeploymentGroup", applicationName="shop", deploymentGroupName="web")
        with pytest.raises(ServiceError) as caught:
            await world.cd("CreateDeploymentGroup", **{**settings(), **changes})
        assert caught.value.code == code
        listed = await world.cd("ListDeploymentGroups", applicationName="shop")
        assert listed["deploymentGroups"] == []

    in_shop(story)


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("CreateApplication", {"applicationName": "shop"}, "ApplicationAlreadyExistsException"),
        ("CreateApplication", {"applicationName": "new"}, "InvalidComputePlatformException"),
        ("CreateDeploymentGroup", settings(), "DeploymentGroupAlreadyExistsException"),
        ("CreateDeploymentGroup", settings(deploymentGroupName="two"), "ECSServiceMappingLimitExceededException"),
        ("GetApplication", {"applicationName": "nothing"}, "ApplicationDoesNotExistException"),
        (
            "GetDeploymentGroup",
            {"applicationName": "shop", "deploymentGroupName": "x"},
            "DeploymentGroupDoesNotExistException",
        ),
        ("GetDeploymentConfig", {"deploymentConfigName": "nothing"}, "DeploymentConfigDoesNotExistException"),
        (
            "DeleteDeploymentConfig",
            {"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"},
            "InvalidOperationException",
        ),
        ("BatchGetDeployments", {"deploymentIds": ["d-0"] * 26}, "BatchLimitExceededException"),
        ("CreateDeployment", {"applicationName": "shop"}, "DeploymentGroupNameRequiredException"),
        (
            "CreateDeployment",
            {"applicationName": "shop", "deploymentGroupName": "web"},
            "RevisionRequiredException",
        ),
        ("GetDeployment", {"deploymentId": "d-0"}, "DeploymentDoesNotExistException"),
        ("StopDeployment", {"deploymentId": "d-0"}, "DeploymentDoesNotExistException"),
        ("ContinueDeployment", {}, "DeploymentIdRequiredException"),
        ("ListDeployments", {"nextToken": "x"}, "InvalidNextTokenException"),
        ("RegisterOnPremisesInstance", {"instanceName": "x"}, "OperationNotSupportedException"),
    ],
)
def test_operations(operation: str, params: dict[str, Any], code: str) -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open()
        with pytest.raises(ServiceError) as caught:
            await world.cd(operation, **params)
        assert caught.value.code == code

    in_shop(story)


def test_what_is_asked_for_in_batches_may_be_missing() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open(approval=LONG)
        deployment = await world.deploy()
        answer = await world.cd("BatchGetDeployments", deploymentIds=["d-0", deployment])
        assert [item["deploymentId"] for item in answer["deploymentsInfo"]] == [deployment]
        names = {"applicationName": "shop", "deploymentGroupNames": ["web", "nothing"]}
        answer = await world.cd("BatchGetDeploymentGroups", **names)
        assert [item["deploymentGroupName"] for item in answer["deploymentGroupsInfo"]] == ["web"]
        assert "nothing" in answer["errorMessage"]

    in_shop(story)


def test_targets_and_waits_of_a_deployment() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open(approval=LONG)
        deployment = await world.deploy()
        with pytest.raises(ServiceError) as caught:
            await world.cd("ListDeploymentTargets", deploymentId=deployment)
        assert caught.value.code == "DeploymentNotStartedException"
        await world.reaches(deployment, "Ready")
        with pytest.raises(ServiceError) as caught:
            await world.cd("GetDeploymentTarget", deploymentId=deployment, targetId="default:other")
        assert caught.value.code == "DeploymentTargetDoesNotExistException"
        with pytest.raises(ServiceError) as caught:
            await world.cd("BatchGetDeploymentTargets", deploymentId=deployment, targetIds=["x"] * 26)
        assert caught.value.code == "DeploymentTargetListSizeExceededException"
        with pytest.raises(ServiceError) as caught:
            await world.cd("ContinueDeployment", deploymentId=deployment, deploymentWaitType="FOR_EVER")
        assert caught.value.code == "InvalidDeploymentWaitTypeException"
        answer = await world.cd("BatchGetDeploymentTargets", deploymentId=deployment, targetIds=["default:web"])
        assert answer["deploymentTargets"][0]["ecsTarget"]["status"] == "Ready"

    in_shop(story)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"taskDefinition": "web"}, "Unable to update task definition on services with a CODE_DEPLOY"),
        ({"networkConfiguration": {}}, "Unable to update network parameters on services"),
        ({"loadBalancers": [balancer()]}, "Unable to update load balancers on services"),
        ({"platformVersion": "LATEST"}, "Unable to update platform version on services"),
        ({"forceNewDeployment": True}, "Cannot force a new deployment on services with a CODE_DEPLOY"),
        ({"deploymentController": {"type": "EXTERNAL"}}, "no deployment controller EXTERNAL"),
        ({"deploymentConfiguration": rolling()}, "circuit breaker can be enabled only with the ECS"),
    ],
)
def test_updates_of_a_service(changes: dict[str, Any], reason: str) -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open()
        before = await world.service()
        with pytest.raises(ServiceError, match=reason) as caught:
            await world("UpdateService", service="web", **changes)
        assert caught.value.code == "InvalidParameterException"
        after = await world.service()
        assert after["deploymentConfiguration"] == before["deploymentConfiguration"]
        assert after["taskSets"][0]["id"] == before["taskSets"][0]["id"]

    in_shop(story)


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"loadBalancers": []}, "exactly one target group"),
        ({"loadBalancers": [balancer(), balancer()]}, "exactly one target group"),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "Invalid deployment strategy for CODE_DEPLOY"),
        ({"loadBalancers": [{**balancer(), "targetGroupArn": BLUE + "x"}]}, "does not exist"),
    ],
)
def test_new_services(properties: dict[str, Any], reason: str) -> None:
    async def story(world: CodeDeployWorld) -> None:
        told = {"loadBalancers": [balancer()], "deploymentController": {"type": "CODE_DEPLOY"}, **properties}
        with pytest.raises(ServiceError, match=reason):
            await world("CreateService", serviceName="web", taskDefinition=await world.register(), **told)
        assert (await world("ListServices"))["serviceArns"] == []

    in_shop(story)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "empty or not a mapping"),
        ("{", "neither JSON nor YAML"),
        ("[]", "empty or not a mapping"),
        ("{}", "exactly one resource"),
        ('{"Resources": [{}, {}]}', "exactly one resource"),
        ('{"Resources": [{"TargetService": {"Type": "AWS::Lambda::Function"}}]}', "type AWS::ECS::Service"),
        ('{"Resources": [{"TargetService": {"Type": "AWS::ECS::Service"}}]}', "no Properties"),
        (
            '{"Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {"LoadBalancerInfo": 1}}}]}',
            "lacks TaskDefinition, LoadBalancerInfo.ContainerName, LoadBalancerInfo.ContainerPort",
        ),
        (app_spec("web:1").replace("8080", '"http"'), "ContainerPort must be a number"),
        (app_spec("web:1", [{"Install": "gate"}]), "hooks for Install; ECS knows BeforeInstall"),
        (app_spec("web:1").replace('"Hooks": []', '"Hooks": "gate"'), "Hooks must be a list"),
    ],
)
def test_app_specs(content: str, reason: str) -> None:
    with pytest.raises(ServiceError, match=reason) as caught:
        specs.read(content)
    assert caught.value.code == "InvalidRevisionException"


def test_revisions_of_other_kinds_and_wrong_hashes() -> None:
    content = {"content": app_spec("web:1"), "sha256": "0" * 64}
    for revision in ({"revisionType": "S3"}, {"revisionType": "AppSpecContent", "appSpecContent": content}):
        with pytest.raises(ServiceError) as caught:
            specs.parse(revision)
        assert caught.value.code == "InvalidRevisionException"
    spec, _ = specs.parse({"revisionType": "String", "string": {"content": app_spec("web:1")}})
    assert (spec.definition, spec.container, spec.port) == ("web:1", "web", 8080)


def test_an_app_spec_keeps_what_ecs_takes() -> None:
    document = json.loads(app_spec("web:1", [{"BeforeInstall": "one"}, {"AfterAllowTraffic": "two"}]))
    properties = document["Resources"][0]["TargetService"]["Properties"]
    properties["NetworkConfiguration"] = {"AwsvpcConfiguration": {"Subnets": ["a"], "AssignPublicIp": "ENABLED"}}
    properties["CapacityProviderStrategy"] = [{"CapacityProvider": "FARGATE_SPOT", "Weight": "2", "Base": 1}]
    spec = specs.read(json.dumps(document))
    assert spec.properties == {
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a"], "assignPublicIp": "ENABLED"}},
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 2, "base": 1}],
    }
    assert spec.hooks == {"BeforeInstall": "one", "AfterAllowTraffic": "two"}


def test_steps_of_the_configurations() -> None:
    steps = {name.removeprefix("CodeDeployDefault.ECS"): config.steps for name, config in configs.BUILT_IN.items()}
    assert steps["AllAtOnce"] == [(100, 0.0)]
    assert steps["Canary10Percent5Minutes"] == [(10, 5.0), (100, 0.0)]
    assert steps["Linear10PercentEvery3Minutes"] == [*((n, 3.0) for n in range(10, 100, 10)), (100, 0.0)]
    uneven = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 30, "linearInterval": 2}}
    assert configs.parse("uneven", uneven).steps == [(30, 2.0), (60, 2.0), (90, 2.0), (100, 0.0)]


@pytest.mark.parametrize(
    "routing",
    [
        None,
        {"type": "Sometimes"},
        {"type": "TimeBasedCanary"},
        {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 0, "canaryInterval": 1}},
        {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 0}},
    ],
)
def test_configurations_that_are_none(routing: dict[str, Any] | None) -> None:
    with pytest.raises(ServiceError) as caught:
        configs.parse("wrong", routing)
    assert caught.value.code == "InvalidTrafficRoutingConfigurationException"
