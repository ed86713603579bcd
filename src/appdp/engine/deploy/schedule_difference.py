"""What a deployment would change in the task definitions that schedules run. Reads only."""

from __future__ import annotations

from appdp.engine.deploy.clone import clone, pinned_images
from appdp.engine.deploy.compare import compare_schedules
from appdp.engine.deploy.survey import Survey
from appdp.engine.deploy.task_difference import TaskDifference, running_definition
from appdp.engine.ports import Ports


def schedule_differences(seen: Survey, ports: Ports) -> tuple[TaskDifference, ...]:
    """Compare what schedules run with what they would run after a deployment."""
    plans = {plan.name: plan for plan in compare_schedules(seen)}
    found = []
    for schedule in seen.schedules:
        plan = plans[schedule.manifest.name]
        before = None if seen.previous is None else running_definition(seen, schedule, schedule.target, ports)
        images = pinned_images(schedule.manifest.containers, seen.deployer, seen.release, seen.digests)
        found.append(
            TaskDifference(
                name=plan.name,
                deployed=plan.changes,
                reason=plan.reason,
                task_definition=schedule.target,
                before=before,
                after=clone(schedule.definition, images) if before is None or plan.changes else before,
            )
        )
    return tuple(found)
