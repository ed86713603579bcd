"""Whether EventBridge Scheduler has the schedules, and a role to run their tasks with."""

from __future__ import annotations

from typing import Final

from appdp.engine.verify.check import DEPLOY_STACK, Finding, Result, ScheduleCheck, Skip, ok
from appdp.engine.verify.service import trusted
from appdp.engine.verify.subject import ScheduleSubject


def _exists(subject: ScheduleSubject) -> Finding:
    name = f"schedule {subject.manifest.group}/{subject.manifest.schedule}"
    try:
        state = subject.live.get("State", "")
    except Skip:
        return Finding(result=Result.FAILED, found=f"{name} does not exist", then=DEPLOY_STACK)
    return ok(f"{name} is {state}")


def _role(subject: ScheduleSubject) -> Finding:
    return trusted(subject, str(subject.live["Target"]["RoleArn"]), "scheduler.amazonaws.com")


CHECKS: Final = (
    ScheduleCheck(
        id="schedule-exists",
        asks="EventBridge Scheduler has the schedule.",
        why="A release points it at its images, and fails where it is gone.",
        source="https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html",
        look=_exists,
    ),
    ScheduleCheck(
        id="schedule-role",
        asks="The role with which EventBridge Scheduler runs the task exists and trusts scheduler.amazonaws.com.",
        why="Without it the schedule runs nothing.",
        source="https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html",
        look=_role,
    ),
)
