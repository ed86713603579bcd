"""EventBridge Scheduler: what GetSchedule said goes back as it was."""

from __future__ import annotations

from typing import Any

import pytest

from appdp.aws.schedules import EventBridgeSchedules
from appdp.aws.session import Session
from appdp.engine.deploy.schedules import pointed
from appdp.errors import RemoteError
from tests.unit.aws.server import AwsSays, AwsServer

STORED: dict[str, Any] = {
    "Arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/shop.dev/report",
    "CreationDate": 1_700_000_000.0,
    "LastModificationDate": 1_700_000_000.0,
    "Name": "report",
    "GroupName": "shop.dev",
    "ActionAfterCompletion": "NONE",
    "ScheduleExpression": "cron(0 6 * * ? *)",
    "ScheduleExpressionTimezone": "Europe/Berlin",
    "StartDate": 1_800_000_000.0,
    "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
    "State": "ENABLED",
    "Target": {
        "Arn": "arn:aws:ecs:us-east-1:000000000000:cluster/main",
        "RoleArn": "arn:aws:iam::000000000000:role/r",
        "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0},
        "EcsParameters": {"TaskDefinitionArn": "td:1", "TaskCount": 1, "PropagateTags": "TASK_DEFINITION"},
    },
}


def test_everything_but_the_task_definition_goes_back_as_it_was(aws: AwsServer, session: Session) -> None:
    aws.answers["GetSchedule"] = lambda _: STORED
    aws.answers["UpdateSchedule"] = lambda _: {"ScheduleArn": STORED["Arn"]}
    schedules = EventBridgeSchedules(session)
    found = schedules.get("shop.dev", "report")
    assert found is not None
    assert aws.last("GetSchedule").payload == {"groupName": "shop.dev", "Name": "report"}
    schedules.update(pointed(found, "td:2", None))
    sent = dict(aws.last("UpdateSchedule").payload)
    assert sent.pop("ClientToken")
    target = {**STORED["Target"], "EcsParameters": {**STORED["Target"]["EcsParameters"], "TaskDefinitionArn": "td:2"}}
    kept = {
        name: value for name, value in STORED.items() if name not in ("Arn", "CreationDate", "LastModificationDate")
    }
    assert sent == {**kept, "Target": target}


def test_a_schedule_that_is_not_there(aws: AwsServer, session: Session) -> None:
    def gone(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("ResourceNotFoundException", status=404)

    aws.answers["GetSchedule"] = gone
    assert EventBridgeSchedules(session).get("shop.dev", "report") is None


def test_what_is_refused_names_the_action(aws: AwsServer, session: Session) -> None:
    def refused(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("AccessDeniedException", "may not pass the role", status=403)

    aws.answers["UpdateSchedule"] = refused
    sent = {name: STORED[name] for name in ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    with pytest.raises(RemoteError, match="AWS refused scheduler:UpdateSchedule: may not pass the role"):
        EventBridgeSchedules(session).update(sent)
