"""A service whose tasks fall ill while it runs: replacements come first, if there is room for both."""

from __future__ import annotations

from itertools import accumulate

from tests.unit.local.ecs.test_rolling import create
from tests.unit.local.ecs.world import World, balancer, in_world, rolling, until


async def _fall_ill(world: World) -> tuple[set[str], list[int]]:
    """Make every task that runs now ill, and wait until others run instead.

    Returns:
        the ill tasks' ARNs, and how many targets there were after each one that came or went.
    """
    before = await world.tasks()
    ill = {task["attachments"][0]["details"][2]["value"] for task in before}
    arns = {task["taskArn"] for task in before}
    told = len(world.balancing.story)
    world.balancing.sick = lambda _group, ip: ip in ill

    async def replaced() -> bool:
        running = [task for task in await world.tasks() if task["lastStatus"] == "RUNNING"]
        stopped = [task for task in await world.tasks("STOPPED") if task["lastStatus"] == "STOPPED"]
        return len(running) == len(stopped) == len(before) and arns == {task["taskArn"] for task in stopped}

    await until(replaced)
    steps = [1 if event.startswith("register") else -1 for event in world.balancing.story[told:]]
    return arns, list(accumulate(steps, initial=len(before)))


def test_ill_tasks_stay_until_their_replacements_are_healthy() -> None:
    async def story(world: World) -> None:
        await create(world, loadBalancers=[balancer()])
        await world.ended()
        arns, counts = await _fall_ill(world)
        assert min(counts) >= len(arns)
        assert {task["taskArn"] for task in await world.tasks("STOPPED")} == arns
        assert all("Task failed ELB health checks" in t["stoppedReason"] for t in await world.tasks("STOPPED"))

    in_world(story)


def test_without_room_for_both_an_ill_task_goes_first() -> None:
    async def story(world: World) -> None:
        configuration = rolling(maximumPercent=100, minimumHealthyPercent=0)
        await create(world, loadBalancers=[balancer()], deploymentConfiguration=configuration)
        await world.ended()
        healthy = len(await world.messages())
        await _fall_ill(world)
        new = list(reversed(await world.messages()))[healthy:]
        moves = [word for message in new for word in ("started", "stopped") if f"has {word}" in message]
        assert moves == ["stopped", "stopped", "started"]

    in_world(story)


def test_a_task_that_recovers_keeps_its_place() -> None:
    async def story(world: World) -> None:
        await create(world, loadBalancers=[balancer()])
        await world.ended()
        well = {task["taskArn"] for task in await world.tasks()}
        first = (await world.tasks())[0]["attachments"][0]["details"][2]["value"]
        known = {task["attachments"][0]["details"][2]["value"] for task in await world.tasks()}
        world.balancing.young = lambda ip: ip not in known
        world.balancing.sick = lambda _group, ip: ip == first

        async def replacing() -> bool:
            return len(await world.tasks()) > len(well)

        await until(replacing)
        world.balancing.sick = lambda _group, _ip: False

        async def settled() -> bool:
            return {task["taskArn"] for task in await world.tasks()} == well

        await until(settled)

    in_world(story)
