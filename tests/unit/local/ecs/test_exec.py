"""ECS Exec: which tasks take a command."""

from __future__ import annotations

import pytest
from tests.unit.local.ecs.world import World, in_world

from appdp.local.wire import ServiceError


async def execute(world: World, task: str, **more: object) -> dict[str, object]:
    return await world("ExecuteCommand", **{"task": task, "command": "/bin/sh", "interactive": True, **more})


async def refused(world: World, task: str, **more: object) -> str:
    with pytest.raises(ServiceError) as error:
        await execute(world, task, **more)
    assert error.value.code == "InvalidParameterException"
    return error.value.message


def test_a_session_with_a_task_that_was_started_for_it() -> None:
    async def story(world: World) -> None:
        definition = await world.register()
        common = {"taskDefinition": definition, "desiredCount": 1}
        await world("CreateService", serviceName="web", enableExecuteCommand=True, **common)
        await world.ended()
        (task,) = await world.tasks()
        assert task["enableExecuteCommand"] is True
        assert task["containers"][0]["managedAgents"] == [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}]
        for given in (task["taskArn"], task["taskArn"].rpartition("/")[2]):
            answer = await execute(world, given)
            assert (answer["containerName"], answer["taskArn"]) == ("web", task["taskArn"])
            session = answer["session"]
            assert isinstance(session, dict)
            assert all(session[key] for key in ("sessionId", "streamUrl", "tokenValue"))
        assert "not found in the task" in await refused(world, task["taskArn"], container="db")
        assert "Interactive" in await refused(world, task["taskArn"], interactive=False)
        await world("StopTask", task=task["taskArn"])
        assert "isn't running" in await refused(world, task["taskArn"])

    in_world(story)


def test_a_task_that_was_not_started_for_it() -> None:
    async def story(world: World) -> None:
        await world("CreateService", serviceName="web", taskDefinition=await world.register(), desiredCount=1)
        await world.ended()
        (task,) = await world.tasks()
        assert "managedAgents" not in task["containers"][0]
        assert "not enabled" in await refused(world, task["taskArn"])
        assert "was not found" in await refused(world, "none")

    in_world(story)
