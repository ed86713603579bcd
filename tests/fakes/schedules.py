"""Schedules of EventBridge Scheduler in a dictionary."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from appdp.errors import RemoteError

GROUP = "shop.dev"
ROLE = "arn:aws:iam::000000000000:role/appdp/shop/dev/schedules/report"


class FakeSchedules:
    """What GetSchedule answers, by group and name.

    ``refused`` are the names of the schedules that cannot be pointed at a revision which the engine registered, as if
    the role might not be passed any more; ``stuck`` those that cannot be changed at all.
    """

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], dict[str, Any]] = {}
        self.updates: list[dict[str, Any]] = []
        self.refused: set[str] = set()
        self.stuck: set[str] = set()
        self._own: set[str] = set()

    def get(self, group: str, name: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.stored.get((group, name)))

    def update(self, schedule: Mapping[str, Any]) -> None:
        sent = copy.deepcopy(dict(schedule))
        key = (sent["GroupName"], sent["Name"])
        if key not in self.stored:
            raise RemoteError(f"Schedule {key[1]} does not exist.", code="ResourceNotFoundException")
        if output := {"Arn", "CreationDate", "LastModificationDate"} & sent.keys():
            raise RemoteError(f"Unknown parameter in input: {', '.join(sorted(output))}")
        target = sent["Target"]["EcsParameters"]["TaskDefinitionArn"]
        if key[1] in self.stuck or (key[1] in self.refused and target not in self._own):
            raise RemoteError("AWS refused scheduler:UpdateSchedule: no iam:PassRole", code="AccessDeniedException")
        self.updates.append(sent)
        was = self.stored[key]
        self.stored[key] = {"Arn": was["Arn"], "CreationDate": was["CreationDate"], **sent}

    def add(self, name: str, *, cluster: str, task_definition: str, enabled: bool) -> None:
        """What CloudFormation creates, or overwrites."""
        self._own.add(task_definition)
        self.stored[(GROUP, name)] = {
            "Arn": f"arn:aws:scheduler:us-east-1:000000000000:schedule/{GROUP}/{name}",
            "CreationDate": datetime(2026, 1, 1, tzinfo=UTC),
            "LastModificationDate": datetime(2026, 1, 1, tzinfo=UTC),
            "Name": name,
            "GroupName": GROUP,
            "ScheduleExpression": "cron(0 9 * * ? *)",
            "ScheduleExpressionTimezone": "Europe/Berlin",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
            "State": "ENABLED" if enabled else "DISABLED",
            "Target": {
                "Arn": cluster,
                "RoleArn": ROLE,
                "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3},
                "EcsParameters": {"TaskDefinitionArn": task_definition, "TaskCount": 1, "PlatformVersion": "LATEST"},
            },
        }

    def target(self, name: str) -> str:
        """ARN of the task definition that a schedule runs."""
        return str(self.stored[(GROUP, name)]["Target"]["EcsParameters"]["TaskDefinitionArn"])

    def enabled(self, name: str) -> bool:
        """Whether a schedule runs anything."""
        return bool(self.stored[(GROUP, name)]["State"] == "ENABLED")
