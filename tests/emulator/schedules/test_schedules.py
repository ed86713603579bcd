"""Schedules run tasks on the embedded ECS, in real containers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.core.test_cloudformation import Assembly
from tests.emulator.ecs.conftest import Stage, build_stage, wait

SHORT_MINUTES = 1 / 15
"""Makes a minute of a rate four seconds: longer than a container takes to come and go on a busy machine."""

SAY_AND_EXIT = '#!/bin/sh\necho "$RELEASE for $WHOM"\nexit 3\n'
CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/default"
ROLE = "arn:aws:iam::000000000000:role/schedule"


@pytest.fixture(scope="module")
def staged() -> Iterator[Stage]:
    with EmbeddedAws.start(docker=True, bake_scale=SHORT_MINUTES) as aws:
        trust = {"Version": "2012-10-17", "Statement": []}
        aws.client("iam").create_role(RoleName="schedule", AssumeRolePolicyDocument=json.dumps(trust))
        yield build_stage(aws)


def _target(definition: str, **more: Any) -> dict[str, Any]:
    parameters = {
        "TaskDefinitionArn": definition,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-1"]}},
    }
    return {"Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": parameters, **more}


def _stopped(stage: Stage, family: str) -> list[dict[str, Any]]:
    ecs = stage.client("ecs")
    arns = ecs.list_tasks(family=family, desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(tasks=arns)["tasks"] if arns else []
    return [task for task in tasks if task["lastStatus"] == "STOPPED"]


def test_a_rate_runs_what_its_target_says_now(staged: Stage) -> None:
    scheduler = staged.client("scheduler")
    first = staged.register(staged.push("one", script=SAY_AND_EXIT), family="rated")
    override = {"containerOverrides": [{"name": "web", "environment": [{"name": "WHOM", "value": "all"}]}]}
    told = {
        "Name": "rated",
        "ScheduleExpression": "rate(1 minute)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": _target(first, Input=json.dumps(override)),
    }
    scheduler.create_schedule(**told, State="DISABLED")
    time.sleep(6)
    assert not _stopped(staged, "rated")

    scheduler.update_schedule(**told, State="ENABLED")
    task = wait(lambda: _stopped(staged, "rated"))[0]
    assert (task["taskDefinitionArn"], task["stopCode"]) == (first, "EssentialContainerExited")
    assert task["containers"][0]["exitCode"] == 3
    assert staged.log(task) == ["one for all"]
    wait(lambda: len(_stopped(staged, "rated")) > 1)

    second = staged.register(staged.push("two", script=SAY_AND_EXIT), family="rated")
    scheduler.update_schedule(**{**told, "Target": _target(second)}, State="ENABLED")
    wait(lambda: [task for task in _stopped(staged, "rated") if task["taskDefinitionArn"] == second])
    scheduler.delete_schedule(Name="rated")


def test_one_time_runs_once_and_is_deleted_when_that_is_asked(staged: Stage) -> None:
    scheduler = staged.client("scheduler")
    definition = staged.register(staged.push("once", script=SAY_AND_EXIT), family="once")
    scheduler.create_schedule(
        Name="once",
        ScheduleExpression=time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 2)),
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target=_target(definition),
    )
    wait(lambda: _stopped(staged, "once"))
    time.sleep(2)
    assert len(_stopped(staged, "once")) == 1
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name="once")


def test_a_role_that_is_not_there_runs_nothing(staged: Stage) -> None:
    definition = staged.register(staged.push("nobody", script=SAY_AND_EXIT), family="nobody")
    staged.client("scheduler").create_schedule(
        Name="nobody",
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={**_target(definition), "RoleArn": f"{ROLE}-that-is-not-there"},
    )
    wait(lambda: "that-is-not-there" in staged.aws.log_tail())
    assert not _stopped(staged, "nobody")
    staged.client("scheduler").delete_schedule(Name="nobody")


def test_a_stack_sends_every_property_and_an_update_puts_the_whole_schedule_back(staged: Stage, tmp_path: Path) -> None:
    scheduler = staged.client("scheduler")

    def lay_out(hour: int) -> None:
        properties = {
            "Name": "stacked",
            "ScheduleExpression": f"cron(0 {hour} * * ? *)",
            "ScheduleExpressionTimezone": "Europe/Berlin",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": "15"},
            "State": "DISABLED",
            "Target": {**_target("rated:1"), "RetryPolicy": {"MaximumRetryAttempts": "2"}},
        }
        assembly = Assembly(staged.aws, tmp_path)
        assembly.stack("scheduled", {"Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": properties}})
        assembly.deploy()

    lay_out(9)
    made = scheduler.get_schedule(Name="stacked")
    assert made["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert made["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    assert made["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 2}

    changed = {name: made[name] for name in ("Name", "ScheduleExpression", "FlexibleTimeWindow")}
    scheduler.update_schedule(**changed, Target=_target("rated:2"))
    lay_out(10)
    again = scheduler.get_schedule(Name="stacked")
    assert again["ScheduleExpression"] == "cron(0 10 * * ? *)"
    assert again["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert again["Target"]["EcsParameters"]["TaskDefinitionArn"] == "rated:1"
