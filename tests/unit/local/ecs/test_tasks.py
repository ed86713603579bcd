"""The life of a task as task-lifecycle-explanation.html and stopped-task-error-codes.html describe it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.local.ecs.world import World, in_world, until

from appdp.local.ecs import orders
from appdp.local.ecs.containers import ContainerOrder, Exits, PullFailure, Runs, Unhealthy
from appdp.local.ecs.simulated_runtime import ANNOTATION, behaviour_from
from appdp.local.wire import Address

LOGGING = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": "/app", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"},
}


async def run(world: World, *containers: dict[str, Any], **more: object) -> str:
    await world("RegisterTaskDefinition", family="job", containerDefinitions=list(containers))
    return str((await world("RunTask", taskDefinition="job", **more))["tasks"][0]["taskArn"])


async def reach(world: World, task: str, status: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        found = (await world("DescribeTasks", tasks=[task]))["tasks"][0]
        return found if found["lastStatus"] == status else None

    return dict(await until(there))


def test_a_task_goes_through_its_states_and_is_reachable_meanwhile() -> None:
    async def story(world: World) -> None:
        task = await run(world, {"name": "web", "image": "web:1", "portMappings": [{"containerPort": 8080}]})
        running = await reach(world, task, "RUNNING")
        address = running["attachments"][0]["details"][2]["value"]
        assert address.startswith("10.")
        assert isinstance(world.addresses.find(address, 8080), Address)
        await world("StopTask", task=task)
        stopped = await reach(world, task, "STOPPED")
        assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "Task stopped by user")
        assert stopped["containers"][0]["exitCode"] == 143
        assert world.addresses.find(address, 8080) is None
        states = [detail["lastStatus"] for kind, detail in world.events.emitted if kind == "ECS Task State Change"]
        assert states == ["PENDING", "ACTIVATING", "RUNNING", "STOPPING", "DEPROVISIONING", "STOPPED"]

    in_world(story)


def test_an_essential_container_takes_the_task_with_it_and_others_do_not() -> None:
    async def story(world: World) -> None:
        world.images["side:1"] = Exits(code=0)
        world.images["main:1"] = Exits(code=7, after_seconds=0.2)
        side = {"name": "side", "image": "side:1", "essential": False}
        task = await run(world, {"name": "main", "image": "main:1"}, {"name": "more", "image": "x:1"}, side)
        running = await reach(world, task, "RUNNING")
        assert running["desiredStatus"] == "RUNNING"
        stopped = await reach(world, task, "STOPPED")
        assert stopped["stopCode"] == "EssentialContainerExited"
        assert {c["name"]: c["exitCode"] for c in stopped["containers"]} == {"main": 7, "more": 143, "side": 0}

    in_world(story)


def test_what_a_container_writes_is_in_its_log_when_the_task_has_stopped() -> None:
    async def story(world: World) -> None:
        world.images["job:1"] = Exits(code=1, log=("one", "two"))
        task = await run(world, {"name": "job", "image": "job:1", "logConfiguration": LOGGING})
        await reach(world, task, "STOPPED")
        assert world.clients.lines == {f"p/job/{task.rpartition('/')[2]}": ["one", "two"]}

    in_world(story)


def test_a_command_does_what_the_image_says_of_it() -> None:
    async def story(world: World) -> None:
        world.images["web:1"] = Runs(commands={"migrate": Exits(code=0, log=("done",))})
        migration = await run(world, {"name": "job", "image": "web:1", "command": ["migrate", "now"]})
        assert (await reach(world, migration, "STOPPED"))["containers"][0]["exitCode"] == 0
        other = await run(world, {"name": "job", "image": "web:1", "command": ["serve"]})
        await reach(world, other, "RUNNING")

    in_world(story)


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"image": "job:missing"}, "CannotPullContainerError: "),
        (
            {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/none"}}},
            "ResourceInitializationError: failed to validate logger args",
        ),
        (
            {"secrets": [{"name": "A", "valueFrom": "/none"}]},
            "ResourceInitializationError: unable to pull secrets or registry auth",
        ),
    ],
)
def test_a_task_that_cannot_start_says_why(container: dict[str, Any], reason: str) -> None:
    async def story(world: World) -> None:
        task = await run(world, {"name": "job", "image": "job:1", **container})
        stopped = await reach(world, task, "STOPPED")
        assert stopped["stopCode"] == "TaskFailedToStart"
        assert stopped["stoppedReason"].startswith(reason)

    in_world(story)


def test_a_task_that_is_stopped_while_it_waits_for_a_dependency_goes() -> None:
    async def story(world: World) -> None:
        world.images["db:1"] = Unhealthy()
        check = {"command": ["CMD", "true"]}
        first = {"name": "db", "image": "db:1", "healthCheck": check}
        second = {"name": "web", "image": "w:1", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]}
        task = await run(world, first, second)

        async def first_runs() -> bool:
            return "runtimeId" in (await world("DescribeTasks", tasks=[task]))["tasks"][0]["containers"][0]

        await until(first_runs)
        await world("StopTask", task=task)
        stopped = await reach(world, task, "STOPPED")
        assert [container.get("runtimeId") is not None for container in stopped["containers"]] == [True, False]

    in_world(story)


def test_a_client_token_runs_a_task_once() -> None:
    async def story(world: World) -> None:
        container = {"name": "job", "image": "job:1"}
        first = await run(world, container, clientToken="t")
        again = await world("RunTask", taskDefinition="job", clientToken="t")
        assert [task["taskArn"] for task in again["tasks"]] == [first]

    in_world(story)


def test_a_failing_container_health_check_replaces_the_task() -> None:
    async def story(world: World) -> None:
        world.images["web:1"] = Unhealthy()
        definition = await world.register(healthCheck={"command": ["CMD", "true"]})
        await world("CreateService", serviceName="web", taskDefinition=definition, desiredCount=1)

        async def replaced() -> list[dict[str, Any]]:
            return await world.tasks("STOPPED")

        stopped = (await until(replaced))[0]
        assert stopped["stoppedReason"] == "Task failed container health checks"
        assert stopped["healthStatus"] == "UNHEALTHY"

    in_world(story)


def test_secrets_and_overrides_reach_the_environment() -> None:
    container = {"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]}
    override = {"environment": [{"name": "B", "value": "2"}]}
    environment = orders.environment(container, override, {"C": "secret"})
    assert environment == {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", "A": "1", "B": "2", "C": "secret"}


def test_secrets_manager_keys_are_taken_out_of_their_json() -> None:
    async def story(world: World) -> None:
        arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf"
        world.clients.secrets[arn] = '{"password": "pw"}'
        world.images["job:1"] = Exits(code=0)
        secret = {"name": "PW", "valueFrom": f"{arn}:password::"}
        task = await run(world, {"name": "job", "image": "job:1", "secrets": [secret]})
        assert (await reach(world, task, "STOPPED"))["stopCode"] == "EssentialContainerExited"

    in_world(story)


def test_containers_start_after_what_they_depend_on_and_join_the_lasting_one() -> None:
    containers: list[dict[str, Any]] = [
        {"name": "web", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
        {"name": "side", "dependsOn": [{"containerName": "web", "condition": "START"}]},
        {"name": "init"},
    ]
    assert [container["name"] for container in orders.in_start_order(containers)] == ["init", "web", "side"]
    assert orders.network_owner(containers) == "web"


def test_an_order_carries_what_the_definition_says() -> None:
    container: dict[str, Any] = {
        "entryPoint": ["sh"],
        "command": ["-c", "x"],
        "workingDirectory": "/w",
        "user": "1000",
        "readonlyRootFilesystem": True,
        "memory": 64,
        "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 5, "startPeriod": 9},
    }
    base = ContainerOrder(task="t", service="s", name="web", image="web:1")
    order = orders.order(container, {"command": ["y"]}, base)
    assert (order.entry_point, order.command, order.working_directory) == (("sh",), ("y",), "/w")
    assert (order.user, order.read_only, order.memory_mib) == ("1000", True, 64)
    assert order.health_check is not None
    assert (order.health_check.interval, order.health_check.retries, order.health_check.start_period) == (5, 3, 9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Runs()),
        ('{"kind": "runs"}', Runs()),
        ('{"kind": "exits", "code": 2, "log": ["a"]}', Exits(code=2, log=("a",))),
        ('{"kind": "unhealthy", "status": 500}', Unhealthy(status=500)),
        (
            '{"kind": "runs", "commands": {"migrate": {"kind": "exits", "code": 0}}}',
            Runs(commands={"migrate": Exits(code=0)}),
        ),
    ],
)
def test_a_manifests_annotation_tells_the_behaviour(text: str | None, expected: object) -> None:
    assert behaviour_from({} if text is None else {ANNOTATION: text}) == expected


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"kind": "sings"}', '{"kind": "runs", "commands": {"x": {"kind": "sings"}}}']
)
def test_an_annotation_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(PullFailure, match=ANNOTATION):
        behaviour_from({ANNOTATION: text})
