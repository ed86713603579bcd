"""ROLLING as deployment-type-ecs.html and deployment-circuit-breaker.html describe it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.local.ecs.world import BLUE, World, balancer, in_world, rolling, until

from appdp.local.ecs.containers import Exits
from appdp.local.ecs.rolling import breaker_threshold


async def create(world: World, image: str = "web:1", *, count: int = 2, **more: object) -> None:
    definition = await world.register(image)
    await world(
        "CreateService",
        serviceName="web",
        taskDefinition=definition,
        desiredCount=count,
        **{"deploymentConfiguration": rolling(), **more},
    )


async def release(world: World, image: str, **more: object) -> dict[str, Any]:
    await world("UpdateService", service="web", taskDefinition=await world.register(image), **more)
    return await world.ended()


def test_a_new_service_comes_up_with_its_first_service_deployment() -> None:
    async def story(world: World) -> None:
        await create(world, loadBalancers=[balancer()])
        ended = await world.ended()
        service = await world.service()
        assert ended["status"] == "SUCCESSFUL"
        assert ended["sourceServiceRevisions"] == []
        assert (service["runningCount"], service["desiredCount"], service["pendingCount"]) == (2, 2, 0)
        assert [d["rolloutState"] for d in service["deployments"]] == ["COMPLETED"]
        assert "(service web) has reached a steady state." in await world.messages()
        assert world.balancing.story == ["register blue", "register blue"]

    in_world(story)


def test_new_tasks_are_healthy_before_old_ones_stop() -> None:
    async def story(world: World) -> None:
        await create(world, loadBalancers=[balancer()])
        await world.ended()
        least = 2

        async def watch() -> bool:
            nonlocal least
            least = min(least, len([key for key in world.balancing.targets if key[0] == BLUE]))
            return str((await world.deployments())[0]["status"]) == "SUCCESSFUL"

        await world("UpdateService", service="web", taskDefinition=await world.register("web:2"))
        await until(watch)
        assert least == 2
        assert {task["containers"][0]["image"] for task in await world.tasks()} == {"web:2"}
        assert (await world.service())["taskDefinition"].endswith("web:2")

    in_world(story)


def test_minimum_zero_and_maximum_hundred_stops_before_it_starts() -> None:
    async def story(world: World) -> None:
        tight = rolling(maximumPercent=100, minimumHealthyPercent=0)
        await create(world, count=1, deploymentConfiguration=tight, loadBalancers=[balancer()])
        await world.ended()
        assert (await release(world, "web:2"))["status"] == "SUCCESSFUL"
        told = [message.split()[3] for message in reversed(await world.messages()) if " 1 " in message]
        assert told == ["started", "stopped", "started"]

    in_world(story)


def test_the_circuit_breaker_rolls_back_after_three_failed_tasks() -> None:
    async def story(world: World) -> None:
        world.images["web:bad"] = Exits(code=3)
        await create(world)
        await world.ended()
        ended = await release(world, "web:bad")
        good = (await world.deployments())[1]["targetServiceRevision"]["arn"]
        assert ended["status"] == "ROLLBACK_SUCCESSFUL"
        assert ended["statusReason"] == "ECS deployment circuit breaker: tasks failed to start."
        assert ended["rollback"]["serviceRevisionArn"] == good
        breaker = ended["deploymentCircuitBreaker"]
        assert (breaker["status"], breaker["threshold"]) == ("TRIGGERED", 3)
        assert breaker["failureCount"] in (3, 4, 5)  # two start at a time: two more may fail before the third is judged
        assert {task["containers"][0]["image"] for task in await world.tasks()} == {"web:1"}
        assert (await world.service())["taskDefinition"].endswith("web:1")

    in_world(story)


def test_a_failed_task_tells_why() -> None:
    async def story(world: World) -> None:
        world.images["web:bad"] = Exits(code=3)
        await create(world)
        await world.ended()
        await release(world, "web:bad")
        failed = [task for task in await world.tasks("STOPPED") if task["stopCode"] == "EssentialContainerExited"]
        assert failed[0]["stoppedReason"] == "Essential container in task exited"
        assert failed[0]["containers"][0]["exitCode"] == 3
        assert failed[0]["lastStatus"] == "STOPPED"

    in_world(story)


def test_an_image_that_cannot_be_pulled_fails_the_deployment() -> None:
    async def story(world: World) -> None:
        await create(world)
        await world.ended()
        assert (await release(world, "web:missing"))["status"] == "ROLLBACK_SUCCESSFUL"
        failed = [task for task in await world.tasks("STOPPED") if task["stopCode"] == "TaskFailedToStart"]
        assert failed[0]["stoppedReason"].startswith("CannotPullContainerError: ")

    in_world(story)


def test_tasks_that_fail_their_target_health_checks_are_stopped_and_counted() -> None:
    async def story(world: World) -> None:
        await create(world, loadBalancers=[balancer()])
        await world.ended()
        good = {task["attachments"][0]["details"][2]["value"] for task in await world.tasks()}
        world.balancing.sick = lambda _group, ip: ip not in good
        ended = await release(world, "web:2")
        assert ended["status"] == "ROLLBACK_SUCCESSFUL"
        stopped = await world.tasks("STOPPED")
        reasons = {task["stoppedReason"] for task in stopped}
        assert f"Task failed ELB health checks in (target-group {BLUE})" in reasons
        assert any("is unhealthy in (target-group" in message for message in await world.messages())

    in_world(story)


def test_the_grace_period_spares_an_unhealthy_task() -> None:
    async def story(world: World) -> None:
        world.balancing.sick = lambda _group, _ip: True
        await create(world, count=1, loadBalancers=[balancer()], healthCheckGracePeriodSeconds=60)

        async def runs() -> bool:
            return [task["lastStatus"] for task in await world.tasks()] == ["RUNNING"]

        await until(runs)
        await asyncio.sleep(0.5)
        assert (await world.tasks("STOPPED")) == []

    in_world(story)


def test_without_a_rollback_option_the_deployment_stops_and_the_old_tasks_stay() -> None:
    async def story(world: World) -> None:
        world.images["web:bad"] = Exits()
        configuration = rolling(deploymentCircuitBreaker={"enable": True, "rollback": False})
        await create(world, deploymentConfiguration=configuration)
        await world.ended()
        ended = await release(world, "web:bad")
        assert ended["status"] == "STOPPED"
        assert "rollback" not in ended
        assert {task["containers"][0]["image"] for task in await world.tasks()} == {"web:1"}

    in_world(story)


def test_a_first_deployment_that_fails_has_nothing_to_go_back_to() -> None:
    async def story(world: World) -> None:
        world.images["web:bad"] = Exits()
        await create(world, "web:bad")
        ended = await world.ended()
        assert ended["status"] == "ROLLBACK_FAILED"
        assert "No rollback candidate was found" in ended["statusReason"]
        assert await world.tasks() == []

    in_world(story)


def test_stopping_a_deployment_rolls_it_back() -> None:
    async def story(world: World) -> None:
        await create(world, loadBalancers=[balancer()], deploymentConfiguration={"strategy": "ROLLING"})
        await world.ended()
        good = {task["attachments"][0]["details"][2]["value"] for task in await world.tasks()}
        world.balancing.sick = lambda _group, ip: ip not in good
        await world("UpdateService", service="web", taskDefinition=await world.register("web:2"))
        arn = (await world.deployments())[0]["serviceDeploymentArn"]
        await world("StopServiceDeployment", serviceDeploymentArn=arn, stopType="ROLLBACK")
        assert (await world.deployments())[0]["status"] == "ROLLBACK_REQUESTED"
        ended = await world.ended()
        assert (ended["status"], ended["rollback"]["reason"]) == ("ROLLBACK_SUCCESSFUL", ended["statusReason"])

    in_world(story)


def test_a_newer_deployment_takes_over_from_one_at_work() -> None:
    async def story(world: World) -> None:
        world.images["web:slow"] = Exits(after_seconds=30)
        await create(world, loadBalancers=[balancer()])
        await world.ended()
        good = {task["attachments"][0]["details"][2]["value"] for task in await world.tasks()}
        world.balancing.sick = lambda _group, ip: False if ip in good else bool(ip)
        await world("UpdateService", service="web", taskDefinition=await world.register("web:2"))
        world.balancing.sick = lambda _group, _ip: False
        assert (await release(world, "web:3"))["status"] == "SUCCESSFUL"
        middle = (await world.deployments())[1]
        assert middle["status"] == "STOPPED"
        assert "stoppedAt" in middle
        assert {task["containers"][0]["image"] for task in await world.tasks()} == {"web:3"}

    in_world(story)


@pytest.mark.parametrize(
    ("desired", "breaker", "threshold"),
    [
        (1, {}, 3),
        (25, {}, 13),
        (400, {}, 200),
        (800, {}, 200),
        (1, {"thresholdConfiguration": {"type": "COUNT", "value": 1}}, 1),
        (10, {"thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 100}}, 10),
        (10, {"thresholdConfiguration": {"type": "UNBOUNDED_PERCENT", "value": 10}}, 1),
    ],
)
def test_the_breakers_threshold(desired: int, breaker: dict[str, object], threshold: int) -> None:
    assert breaker_threshold(desired, breaker) == threshold
