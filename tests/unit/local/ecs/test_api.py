"""Operations: what they keep, what they refuse, and with which of ECS's errors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from tests.unit.local.ecs.world import BLUE, CALLER, REGISTRY, World, balancer, in_world, until

from appdp.local.wire import ServiceError


async def refused(world: World, code: str, operation: str, **params: object) -> str:
    with pytest.raises(ServiceError) as error:
        await world(operation, **params)
    assert error.value.code == code
    return error.value.message


async def create(world: World, *, count: int = 1, **more: object) -> dict[str, Any]:
    definition = await world.register()
    answer = await world("CreateService", serviceName="web", taskDefinition=definition, desiredCount=count, **more)
    return dict(answer["service"])


def test_a_task_definition_keeps_fields_that_no_sdk_knows() -> None:
    async def story(world: World) -> None:
        params = {
            "family": "web",
            "futureField": {"Depth": [1, {"Keep": True}]},
            "containerDefinitions": [{"name": "web", "image": "web:1", "futureSwitch": "on"}],
            "tags": [{"key": "team", "value": "shop"}],
        }
        await world.parts.service.call("RegisterTaskDefinition", params, CALLER)
        answer = await world("DescribeTaskDefinition", taskDefinition="web", include=["TAGS"])
        definition = answer["taskDefinition"]
        assert definition["futureField"] == {"Depth": [1, {"Keep": True}]}
        assert definition["containerDefinitions"][0]["futureSwitch"] == "on"
        assert answer["tags"] == [{"key": "team", "value": "shop"}]

    in_world(story)


def test_revisions_count_up_and_a_family_means_its_newest_active_one() -> None:
    async def story(world: World) -> None:
        first, second = await world.register(), await world.register("web:2")
        assert (first[-6:], second[-6:]) == ("/web:1", "/web:2")
        await world("DeregisterTaskDefinition", taskDefinition="web:2")
        answer = await world("DescribeTaskDefinition", taskDefinition="web")
        assert answer["taskDefinition"]["taskDefinitionArn"] == first
        inactive = await world("DescribeTaskDefinition", taskDefinition=second)
        assert inactive["taskDefinition"]["status"] == "INACTIVE"
        assert (await world("ListTaskDefinitions"))["taskDefinitionArns"] == [first]
        message = await refused(world, "ClientException", "CreateService", serviceName="x", taskDefinition=second)
        assert "inactive" in message

    in_world(story)


def test_only_properties_that_need_it_start_a_service_deployment() -> None:
    async def story(world: World) -> None:
        await create(world, loadBalancers=[balancer()])
        await world.ended()
        service = await world.service()
        same = {
            "taskDefinition": service["taskDefinition"],
            "loadBalancers": service["loadBalancers"],
            "platformVersion": "LATEST",
            "deploymentConfiguration": {"maximumPercent": 150},
            "enableExecuteCommand": True,
            "healthCheckGracePeriodSeconds": 7,
            "desiredCount": 2,
        }
        await world("UpdateService", service="web", **same)
        assert len(await world.deployments()) == 1
        changed = await world.service()
        assert (changed["desiredCount"], changed["healthCheckGracePeriodSeconds"]) == (2, 7)
        assert changed["deploymentConfiguration"]["maximumPercent"] == 150
        subnets = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
        await world("UpdateService", service="web", networkConfiguration=subnets)
        await world.ended()
        await world("UpdateService", service="web", forceNewDeployment=True)
        assert len(await world.deployments()) == 3

    in_world(story)


def test_subnets_in_another_order_are_the_same_subnets() -> None:
    async def story(world: World) -> None:
        def network(*subnets: str, **more: str) -> dict[str, Any]:
            return {"awsvpcConfiguration": {"subnets": list(subnets), **more}}

        await create(world, networkConfiguration=network("a", "b"))
        again = network("b", "a", assignPublicIp="DISABLED")
        await world("UpdateService", service="web", networkConfiguration=again)
        assert len(await world.deployments()) == 1

    in_world(story)


def test_the_desired_count_alone_scales_at_once() -> None:
    async def story(world: World) -> None:
        await create(world)
        await world.ended()
        for count in (3, 1):
            await world("UpdateService", service="web", desiredCount=count)

            async def reached(count: int = count) -> bool:
                return int((await world.service())["runningCount"]) == count

            await until(reached)
        scaled = [task for task in await world.tasks("STOPPED") if task["stopCode"] == "ServiceSchedulerInitiated"]
        assert scaled[0]["stoppedReason"].startswith("Scaling activity initiated by (deployment ecs-svc/")
        assert len(await world.deployments()) == 1

    in_world(story)


def test_the_digest_is_resolved_when_the_deployment_starts() -> None:
    async def story(world: World) -> None:
        digest = f"sha256:{'a' * 64}"
        world.clients.tags["shop/web:env-dev"] = digest
        image = f"{REGISTRY}/shop/web:env-dev"
        await world("CreateService", serviceName="web", taskDefinition=await world.register(image), desiredCount=1)
        ended = await world.ended()
        world.clients.tags["shop/web:env-dev"] = f"sha256:{'b' * 64}"
        await world("UpdateService", service="web", desiredCount=2)

        async def two() -> bool:
            return len(await world.tasks()) == 2

        await until(two)
        revision = await world.revision(ended["targetServiceRevision"]["arn"])
        assert revision["containerImages"] == [{"containerName": "web", "image": image, "imageDigest": digest}]
        assert {task["containers"][0]["imageDigest"] for task in await world.tasks()} == {digest}

    in_world(story)


def test_a_registry_that_does_not_answer_fails_the_deployment_and_says_so() -> None:
    async def story(world: World) -> None:
        world.clients.tags["shop/web:env-dev"] = ReadTimeoutError(endpoint_url="http://here")
        definition = await world.register(f"{REGISTRY}/shop/web:env-dev")
        await world("CreateService", serviceName="web", taskDefinition=definition, desiredCount=1)
        ended = await world.ended()
        assert ended["status"] == "ROLLBACK_FAILED"
        assert "Read timeout" in ended["statusReason"]

    in_world(story)


def test_a_service_is_refused_with_ecs_errors() -> None:
    async def story(world: World) -> None:
        definition = await world.register()
        base = {"serviceName": "web", "taskDefinition": definition}
        missing = {**balancer(), "targetGroupArn": BLUE.replace("blue", "none")}
        wrong_port = {**balancer(), "containerPort": 1}
        wrong_name = {**balancer(), "containerName": "other"}
        for item in (missing, wrong_port, wrong_name):
            await refused(world, "InvalidParameterException", "CreateService", **base, loadBalancers=[item])
        strange = {"strategy": "BIG_BANG"}
        await refused(world, "InvalidParameterException", "CreateService", **base, deploymentConfiguration=strange)
        controller = {"type": "CODE_DEPLOY"}
        await refused(world, "InvalidParameterException", "CreateService", **base, deploymentController=controller)
        await refused(world, "ClusterNotFoundException", "CreateService", **base, cluster="none")
        await refused(world, "ServiceNotFoundException", "UpdateService", service="none")
        await refused(world, "UnsupportedFeatureException", "ListAccountSettings")
        await refused(
            world, "ServiceDeploymentNotFoundException", "StopServiceDeployment", serviceDeploymentArn="arn:x"
        )

    in_world(story)


def test_a_deployment_that_ended_cannot_be_stopped() -> None:
    async def story(world: World) -> None:
        await create(world)
        arn = (await world.ended())["serviceDeploymentArn"]
        await refused(world, "ConflictException", "StopServiceDeployment", serviceDeploymentArn=arn)

    in_world(story)


def test_deleting_drains_and_makes_inactive() -> None:
    async def story(world: World) -> None:
        await create(world, loadBalancers=[balancer()])
        await world.ended()
        await refused(world, "InvalidParameterException", "DeleteService", service="web")
        await refused(world, "ClusterContainsServicesException", "DeleteCluster", cluster="default")
        answer = await world("DeleteService", service="web", force=True)
        assert answer["service"]["status"] == "DRAINING"

        async def inactive() -> bool:
            return str((await world.service())["status"]) == "INACTIVE"

        await until(inactive)
        assert world.balancing.targets == {}
        await refused(world, "ServiceNotActiveException", "UpdateService", service="web", desiredCount=1)
        assert (await world("ListServices"))["serviceArns"] == []
        await create(world)
        assert (await world.ended())["status"] == "SUCCESSFUL"

    in_world(story)


def test_lists_come_in_pages() -> None:
    async def story(world: World) -> None:
        for _ in range(3):
            await world.register()
        first = await world("ListTaskDefinitions", maxResults=2, sort="DESC")
        second = await world("ListTaskDefinitions", maxResults=2, sort="DESC", nextToken=first["nextToken"])
        arns = first["taskDefinitionArns"] + second["taskDefinitionArns"]
        assert [arn.rpartition(":")[2] for arn in arns] == ["3", "2", "1"]
        assert "nextToken" not in second

    in_world(story)


def test_unknown_things_are_told_as_failures() -> None:
    async def story(world: World) -> None:
        gone = "arn:aws:ecs:us-east-1:000000000000:x/y"
        assert (await world("DescribeServices", services=["none"]))["failures"][0]["reason"] == "MISSING"
        assert (await world("DescribeTasks", tasks=["none"]))["failures"][0]["reason"] == "MISSING"
        assert (await world("DescribeClusters", clusters=["none"]))["failures"][0]["reason"] == "MISSING"
        for operation, key in (
            ("DescribeServiceDeployments", "serviceDeploymentArns"),
            ("DescribeServiceRevisions", "serviceRevisionArns"),
        ):
            assert (await world(operation, **{key: [gone]}))["failures"] == [{"arn": gone, "reason": "MISSING"}]

    in_world(story)


def test_tags_can_be_read_added_and_removed() -> None:
    async def story(world: World) -> None:
        arn = (await create(world, tags=[{"key": "a", "value": "1"}]))["serviceArn"]
        await world("TagResource", resourceArn=arn, tags=[{"key": "b", "value": "2"}])
        await world("UntagResource", resourceArn=arn, tagKeys=["a"])
        assert (await world("ListTagsForResource", resourceArn=arn))["tags"] == [{"key": "b", "value": "2"}]

    in_world(story)


def test_events_tell_of_deployments_and_tasks() -> None:
    async def story(world: World) -> None:
        await create(world)
        await world.ended()
        expected = ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]
        assert world.events.names("ECS Deployment State Change") == expected
        states = [detail["lastStatus"] for kind, detail in world.events.emitted if kind == "ECS Task State Change"]
        assert states == ["PENDING", "ACTIVATING", "RUNNING"]

    in_world(story)


def test_a_fault_in_a_controller_ends_the_deployment_with_its_reason() -> None:
    async def story(world: World) -> None:
        await create(world, loadBalancers=[balancer()])
        await world.ended()

        def broken(_group: str, _ip: str) -> bool:
            world.balancing.sick = lambda _group, _ip: False
            raise RuntimeError("wires crossed")

        await world("UpdateService", service="web", forceNewDeployment=True)
        world.balancing.sick = broken
        ended = await world.ended()
        assert ended["status"] == "ROLLBACK_FAILED"
        assert "wires crossed" in ended["statusReason"]
        await asyncio.sleep(0.05)
        assert (await world.service())["runningCount"] >= 1

    in_world(story)
