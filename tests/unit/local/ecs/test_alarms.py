"""CloudWatch alarms that fail a service deployment, as deployment-alarm-failure.html describes them."""

from __future__ import annotations

from typing import Any

from tests.unit.local.ecs.test_shifting import create, reach, update
from tests.unit.local.ecs.world import PRODUCTION, World, in_world, rolling, until


def watching(*, rollback: bool = True) -> dict[str, Any]:
    return {"alarms": {"alarmNames": ["errors", "latency"], "enable": True, "rollback": rollback}}


def test_an_alarm_in_the_bake_gives_the_traffic_back() -> None:
    async def story(world: World) -> None:
        world.clients.alarms = {"errors": "OK", "latency": "INSUFFICIENT_DATA"}
        await create(world, bakeTimeInMinutes=1440, **watching())
        live = dict(world.balancing.rules[PRODUCTION])
        await update(world)
        await reach(world, "BAKE_TIME")
        await until(lambda: _monitoring(world))
        (newest, *_) = await world.deployments()
        assert newest["alarms"] == {
            "status": "MONITORING",
            "alarmNames": ["errors", "latency"],
            "triggeredAlarmNames": [],
        }
        world.clients.alarms["errors"] = "ALARM"
        ended = await world.ended()
        assert ended["status"] == "ROLLBACK_SUCCESSFUL"
        assert "errors" in ended["statusReason"]
        assert (ended["alarms"]["status"], ended["alarms"]["triggeredAlarmNames"]) == ("TRIGGERED", ["errors"])
        assert world.balancing.rules[PRODUCTION] == live

    in_world(story)


def test_alarms_that_stay_quiet_let_it_pass() -> None:
    async def story(world: World) -> None:
        world.clients.alarms = {"errors": "OK"}
        await create(world, **watching())
        await update(world)
        ended = await world.ended()
        assert (ended["status"], ended["alarms"]["status"]) == ("SUCCESSFUL", "MONITORING_COMPLETE")

    in_world(story)


def test_an_alarm_that_is_red_at_the_start_is_not_watched() -> None:
    async def story(world: World) -> None:
        await create(world, **watching())
        world.clients.alarms = {"errors": "ALARM"}
        await update(world)
        ended = await world.ended()
        assert (ended["status"], ended["alarms"]["status"]) == ("SUCCESSFUL", "DISABLED")

    in_world(story)


def test_an_alarm_that_is_named_but_not_enabled_counts_for_nothing() -> None:
    async def story(world: World) -> None:
        world.clients.alarms = {"errors": "OK"}
        await create(world, bakeTimeInMinutes=5, alarms={"alarmNames": ["errors"], "enable": False, "rollback": True})
        await update(world)
        await reach(world, "BAKE_TIME")
        world.clients.alarms["errors"] = "ALARM"
        ended = await world.ended()
        assert (ended["status"], ended["alarms"]["status"]) == ("SUCCESSFUL", "DISABLED")

    in_world(story)


def test_a_rolling_deployment_is_watched_after_it_is_steady() -> None:
    async def story(world: World) -> None:
        world.clients.alarms = {"errors": "OK"}
        first = await _rolled_out(world, rollback=True)
        await until(lambda: _only_runs(world, "web:2"))
        assert (await world.deployments())[0]["status"] == "IN_PROGRESS"
        world.clients.alarms["errors"] = "ALARM"
        assert (await world.ended())["status"] == "ROLLBACK_SUCCESSFUL"
        assert (await world.service())["taskDefinition"] == first
        assert await _only_runs(world, "web:1")

    in_world(story)


def test_without_its_rollback_option_the_deployment_stops_where_it_is() -> None:
    async def story(world: World) -> None:
        world.clients.alarms = {"errors": "OK"}
        first = await _rolled_out(world, rollback=False)
        await until(lambda: _only_runs(world, "web:2"))
        world.clients.alarms["errors"] = "ALARM"
        assert (await world.ended())["status"] == "STOPPED"
        assert (await world.service())["taskDefinition"] != first
        assert await _only_runs(world, "web:2")

    in_world(story)


async def _rolled_out(world: World, *, rollback: bool) -> str:
    """A rolling service that is on its way from ``web:1`` to ``web:2``; returns the first task definition."""
    first = await world.register("web:1")
    await world(
        "CreateService", serviceName="web", taskDefinition=first, desiredCount=2, deploymentConfiguration=rolling()
    )
    await world.ended()
    await update(world, deploymentConfiguration=watching(rollback=rollback))
    # An alarm that is red before the watch begins is not watched at all.
    await until(lambda: _monitoring(world))
    return first


async def _monitoring(world: World) -> bool:
    return bool((await world.deployments())[0]["alarms"]["status"] == "MONITORING")


async def _only_runs(world: World, image: str) -> bool:
    running = [container["image"] for task in await world.tasks() for container in task["containers"]]
    return running == [image, image]
