"""RunTask: what was asked for is what runs, once, and its end is told. Containers are played.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.ecs.conftest import Stage, build_stage, wait
from tests.emulator.ecs.test_control_plane import push


@pytest.fixture(scope="module")
def played() -> Iterator[Stage]:
    with EmbeddedAws.start(docker=False) as aws:
        yield build_stage(aws)


def test_a_token_runs_a_task_once_and_only_for_the_same_request(played: Stage) -> None:
    ecs = played.client("ecs")
    definition = played.register(push(played, "job", {"kind": "exits", "code": 7}), family="job")
    asked = {"taskDefinition": definition, "clientToken": "one", "startedBy": "a-release", "group": "jobs"}
    first = ecs.run_task(**asked)["tasks"][0]
    assert ecs.run_task(**asked)["tasks"][0]["taskArn"] == first["taskArn"]
    with pytest.raises(ecs.exceptions.ConflictException, match="different RunTask request"):
        ecs.run_task(**asked, count=2)

    def ended() -> dict[str, object] | None:
        found = ecs.describe_tasks(tasks=[first["taskArn"]])["tasks"][0]
        return dict(found) if found["lastStatus"] == "STOPPED" else None

    task = wait(ended)
    assert (task["startedBy"], task["group"], task["stopCode"]) == ("a-release", "jobs", "EssentialContainerExited")
    assert task["stoppedReason"] == "Essential container in task exited"
    assert task["containers"][0]["exitCode"] == 7
    assert ecs.run_task(**asked)["tasks"][0]["taskArn"] == first["taskArn"]


def test_an_override_of_no_container_is_refused(played: Stage) -> None:
    ecs = played.client("ecs")
    definition = played.register(push(played, "other"), family="other")
    override = {"containerOverrides": [{"name": "wbe", "command": ["now"]}]}
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="container named wbe"):
        ecs.run_task(taskDefinition=definition, overrides=override)
