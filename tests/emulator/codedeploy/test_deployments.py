"""A deployment by CodeDeploy from its start to its end, as a caller meets it.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.emulator.codedeploy.shop import LONG, STOP_ON_ANYTHING, Shop, app_spec
from tests.emulator.ecs.conftest import wait
from tests.emulator.ecs.test_control_plane import push

EVENTS = [
    *("BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic"),
    *("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"),
]
ROLL_BACK = {"enabled": True, "events": STOP_ON_ANYTHING}


def test_a_service_of_code_deploy_has_a_primary_task_set_and_no_deployments(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"), count=2)
    service = shop.service()
    (first,) = service["taskSets"]
    assert service["deployments"] == []
    assert service["deploymentController"] == {"type": "CODE_DEPLOY"}
    assert (first["status"], first["computedDesiredCount"], first["runningCount"]) == ("PRIMARY", 2, 2)
    assert first["scale"] == {"value": 100.0, "unit": "PERCENT"}
    assert first["taskDefinition"] == service["taskDefinition"]
    assert shop.serves() == "one"
    shop.client("ecs").update_service(service=shop.name, desiredCount=3)
    wait(lambda: shop.service()["runningCount"] == 3)


def test_a_deployment_goes_all_the_way(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"))
    deployment = shop.deploy(push(shop.stage, "two"))
    done = shop.reaches(deployment, "Succeeded")
    assert shop.events(deployment) == dict.fromkeys(EVENTS, "Succeeded")
    assert shop.serves() == "two"
    assert shop.serves(test=True) == "two"
    assert shop.weights() == {"green": 100, "blue": 0}
    assert shop.task_sets() == [("PRIMARY", "green")]
    service = shop.service()
    assert service["taskDefinition"] == service["taskSets"][0]["taskDefinition"]
    assert service["loadBalancers"][0]["targetGroupArn"] == shop.groups["green"]
    assert service["taskSets"][0]["externalId"] == deployment
    assert service["taskSets"][0]["startedBy"] == "CODE_DEPLOY"
    assert (done["creator"], done["deploymentOverview"]["Succeeded"]) == ("user", 1)
    assert done["completeTime"] >= done["startTime"] >= done["createTime"]
    second = shop.deploy(push(shop.stage, "three"))
    shop.reaches(second, "Succeeded")
    assert shop.task_sets() == [("PRIMARY", "blue")]
    assert shop.serves() == "three"
    group = shop.client("codedeploy").get_deployment_group(applicationName=shop.name, deploymentGroupName=shop.name)
    assert group["deploymentGroupInfo"]["lastSuccessfulDeployment"]["deploymentId"] == second
    assert shop.deployment(second)["previousRevision"] == shop.deployment(deployment)["revision"]
    listed = shop.client("codedeploy").list_deployments(applicationName=shop.name, deploymentGroupName=shop.name)
    assert listed["deployments"] == [second, deployment]


def test_the_replacement_stands_tested_until_somebody_approves(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"), approval=LONG, termination=LONG)
    deployment = shop.deploy(push(shop.stage, "two"))
    shop.reaches(deployment, "Ready")
    assert shop.serves() == "one"
    assert shop.serves(test=True) == "two"
    assert shop.task_sets() == [("PRIMARY", "blue"), ("ACTIVE", "green")]
    weights = {item["taskSetLabel"]: item["trafficWeight"] for item in shop.target(deployment)["taskSetsInfo"]}
    assert weights == {"Blue": 100.0, "Green": 0.0}
    client = shop.client("codedeploy")
    with pytest.raises(ClientError, match="DeploymentIsNotInReadyStateException"):
        client.continue_deployment(deploymentId=deployment, deploymentWaitType="TERMINATION_WAIT")
    client.continue_deployment(deploymentId=deployment, deploymentWaitType="READY_WAIT")
    wait(lambda: shop.deployment(deployment)["instanceTerminationWaitTimeStarted"])
    assert shop.serves() == "two"
    assert shop.task_sets() == [("ACTIVE", "blue"), ("PRIMARY", "green")]
    with pytest.raises(ClientError, match="DeploymentIsNotInReadyStateException"):
        client.continue_deployment(deploymentId=deployment)
    client.continue_deployment(deploymentId=deployment, deploymentWaitType="TERMINATION_WAIT")
    shop.reaches(deployment, "Succeeded")
    assert shop.task_sets() == [("PRIMARY", "green")]


def test_an_approval_that_does_not_come_stops_the_deployment(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"), approval=5, autoRollbackConfiguration=ROLL_BACK)
    deployment = shop.deploy(push(shop.stage, "two"))
    stopped = shop.reaches(deployment, "Stopped")
    assert "not rerouted" in stopped["errorInformation"]["message"]
    shop.rolled_back(deployment)
    assert shop.serves() == "one"
    assert shop.task_sets() == [("PRIMARY", "blue")]
    assert shop.events(deployment)["AllowTraffic"] == "Skipped"


@pytest.mark.parametrize("phase", ["Ready", "termination"])
def test_a_stopped_deployment_goes_back_traffic_first(shop: Shop, phase: str) -> None:
    shop.open(push(shop.stage, "one"), approval=LONG if phase == "Ready" else None, termination=LONG)
    deployment = shop.deploy(push(shop.stage, "two"))
    if phase == "Ready":
        shop.reaches(deployment, "Ready")
    else:
        wait(lambda: shop.deployment(deployment)["instanceTerminationWaitTimeStarted"])
        assert shop.serves() == "two"
    client = shop.client("codedeploy")
    assert client.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)["status"] == "Pending"
    stopped = shop.reaches(deployment, "Stopped")
    assert stopped["errorInformation"]["code"] == "MANUAL_STOP"
    back = shop.rolled_back(deployment)
    assert (back["creator"], back["rollbackInfo"]["rollbackTriggeringDeploymentId"]) == (
        "codeDeployRollback",
        deployment,
    )
    assert "was rolled back" in shop.deployment(deployment)["rollbackInfo"]["rollbackMessage"]
    assert shop.serves() == "one"
    assert shop.weights() == {"blue": 100, "green": 0}
    assert shop.task_sets() == [("PRIMARY", "blue")]
    assert "two" not in shop.service()["taskDefinition"]
    with pytest.raises(ClientError, match="DeploymentAlreadyCompletedException"):
        client.stop_deployment(deploymentId=deployment)


def test_a_deployment_that_is_only_stopped_leaves_all_as_it_is(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"), approval=LONG)
    deployment = shop.deploy(push(shop.stage, "two"))
    shop.reaches(deployment, "Ready")
    shop.client("codedeploy").stop_deployment(deploymentId=deployment)
    assert shop.reaches(deployment, "Stopped")["rollbackInfo"] == {}
    assert shop.task_sets() == [("PRIMARY", "blue"), ("ACTIVE", "green")]
    again = shop.deploy(push(shop.stage, "three"))
    shop.reaches(again, "Ready")
    assert shop.task_sets() == [("PRIMARY", "blue"), ("ACTIVE", "green")]
    assert shop.serves(test=True) == "three"


@pytest.mark.parametrize(
    ("config", "steps"),
    [
        ("CodeDeployDefault.ECSCanary10Percent15Minutes", (10,)),
        ("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", range(10, 100, 10)),
    ],
)
def test_traffic_moves_in_the_steps_of_the_configuration(shop: Shop, config: str, steps: Collection[int]) -> None:
    """Steps last a fraction of a second here, so some may not be seen; that each waits, the next two tests show."""
    shop.open(push(shop.stage, "one"), deploymentConfigName=config)
    deployment = shop.deploy(push(shop.stage, "two"))
    seen: list[int] = []

    def over() -> bool:
        ended = str(shop.deployment(deployment)["status"]) == "Succeeded"
        green = shop.weights().get("green", 0)
        if green not in seen:
            seen.append(green)
        return ended

    wait(over)
    assert set(seen) <= {0, *steps, 100}
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert shop.deployment(deployment)["deploymentConfigName"] == config


def test_a_linear_shift_waits_at_its_first_step(shop: Shop) -> None:
    linear = {"linearPercentage": 40, "linearInterval": LONG}
    name = shop.configuration("slow", {"type": "TimeBasedLinear", "timeBasedLinear": linear})
    shop.open(push(shop.stage, "one"), deploymentConfigName=name)
    deployment = shop.deploy(push(shop.stage, "two"))
    wait(lambda: shop.weights().get("green") == 40)
    shop.client("codedeploy").stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    shop.rolled_back(deployment)
    assert shop.weights() == {"blue": 100, "green": 0}


def test_a_part_of_the_requests_goes_to_a_canary(shop: Shop) -> None:
    client = shop.client("codedeploy")
    name = shop.canary("slow", minutes=LONG)
    shop.open(push(shop.stage, "one"), deploymentConfigName=name)
    with pytest.raises(ClientError, match="DeploymentConfigInUseException"):
        client.delete_deployment_config(deploymentConfigName=name)
    deployment = shop.deploy(push(shop.stage, "two"))
    wait(lambda: shop.weights().get("green") == 20)
    assert sum(shop.serves() == "two" for _ in range(50)) == 10
    weights = {item["taskSetLabel"]: item["trafficWeight"] for item in shop.target(deployment)["taskSetsInfo"]}
    assert weights == {"Blue": 80.0, "Green": 20.0}
    client.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    shop.rolled_back(deployment)
    assert shop.weights() == {"blue": 100, "green": 0}


def test_an_alarm_stops_the_deployment_and_sends_it_back(shop: Shop) -> None:
    shop.alarm("OK")
    alarms = {"enabled": True, "alarms": [{"name": f"{shop.name}-errors"}]}
    shop.open(push(shop.stage, "one"), termination=LONG, alarmConfiguration=alarms, autoRollbackConfiguration=ROLL_BACK)
    deployment = shop.deploy(push(shop.stage, "two"))
    wait(lambda: shop.deployment(deployment)["instanceTerminationWaitTimeStarted"])
    shop.alarm("ALARM")
    stopped = shop.reaches(deployment, "Stopped")
    assert stopped["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert f"{shop.name}-errors" in stopped["errorInformation"]["message"]
    shop.rolled_back(deployment)
    assert shop.serves() == "one"


@pytest.mark.parametrize("behaviour", [{"kind": "exits", "code": 1}, {"kind": "unhealthy", "status": 503}])
def test_a_replacement_that_never_gets_healthy_stays_in_install(shop: Shop, behaviour: dict[str, object]) -> None:
    shop.open(push(shop.stage, "one"), autoRollbackConfiguration=ROLL_BACK)
    deployment = shop.deploy(push(shop.stage, f"bad-{behaviour['kind']}", behaviour))
    wait(lambda: shop.stage.stopped(shop.name))
    assert shop.events(deployment)["Install"] == "InProgress"
    assert shop.serves() == "one"
    failed = shop.reaches(deployment, "Failed", seconds=60)
    assert "60 minutes" in failed["errorInformation"]["message"]
    shop.rolled_back(deployment)
    assert shop.task_sets() == [("PRIMARY", "blue")]
    assert shop.events(deployment)["Install"] == "Failed"


def test_the_app_spec_may_be_yaml_and_says_its_hash(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"))
    definition = shop.stage.register(push(shop.stage, "two"), family=shop.name)
    content = yaml.safe_dump(app_spec(definition))
    deployment = shop.start(content)
    shop.reaches(deployment, "Succeeded")
    revision = shop.deployment(deployment)["revision"]
    assert revision["appSpecContent"] == {"sha256": hashlib.sha256(content.encode()).hexdigest()}
    client = shop.client("codedeploy")
    found = client.get_application_revision(applicationName=shop.name, revision=revision)
    assert found["revision"]["appSpecContent"]["content"] == content
    assert found["revisionInfo"]["deploymentGroups"] == [shop.name]
    unknown = {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "0" * 64}}
    with pytest.raises(ClientError, match="RevisionDoesNotExistException"):
        client.get_application_revision(applicationName=shop.name, revision=unknown)


def test_a_capacity_provider_strategy_stays_only_if_the_app_spec_has_it(shop: Shop) -> None:
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    definition = shop.stage.client("ecs").register_task_definition(
        family=shop.name,
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn="arn:aws:iam::000000000000:role/execution",
        containerDefinitions=[
            {"name": "web", "image": push(shop.stage, "one"), "portMappings": [{"containerPort": 8080}]}
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    settings = {"taskDefinition": definition, "capacityProviderStrategy": spot, "networkConfiguration": network}
    shop.open("", service=settings)
    told = [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    content = json.dumps(app_spec(definition, CapacityProviderStrategy=told))
    shop.reaches(shop.start(content), "Succeeded")
    assert shop.service()["capacityProviderStrategy"] == spot
    assert shop.service()["taskSets"][0]["networkConfiguration"] == network
    shop.reaches(shop.start(json.dumps(app_spec(definition))), "Succeeded")
    assert "capacityProviderStrategy" not in shop.service()
    assert shop.service()["launchType"] == "FARGATE"
    assert shop.service()["taskSets"][0]["networkConfiguration"] == network


def test_without_a_test_listener_there_is_no_test_traffic(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"), test=False)
    deployment = shop.deploy(push(shop.stage, "two"))
    shop.reaches(deployment, "Succeeded")
    skipped = [name for name, status in shop.events(deployment).items() if status == "Skipped"]
    assert skipped == ["AllowTestTraffic", "AfterAllowTestTraffic"]
