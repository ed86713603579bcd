"""Lifecycle hooks as lambda-lifecycle-hooks.html and pause-lifecycle-hooks.html describe them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.local.ecs.test_shifting import create, reach, update
from tests.unit.local.ecs.world import HOOK, PRODUCTION, World, hook, in_world, pause, refusal, until

from appdp.local.wire import ServiceError


def test_the_payload_is_as_documented() -> None:
    async def story(world: World) -> None:
        await create(world, lifecycleHooks=[hook("PRODUCTION_TRAFFIC_SHIFT", hookDetails={"bucket": "b"})])
        await update(world)
        await world.ended()
        event = world.clients.events[-1]
        deployment = (await world.deployments())[0]
        target = deployment["targetServiceRevision"]["arn"]
        source = deployment["sourceServiceRevisions"][0]["arn"]
        assert event.pop("executionId")
        assert event == {
            "function": HOOK,
            "lifecycleStage": "PRODUCTION_TRAFFIC_SHIFT",
            "resourceArn": deployment["serviceDeploymentArn"],
            "executionDetails": {
                "serviceArn": deployment["serviceArn"],
                "targetServiceRevisionArn": target,
                "testTrafficWeights": {},
                "productionTrafficWeights": {target: 100.0, source: 0.0},
            },
            "hookDetails": {"bucket": "b"},
        }

    in_world(story)


def test_in_progress_is_asked_again_after_the_delay_with_its_details() -> None:
    async def story(world: World) -> None:
        await create(world, lifecycleHooks=[hook("POST_TEST_TRAFFIC_SHIFT")])
        waiting = {"hookStatus": "IN_PROGRESS", "callBackDelay": 0.1, "hookDetails": {"asked": 1}}
        world.clients.answers = [waiting, {"hookStatus": "SUCCEEDED"}]
        await update(world)
        assert (await world.ended())["status"] == "SUCCESSFUL"
        assert [event.get("hookDetails") for event in world.clients.events] == [None, {"asked": 1}]
        assert world.events.names("ECS Hook State Change")[-2:] == ["HOOK_IN_PROGRESS", "HOOK_SUCCEEDED"]

    in_world(story)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"hookStatus": "FAILED"}, "failed."),
        ({"hookStatus": "MAYBE"}, "returned no valid hookStatus"),
        ({}, "returned no valid hookStatus"),
        ({"errorMessage": "boom"}, "raised an error: boom"),
        (refusal("ResourceNotFoundException", "Function not found"), "could not be invoked"),
    ],
)
def test_anything_but_success_rolls_back(answer: dict[str, Any] | Exception, reason: str) -> None:
    async def story(world: World) -> None:
        await create(world, lifecycleHooks=[hook("POST_TEST_TRAFFIC_SHIFT")])
        world.clients.answers = [answer]
        await update(world)
        ended = await world.ended()
        assert ended["status"] == "ROLLBACK_SUCCESSFUL"
        assert reason in ended["statusReason"]
        assert not [line for line in world.balancing.story if line.startswith("production")]
        assert ended["lifecycleHookDetails"][-1]["status"] == "FAILED"

    in_world(story)


def test_hooks_of_the_traffic_stages_run_again_on_the_way_back() -> None:
    async def story(world: World) -> None:
        await create(world, bakeTimeInMinutes=1440, lifecycleHooks=[hook("PRODUCTION_TRAFFIC_SHIFT")])
        await update(world)
        baking = await reach(world, "BAKE_TIME")
        await world("StopServiceDeployment", serviceDeploymentArn=baking["serviceDeploymentArn"], stopType="ROLLBACK")
        await world.ended()
        weights = [event["executionDetails"]["productionTrafficWeights"] for event in world.clients.events]
        target = baking["targetServiceRevision"]["arn"]
        assert [weight[target] for weight in weights] == [100.0, 0.0]

    in_world(story)


def test_a_pause_waits_for_continue() -> None:
    async def story(world: World) -> None:
        await create(world)
        hooks = [pause("PRE_PRODUCTION_TRAFFIC_SHIFT")]
        await update(world, deploymentConfiguration={"lifecycleHooks": hooks})
        held = await awaiting(world)
        assert held["hook"]["timeoutAction"] == "ROLLBACK"
        assert world.balancing.rules[PRODUCTION] != {}
        await decide(world, held, "CONTINUE")
        ended = await world.ended()
        assert (ended["status"], ended["lifecycleHookDetails"][0]["status"]) == ("SUCCESSFUL", "SUCCEEDED")
        assert world.events.names("ECS Hook State Change") == ["HOOK_AWAITING_ACTION", "HOOK_SUCCEEDED"]

    in_world(story)


def test_a_pause_can_be_rolled_back() -> None:
    async def story(world: World) -> None:
        await create(world)
        await update(world, deploymentConfiguration={"lifecycleHooks": [pause("POST_SCALE_UP")]})
        held = await awaiting(world)
        await decide(world, held, "ROLLBACK")
        assert (await world.ended())["status"] == "ROLLBACK_SUCCESSFUL"
        with pytest.raises(ServiceError) as refused:
            await decide(world, held, "CONTINUE")
        assert refused.value.code == "InvalidParameterException"

    in_world(story)


@pytest.mark.parametrize(("action", "status"), [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "SUCCESSFUL")])
def test_a_pause_that_nobody_decides_times_out(action: str, status: str) -> None:
    async def story(world: World) -> None:
        await create(world)
        timeout = {"timeoutInMinutes": 1, "action": action}
        hooks = [pause("POST_SCALE_UP", timeoutConfiguration=timeout)]
        await update(world, deploymentConfiguration={"lifecycleHooks": hooks})
        ended = await world.ended()
        assert (ended["status"], ended["lifecycleHookDetails"][0]["status"]) == (status, "TIMED_OUT")

    in_world(story)


def test_a_linear_deployment_pauses_before_each_step() -> None:
    async def story(world: World) -> None:
        linear = {"stepPercent": 50.0, "stepBakeTimeInMinutes": 0}
        await create(world, strategy="LINEAR", linearConfiguration=linear)
        await update(world, deploymentConfiguration={"lifecycleHooks": [pause("PRE_PRODUCTION_TRAFFIC_SHIFT")]})
        first = await awaiting(world)
        await decide(world, first, "CONTINUE")
        second = await awaiting(world)
        assert second["hook"]["hookId"] != first["hook"]["hookId"]
        await decide(world, second, "CONTINUE")
        assert (await world.ended())["status"] == "SUCCESSFUL"

    in_world(story)


@pytest.mark.parametrize(
    "wrong",
    [pause("PRODUCTION_TRAFFIC_SHIFT"), hook("SCALE_UP"), {"lifecycleStages": ["POST_SCALE_UP"]}],
)
def test_hooks_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    async def story(world: World) -> None:
        await create(world)
        with pytest.raises(ServiceError) as refused:
            await update(world, deploymentConfiguration={"lifecycleHooks": [wrong]})
        assert refused.value.code == "InvalidParameterException"

    in_world(story)


async def awaiting(world: World) -> dict[str, Any]:
    """The newest deployment, and its hook that awaits action."""

    async def held() -> dict[str, Any] | None:
        newest = (await world.deployments())[0]
        details = newest.get("lifecycleHookDetails", [])
        found = [detail for detail in details if detail["status"] == "AWAITING_ACTION"]
        return {"arn": newest["serviceDeploymentArn"], "hook": found[0]} if found else None

    return dict(await until(held))


async def decide(world: World, held: dict[str, Any], action: str) -> None:
    await world(
        "ContinueServiceDeployment",
        serviceDeploymentArn=held["arn"],
        hookId=held["hook"]["hookId"],
        action=action,
    )
