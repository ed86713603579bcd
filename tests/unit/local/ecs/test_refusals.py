"""What ECS refuses at once, so that nothing passes here which AWS would not take."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.local.ecs.test_shifting import create, reach, update
from tests.unit.local.ecs.world import BLUE, PRODUCTION, TEST, World, balancer, hook, in_world, pause

from appdp.local.wire import ServiceError

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/web:1"
FARGATE: dict[str, Any] = {
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
}
SUBNETS = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}


async def refusal(world: World, operation: str, **params: object) -> str:
    with pytest.raises(ServiceError) as refused:
        await world(operation, **params)
    return f"{refused.value.code}: {refused.value.message}"


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ({"bakeTimeInMinutes": 1441}, "bakeTimeInMinutes"),
        ({"canaryConfiguration": {"canaryPercent": 0.0}}, "canaryPercent"),
        ({"canaryConfiguration": {"canaryBakeTimeInMinutes": 1441}}, "canaryBakeTimeInMinutes"),
        ({"linearConfiguration": {"stepPercent": 2.9}}, "stepPercent"),
        ({"linearConfiguration": {"stepBakeTimeInMinutes": -1}}, "stepBakeTimeInMinutes"),
        ({"lifecycleHooks": [pause("POST_SCALE_UP", timeoutConfiguration={"timeoutInMinutes": 20161})]}, "20160"),
        ({"lifecycleHooks": [{**hook("POST_SCALE_UP"), "roleArn": ""}]}, "roleArn"),
        ({"lifecycleHooks": [pause("POST_SCALE_UP")] * 11}, "at most 10"),
    ],
)
def test_numbers_out_of_range(configuration: dict[str, Any], named: str) -> None:
    async def story(world: World) -> None:
        await create(world)
        said = await refusal(world, "UpdateService", service="web", deploymentConfiguration=configuration)
        assert said.startswith("InvalidParameterException: ")
        assert named in said

    in_world(story)


@pytest.mark.parametrize(
    ("strategy", "name"), [("BLUE_GREEN", "blue/green"), ("CANARY", "canary"), ("LINEAR", "linear")]
)
def test_a_load_balancer_of_a_shifting_service_needs_its_advanced_configuration(strategy: str, name: str) -> None:
    async def story(world: World) -> None:
        base: dict[str, Any] = {"serviceName": "web", "taskDefinition": await world.register()}
        configuration = {"strategy": strategy}
        said = await refusal(
            world, "CreateService", **base, loadBalancers=[balancer()], deploymentConfiguration=configuration
        )
        assert said == (
            "ClientException: advancedConfiguration field is required for all loadBalancers when using the "
            f"{name} deployment strategy"
        )
        await world("CreateService", **base, loadBalancers=[balancer()])
        said = await refusal(world, "UpdateService", service="web", deploymentConfiguration=configuration)
        assert "advancedConfiguration" in said

    in_world(story)


def test_a_target_group_that_no_load_balancer_uses() -> None:
    async def story(world: World) -> None:
        base: dict[str, Any] = {"serviceName": "web", "taskDefinition": await world.register()}
        del world.balancing.rules[PRODUCTION], world.balancing.rules[TEST]
        said = await refusal(world, "CreateService", **base, loadBalancers=[balancer()])
        assert said == (
            f"InvalidParameterException: The target group with targetGroupArn {BLUE} does not have an associated load "
            "balancer."
        )

    in_world(story)


def test_a_grace_period_without_a_load_balancer() -> None:
    async def story(world: World) -> None:
        base: dict[str, Any] = {"serviceName": "web", "taskDefinition": await world.register()}
        assert "grace period" in await refusal(world, "CreateService", **base, healthCheckGracePeriodSeconds=5)

    in_world(story)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"networkMode": "bridge"}, "only supports network mode"),
        ({"cpu": None}, "'cpu' and 'memory'"),
        ({"cpu": "256", "memory": "4096"}, "No Fargate configuration exists"),
        ({"executionRoleArn": None}, "execution role ARN to support ECR images"),
    ],
)
def test_what_fargate_cannot_run_is_not_registered(change: dict[str, Any], said: str) -> None:
    async def story(world: World) -> None:
        containers = [{"name": "web", "image": IMAGE}]
        await world("RegisterTaskDefinition", family="web", containerDefinitions=containers, **FARGATE)
        wrong = {key: value for key, value in {**FARGATE, **change}.items() if value is not None}
        text = await refusal(world, "RegisterTaskDefinition", family="web", containerDefinitions=containers, **wrong)
        assert text.startswith("ClientException: ")
        assert said in text

    in_world(story)


def test_a_service_on_fargate_needs_a_fitting_definition_and_a_network() -> None:
    async def story(world: World) -> None:
        plain = await world.register()
        answer = await world(
            "RegisterTaskDefinition",
            family="fits",
            containerDefinitions=[{"name": "web", "image": IMAGE}],
            **FARGATE,
        )
        fits = str(answer["taskDefinition"]["taskDefinitionArn"])
        base = {"serviceName": "web", "launchType": "FARGATE"}
        said = await refusal(world, "CreateService", **base, **SUBNETS, taskDefinition=plain)
        assert "does not support launch_type FARGATE" in said
        assert "Network Configuration must be provided" in await refusal(
            world, "CreateService", **base, taskDefinition=fits
        )
        await world("CreateService", **base, **SUBNETS, taskDefinition=fits)
        said = await refusal(world, "UpdateService", service="web", taskDefinition=plain)
        assert "does not support launch_type FARGATE" in said

    in_world(story)


def test_stopping_what_goes_back_already_changes_nothing() -> None:
    async def story(world: World) -> None:
        await create(world, bakeTimeInMinutes=1440, lifecycleHooks=[hook("PRODUCTION_TRAFFIC_SHIFT")])
        await update(world)
        arn = (await reach(world, "BAKE_TIME"))["serviceDeploymentArn"]
        world.clients.answers = [{"hookStatus": "IN_PROGRESS", "callBackDelay": 0.2}]
        await world("StopServiceDeployment", serviceDeploymentArn=arn)
        assert (await world.deployments())[0]["status"] == "ROLLBACK_REQUESTED"
        assert (await reach(world, "PRODUCTION_TRAFFIC_SHIFT"))["status"] == "ROLLBACK_IN_PROGRESS"
        await world("StopServiceDeployment", serviceDeploymentArn=arn)
        assert (await world.deployments())[0]["status"] == "ROLLBACK_IN_PROGRESS"
        assert (await world.ended())["status"] == "ROLLBACK_SUCCESSFUL"

    in_world(story)


def test_a_pause_is_decided_with_a_word_that_there_is() -> None:
    async def story(world: World) -> None:
        await create(world)
        await update(world, deploymentConfiguration={"lifecycleHooks": [pause("POST_SCALE_UP")]})
        held = (await reach(world, "POST_SCALE_UP"))["serviceDeploymentArn"]
        for params in ({"hookId": "none"}, {"hookId": "none", "action": "PROCEED"}):
            said = await refusal(world, "ContinueServiceDeployment", serviceDeploymentArn=held, **params)
            assert said.startswith("InvalidParameterException: ")

    in_world(story)
