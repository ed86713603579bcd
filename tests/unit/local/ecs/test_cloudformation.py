"""ECS's resource types in CloudFormation: nothing lost in spelling, and services that are waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.local.ecs.world import BLUE, CALLER, GREEN, HOOK, PRODUCTION, TEST, World, in_world

from appdp.local.casing import api_parameters
from appdp.local.ecs.containers import Exits
from appdp.local.wire import ResourceHandler, ResourceRequest, ResourceResult, ServiceError

CONTAINER = {
    "Name": "web",
    "Image": "web:1",
    "PortMappings": [{"ContainerPort": 8080}],
    "Environment": [{"Name": "N", "Value": 1}],
    "LogConfiguration": {"LogDriver": "json-file", "Options": {"Max-Size": "1m"}},
    "DockerLabels": {"Keep.Me": "As-Is"},
    "HealthCheck": {"Command": ["CMD", "true"], "StartPeriod": "5"},
    "Secrets": [{"Name": "S", "ValueFrom": "/s"}],
    "FutureThing": {"NewKey": 1},
}


def of(world: World, kind: str) -> ResourceHandler:
    return world.parts.handlers[kind]


def request(
    properties: dict[str, Any], *, physical_id: str = "", previous: dict[str, Any] | None = None
) -> ResourceRequest:
    return ResourceRequest(
        logical_id="Thing",
        stack="stack",
        properties=properties,
        caller=CALLER,
        physical_id=physical_id,
        previous=previous,
    )


async def define(world: World, image: str = "web:1") -> str:
    container = {"Name": "web", "Image": image, "PortMappings": [{"ContainerPort": 8080}]}
    made = await of(world, "AWS::ECS::TaskDefinition").create(
        request({"Family": "web", "ContainerDefinitions": [container]})
    )
    return made.physical_id


def service(definition: str, **more: object) -> dict[str, Any]:
    breaker = {"Enable": True, "Rollback": True}
    return {
        "ServiceName": "web",
        "TaskDefinition": definition,
        "DesiredCount": 1,
        "DeploymentConfiguration": {"DeploymentCircuitBreaker": breaker},
        **more,
    }


def test_task_definitions_keep_everything() -> None:
    converted = api_parameters("RegisterTaskDefinition", {"Family": "web", "ContainerDefinitions": [CONTAINER]})
    container = converted["containerDefinitions"][0]
    assert container["environment"] == [{"name": "N", "value": "1"}]
    assert container["logConfiguration"] == {"logDriver": "json-file", "options": {"Max-Size": "1m"}}
    assert container["dockerLabels"] == {"Keep.Me": "As-Is"}
    assert container["healthCheck"] == {"command": ["CMD", "true"], "startPeriod": 5}
    assert container["secrets"] == [{"name": "S", "valueFrom": "/s"}]
    assert container["futureThing"] == {"newKey": 1}


def test_services_keep_everything_that_shifts_traffic() -> None:
    properties = {
        "LoadBalancers": [
            {
                "TargetGroupArn": BLUE,
                "ContainerName": "web",
                "ContainerPort": 8080,
                "AdvancedConfiguration": {
                    "AlternateTargetGroupArn": GREEN,
                    "ProductionListenerRule": PRODUCTION,
                    "TestListenerRule": TEST,
                    "RoleArn": "r",
                },
            }
        ],
        "DeploymentConfiguration": {
            "Strategy": "BLUE_GREEN",
            "LifecycleHooks": [
                {"HookTargetArn": HOOK, "LifecycleStages": ["POST_SCALE_UP"], "HookDetails": '{"Bucket": "b"}'}
            ],
        },
        "EnableECSManagedTags": "true",
    }
    converted = api_parameters("CreateService", properties)
    advanced = converted["loadBalancers"][0]["advancedConfiguration"]
    assert (advanced["alternateTargetGroupArn"], advanced["testListenerRule"]) == (GREEN, TEST)
    assert converted["deploymentConfiguration"]["lifecycleHooks"][0]["hookDetails"] == {"Bucket": "b"}
    assert converted["enableECSManagedTags"] is True


def test_a_service_is_created_when_it_is_steady() -> None:
    async def story(world: World) -> None:
        made = await of(world, "AWS::ECS::Service").create(request(service(await define(world))))
        assert made.physical_id.endswith("service/default/web")
        assert made.attributes == {"Name": "web", "ServiceArn": made.physical_id}
        assert (await world.service())["runningCount"] == 1

    in_world(story)


def test_a_service_that_does_not_come_up_fails_with_the_reason_and_is_gone() -> None:
    async def story(world: World) -> None:
        world.images["web:bad"] = Exits()
        with pytest.raises(ServiceError, match="ECS Deployment Circuit Breaker was triggered"):
            await of(world, "AWS::ECS::Service").create(request(service(await define(world, "web:bad"))))
        assert (await world.service())["status"] == "INACTIVE"

    in_world(story)


def test_an_update_waits_and_fails_with_its_deployment() -> None:
    async def story(world: World) -> None:
        world.images["web:bad"] = Exits()
        handler = of(world, "AWS::ECS::Service")
        first = service(await define(world))
        made = await handler.create(request(first))
        good = service(await define(world, "web:2"))
        await handler.update(request(good, physical_id=made.physical_id, previous=first))
        assert (await world.deployments())[0]["status"] == "SUCCESSFUL"
        bad = service(await define(world, "web:bad"))
        with pytest.raises(ServiceError, match="Circuit Breaker"):
            await handler.update(request(bad, physical_id=made.physical_id, previous=good))
        await handler.update(request(good, physical_id=made.physical_id, previous=bad))
        assert len(await world.deployments()) == 3
        assert {task["containers"][0]["image"] for task in await world.tasks()} == {"web:2"}

    in_world(story)


def test_an_update_without_a_desired_count_leaves_the_count_alone() -> None:
    async def story(world: World) -> None:
        handler = of(world, "AWS::ECS::Service")
        first = service(await define(world), DesiredCount=0)
        made = await handler.create(request(first))
        await world("UpdateService", service="web", desiredCount=2)
        second = {key: value for key, value in first.items() if key != "DesiredCount"}
        await handler.update(request(second, physical_id=made.physical_id, previous=first))
        assert (await world.service())["desiredCount"] == 2
        assert len(await world.deployments()) == 1

    in_world(story)


def test_a_nonce_forces_a_deployment() -> None:
    async def story(world: World) -> None:
        handler = of(world, "AWS::ECS::Service")
        first = service(await define(world))
        made = await handler.create(request(first))
        forced = {**first, "ForceNewDeployment": {"EnableForceNewDeployment": True, "ForceNewDeploymentNonce": "1"}}
        await handler.update(request(forced, physical_id=made.physical_id, previous=first))
        assert len(await world.deployments()) == 2

    in_world(story)


def test_deleting_a_service_waits_until_its_tasks_are_gone() -> None:
    async def story(world: World) -> None:
        handler = of(world, "AWS::ECS::Service")
        properties = service(await define(world))
        made = await handler.create(request(properties))
        await handler.delete(request(properties, physical_id=made.physical_id))
        assert await world.tasks() == []
        await handler.delete(request(properties, physical_id=made.physical_id))

    in_world(story)


def test_a_changed_task_definition_is_another_resource() -> None:
    async def story(world: World) -> None:
        handler = of(world, "AWS::ECS::TaskDefinition")
        first: dict[str, Any] = {"Family": "web", "ContainerDefinitions": [{"Name": "web", "Image": "web:1"}]}
        made = await handler.create(request(first))
        tagged = {**first, "Tags": [{"Key": "a", "Value": "b"}]}
        same = await handler.update(request(tagged, physical_id=made.physical_id, previous=first))
        changed = {**first, "Cpu": "256"}
        other = await handler.update(request(changed, physical_id=made.physical_id, previous=tagged))
        assert (same.physical_id, other.physical_id[-1]) == (made.physical_id, "2")
        await handler.delete(request(first, physical_id=made.physical_id))
        old = await world("DescribeTaskDefinition", taskDefinition=made.physical_id)
        assert old["taskDefinition"]["status"] == "INACTIVE"

    in_world(story)


def test_clusters_and_what_goes_with_them() -> None:
    async def story(world: World) -> None:
        cluster = of(world, "AWS::ECS::Cluster")
        settings = [{"Name": "containerInsights", "Value": "enhanced"}]
        made = await cluster.create(request({"ClusterSettings": settings}))
        associations = of(world, "AWS::ECS::ClusterCapacityProviderAssociations")
        strategy = [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
        properties = {
            "Cluster": made.physical_id,
            "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "DefaultCapacityProviderStrategy": strategy,
        }
        await associations.create(request(properties))
        view = (await world("DescribeClusters", clusters=[made.physical_id]))["clusters"][0]
        assert view["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
        assert view["defaultCapacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
        await associations.delete(request(properties, physical_id=made.physical_id))
        await cluster.delete(request({}, physical_id=made.physical_id))
        await cluster.delete(request({}, physical_id=made.physical_id))

    in_world(story)


def test_scaling_is_remembered() -> None:
    async def story(world: World) -> None:
        target = of(world, "AWS::ApplicationAutoScaling::ScalableTarget")
        properties = {
            "ResourceId": "service/c/web",
            "ScalableDimension": "ecs:service:DesiredCount",
            "ServiceNamespace": "ecs",
        }
        made: ResourceResult = await target.create(request(properties))
        assert made.physical_id == "service/c/web|ecs:service:DesiredCount|ecs"
        policy = of(world, "AWS::ApplicationAutoScaling::ScalingPolicy")
        named = await policy.create(request({"PolicyName": "p", "ScalingTargetId": made.physical_id}))
        assert named.attributes["Arn"] == named.physical_id
        await asyncio.gather(target.delete(request({})), policy.delete(request({})))

    in_world(story)
