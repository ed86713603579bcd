"""BLUE_GREEN, CANARY and LINEAR as blue-green-deployment-how-it-works.html and its neighbours describe them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.local.ecs.world import (
    BLUE,
    GREEN,
    PRODUCTION,
    TEST,
    World,
    balancer,
    hook,
    in_world,
    until,
)

from appdp.local.ecs.containers import Exits
from appdp.local.ecs.shifting import WRONG_NETWORKING, steps

STAGES = [
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
]
HOOKABLE = [stage for stage in STAGES if stage not in ("SCALE_UP", "BAKE_TIME", "CLEAN_UP")]


def shifting(**more: object) -> dict[str, Any]:
    return {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, **more}


async def create(world: World, *, count: int = 2, test: bool = True, **configuration: object) -> None:
    await world(
        "CreateService",
        serviceName="web",
        taskDefinition=await world.register("web:1"),
        desiredCount=count,
        loadBalancers=[balancer(shifting=True, test=test)],
        deploymentConfiguration=shifting(**configuration),
    )
    await world.ended()
    world.balancing.story.clear()
    world.clients.events.clear()


async def update(world: World, image: str = "web:2", **more: object) -> None:
    await world("UpdateService", service="web", taskDefinition=await world.register(image), **more)


async def reach(world: World, stage: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        newest = (await world.deployments())[0]
        return newest if newest.get("lifecycleStage") == stage else None

    return dict(await until(there))


def test_green_comes_up_is_tested_and_takes_all_traffic() -> None:
    async def story(world: World) -> None:
        await create(world)
        await update(world)
        assert (await world.ended())["status"] == "SUCCESSFUL"
        assert world.balancing.story == [
            "register green",
            "register green",
            "test 0/100",
            "production 0/100",
            "deregister blue",
            "deregister blue",
        ]
        assert {task["containers"][0]["image"] for task in await world.tasks()} == {"web:2"}
        assert len((await world.service())["deployments"]) == 1

    in_world(story)


def test_every_stage_comes_in_its_order() -> None:
    async def story(world: World) -> None:
        await create(world, lifecycleHooks=[hook(*HOOKABLE)])
        seen: list[str] = []
        watching = asyncio.create_task(world.stages(seen))
        await update(world)
        await world.ended()
        watching.cancel()
        assert [stage for stage in seen if stage in STAGES][-len(STAGES) :] == STAGES
        assert [event["lifecycleStage"] for event in world.clients.events] == HOOKABLE

    in_world(story)


def test_the_next_deployment_goes_back_to_the_first_target_group() -> None:
    async def story(world: World) -> None:
        await create(world)
        for image in ("web:2", "web:3"):
            await update(world, image)
            await world.ended()
        live = (await world.deployments())[0]["targetServiceRevision"]
        resolved = (await world.revision(live["arn"]))["resolvedConfiguration"]["loadBalancers"]
        assert resolved == [{"targetGroupArn": BLUE, "productionListenerRule": PRODUCTION}]
        assert world.balancing.rules == {PRODUCTION: {BLUE: 100, GREEN: 0}, TEST: {BLUE: 100, GREEN: 0}}

    in_world(story)


def test_weights_of_both_revisions_are_told() -> None:
    async def story(world: World) -> None:
        await create(world, lifecycleHooks=[hook("POST_TEST_TRAFFIC_SHIFT")])
        world.clients.answers = [{"hookStatus": "IN_PROGRESS", "callBackDelay": 60}]
        await update(world)
        held = await reach(world, "POST_TEST_TRAFFIC_SHIFT")
        target, source = held["targetServiceRevision"], held["sourceServiceRevisions"][0]
        assert (target["requestedTestTrafficWeight"], target["requestedProductionTrafficWeight"]) == (100.0, 0.0)
        assert (source["requestedTestTrafficWeight"], source["requestedProductionTrafficWeight"]) == (0.0, 100.0)
        assert (target["runningTaskCount"], source["runningTaskCount"]) == (2, 2)
        assert len((await world.service())["currentServiceRevisions"]) == 2

    in_world(story)


def test_a_green_that_exits_waits_in_scale_up_until_it_is_stopped() -> None:
    async def story(world: World) -> None:
        world.images["web:bad"] = Exits()
        await create(world)
        world.balancing.sick = lambda group, _ip: group == GREEN
        await update(world, "web:bad")
        await reach(world, "SCALE_UP")

        async def three() -> bool:
            return len(await world.tasks("STOPPED")) >= 3

        await until(three)
        newest = (await world.deployments())[0]
        assert (newest["status"], newest["deploymentCircuitBreaker"]["status"]) == ("IN_PROGRESS", "DISABLED")
        await world("StopServiceDeployment", serviceDeploymentArn=newest["serviceDeploymentArn"], stopType="ROLLBACK")
        ended = await world.ended()
        assert (ended["status"], ended["lifecycleStage"]) == ("ROLLBACK_SUCCESSFUL", "CLEAN_UP")
        assert world.balancing.rules[PRODUCTION] == {BLUE: 100, GREEN: 0}
        assert (await world.service())["taskDefinition"].endswith("web:1")

    in_world(story)


def test_stopping_in_the_bake_gives_traffic_back_before_green_goes() -> None:
    async def story(world: World) -> None:
        await create(world, bakeTimeInMinutes=1440)
        await update(world)
        baking = await reach(world, "BAKE_TIME")
        await world("StopServiceDeployment", serviceDeploymentArn=baking["serviceDeploymentArn"], stopType="ROLLBACK")
        assert (await world.ended())["status"] == "ROLLBACK_SUCCESSFUL"
        assert world.balancing.story[-4:] == ["production 100/0", "test 100/0", "deregister green", "deregister green"]
        assert {task["containers"][0]["image"] for task in await world.tasks()} == {"web:1"}

    in_world(story)


def test_both_target_groups_must_be_on_a_rule() -> None:
    async def story(world: World) -> None:
        await create(world)
        world.balancing.rules = {PRODUCTION: {BLUE: 1}, TEST: {BLUE: 1}}
        await update(world)
        ended = await world.ended()
        assert (ended["status"], ended["statusReason"]) == ("ROLLBACK_SUCCESSFUL", WRONG_NETWORKING)

    in_world(story)


def test_without_a_test_rule_only_production_shifts() -> None:
    async def story(world: World) -> None:
        await create(world, test=False)
        await update(world)
        assert (await world.ended())["status"] == "SUCCESSFUL"
        assert [line for line in world.balancing.story if "/" in line] == ["production 0/100"]

    in_world(story)


def test_a_service_of_no_tasks_is_deployed_at_once_and_scaled_up_later() -> None:
    async def story(world: World) -> None:
        await create(world, count=0)
        assert (await world.deployments())[0]["status"] == "SUCCESSFUL"
        arn = (await world.service())["taskDefinition"]
        await world("UpdateService", service="web", taskDefinition=arn, desiredCount=2, forceNewDeployment=True)
        assert (await world.ended())["status"] == "SUCCESSFUL"
        assert len(await world.tasks()) == 2
        assert "register blue" not in world.balancing.story

    in_world(story)


def test_canary_takes_a_part_first() -> None:
    async def story(world: World) -> None:
        canary = {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 1}
        hooks = [hook("PRE_PRODUCTION_TRAFFIC_SHIFT")]
        await create(world, strategy="CANARY", canaryConfiguration=canary, lifecycleHooks=hooks)
        await update(world)
        assert (await world.ended())["status"] == "SUCCESSFUL"
        shifted = [line for line in world.balancing.story if line.startswith("production")]
        assert shifted == ["production 90/10", "production 0/100"]
        weights = [event["executionDetails"]["productionTrafficWeights"] for event in world.clients.events]
        assert [sorted(weight.values()) for weight in weights] == [[0.0, 100.0], [10.0, 90.0]]

    in_world(story)


def test_linear_takes_equal_steps() -> None:
    async def story(world: World) -> None:
        linear = {"stepPercent": 25.0, "stepBakeTimeInMinutes": 1}
        await create(world, strategy="LINEAR", linearConfiguration=linear)
        await update(world)
        assert (await world.ended())["status"] == "SUCCESSFUL"
        shifted = [line for line in world.balancing.story if line.startswith("production")]
        assert shifted == ["production 75/25", "production 50/50", "production 25/75", "production 0/100"]

    in_world(story)


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({"strategy": "BLUE_GREEN"}, [(100.0, 0.0)]),
        ({"strategy": "CANARY"}, [(5.0, 10.0), (100.0, 0.0)]),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 30.0, "stepBakeTimeInMinutes": 2}},
            [(30.0, 2.0), (60.0, 2.0), (90.0, 2.0), (100.0, 0.0)],
        ),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 33.3, "stepBakeTimeInMinutes": 0}},
            [(33.3, 0.0), (66.6, 0.0), (99.9, 0.0), (100.0, 0.0)],
        ),
    ],
)
def test_steps(configuration: dict[str, Any], expected: list[tuple[float, float]]) -> None:
    assert steps(configuration) == expected


def test_a_newer_deployment_reconciles_what_the_older_left() -> None:
    async def story(world: World) -> None:
        await create(world, bakeTimeInMinutes=1440)
        await update(world, "web:2")
        await reach(world, "BAKE_TIME")
        seen: list[str] = []
        watching = asyncio.create_task(world.stages(seen))
        await update(world, "web:3", deploymentConfiguration={"bakeTimeInMinutes": 0})
        ended = await world.ended()
        watching.cancel()
        assert (ended["status"], len(ended["sourceServiceRevisions"])) == ("SUCCESSFUL", 2)
        assert "RECONCILE_SERVICE" in seen
        assert [d["status"] for d in await world.deployments()] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]
        assert {task["containers"][0]["image"] for task in await world.tasks()} == {"web:3"}
        assert world.balancing.rules[PRODUCTION] == {BLUE: 0, GREEN: 100}

    in_world(story)
