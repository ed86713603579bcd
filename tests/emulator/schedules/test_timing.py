"""When schedules are due.

See: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

from datetime import datetime

import pytest

from appdp.local.schedules import Timing, run_task_parameters

NOW = datetime.fromisoformat("2026-03-28T12:00:30+00:00").timestamp()


def _timing(expression: str, zone: str = "UTC", start: float | None = None) -> Timing:
    return Timing(expression=expression, zone=zone, start=start)


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def test_a_time_of_day_is_one_of_its_zone_on_both_sides_of_a_change_of_clocks() -> None:
    daily = _timing("cron(0 9 * * ? *)", "Europe/Berlin")
    first = daily.first(NOW)
    assert first == _at("2026-03-29T07:00:00+00:00")  # summer time begins in that night
    assert _timing("cron(0 9 * * ? *)", "Europe/Berlin").first(NOW - 86400) == _at("2026-03-28T08:00:00+00:00")


def test_one_time_is_due_once_in_its_zone() -> None:
    once = _timing("at(2026-03-28T09:00:00)", "America/New_York")
    due = once.first(NOW)
    assert due == _at("2026-03-28T13:00:00+00:00")
    assert once.following(due, due, 1.0) is None


def test_a_rate_begins_at_once_or_at_its_start_date() -> None:
    assert _timing("rate(5 minutes)").first(NOW) == NOW
    assert _timing("rate(5 minutes)", start=NOW + 60).first(NOW) == NOW + 60


def test_what_was_missed_is_not_made_up_for() -> None:
    assert _timing("rate(1 minute)").following(NOW, NOW + 150, 1.0) == NOW + 180


def test_a_rate_passes_as_fast_as_bakes_do() -> None:
    assert _timing("rate(1 minute)").following(NOW, NOW, 0.01) == pytest.approx(NOW + 0.6)


@pytest.mark.parametrize(
    ("expression", "zone", "told"),
    [
        ("rate(5 fortnights)", "UTC", "no at"),
        ("cron(0 9 * * MON *)", "UTC", "no at"),
        ("at(tomorrow)", "UTC", "tomorrow"),
        ("rate(1 hour)", "Mars/Olympus", "no time zone"),
    ],
)
def test_nonsense_is_said(expression: str, zone: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        _timing(expression, zone).first(NOW)


def test_a_target_becomes_a_call_of_run_task() -> None:
    target = {
        "Arn": "arn:aws:ecs:us-east-1:000000000000:cluster/main",
        "RoleArn": "arn:aws:iam::000000000000:role/schedule",
        "Input": '{"containerOverrides": [{"name": "web", "command": ["now"]}]}',
        "EcsParameters": {
            "TaskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/nightly:7",
            "TaskCount": 2,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "DISABLED"}},
            "EnableECSManagedTags": True,
            "Tags": [{"key": "team", "value": "a"}],
        },
    }
    assert run_task_parameters(target) == {
        "cluster": "arn:aws:ecs:us-east-1:000000000000:cluster/main",
        "taskDefinition": "arn:aws:ecs:us-east-1:000000000000:task-definition/nightly:7",
        "count": 2,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}},
        "enableECSManagedTags": True,
        "tags": [{"key": "team", "value": "a"}],
        "overrides": {"containerOverrides": [{"name": "web", "command": ["now"]}]},
    }
