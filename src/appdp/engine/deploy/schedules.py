"""Schedules run the release from when every service does, and what they ran before when the deployment goes back.

Everything of a schedule but its task definition stays as GetSchedule says, as UpdateSchedule replaces it whole. Each
step may happen twice: a schedule that points where it should is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from appdp.engine.deploy.changing import go_back
from appdp.engine.deploy.clone import clone, pinned_images
from appdp.engine.deploy.faults import passes
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.polling import AT_ONCE
from appdp.engine.deploy.schedule_survey import DISABLED, ENABLED, target_of
from appdp.engine.deploy.step import Step
from appdp.engine.ports import Ports
from appdp.errors import Refused, RemoteError
from appdp.model.deployment import Deployment, Failure
from appdp.model.handoff import schedule_parameter
from appdp.model.schedule import ScheduleManifest
from appdp.model.schedule_state import ScheduleProgress, ScheduleState

OUTPUT_ONLY: Final = frozenset({"Arn", "CreationDate", "LastModificationDate"})
"""Members of GetSchedule's answer that UpdateSchedule does not take. A test compares them with botocore's model.

See: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
"""

_SETTLED: Final = (ScheduleProgress.RETURNED, ScheduleProgress.FAILED)


def repoint(deployment: Deployment, ports: Ports, now: float) -> Step | None:
    """The next step towards schedules that run the release; None when they do.

    All task definitions are registered before the first schedule changes.
    """
    waiting = _at(deployment, ScheduleProgress.WAITING)
    registered = _at(deployment, ScheduleProgress.REGISTERED)
    if not waiting and not registered:
        return None
    about = waiting[0] if waiting else registered[0]
    try:
        if waiting:
            return _next(_register(deployment, about, ports, now))
        for schedule in registered:
            about = schedule
            deployment = _repoint(deployment, schedule, ports, now)
        return _next(deployment)
    except (Refused, RemoteError) as error:
        if isinstance(error, RemoteError) and passes(error):
            raise
        summary = f"schedule {about.name} could not be pointed at {deployment.release}: {error.message}"
        return go_back(deployment, Failure(service="", summary=summary), now)


def put_back(deployment: Deployment, ports: Ports, now: float) -> Step | None:
    """Make every schedule run again what it ran before; None when that is done.

    What ``cdk deploy`` changed meanwhile stays: it names the environment's tag, which did not move.
    """
    left = [one for one in deployment.schedules if one.progress not in _SETTLED]
    for schedule in left:
        deployment = _put_back(deployment, schedule, ports, now)
    return _next(deployment) if left else None


def lost_schedules(deployment: Deployment) -> tuple[ScheduleState, ...]:
    """The schedules that could not be put back."""
    return _at(deployment, ScheduleProgress.FAILED)


def pointed(live: Mapping[str, Any], task_definition: str, state: str | None) -> dict[str, Any]:
    """What UpdateSchedule takes to change nothing but the task definition, and the state unless that is None."""
    parameters = {**live["Target"]["EcsParameters"], "TaskDefinitionArn": task_definition}
    kept = {key: value for key, value in live.items() if key not in OUTPUT_ONLY}
    changed = {**kept, "Target": {**live["Target"], "EcsParameters": parameters}}
    return changed if state is None else {**changed, "State": state}


def _register(deployment: Deployment, schedule: ScheduleState, ports: Ports, now: float) -> Deployment:
    manifest = _manifest(deployment, schedule, ports)
    live = ports.schedules.get(schedule.group, schedule.schedule)
    if manifest is None or live is None:
        return _changed(deployment, schedule, ScheduleProgress.UNCHANGED, now, "was deleted meanwhile")
    deployer = read_deployer(deployment.application, deployment.environment, ports)
    images = pinned_images(manifest.containers, deployer, deployment.release, deployment.digests or {})
    arn = ports.task_definitions.register(clone(ports.task_definitions.read(manifest.task_definition), images))
    # Somebody may have deployed its stack since the deployment began: that is what a return leads to then.
    target = target_of(live)
    ours = replace(schedule, task_definition=arn)
    if target != schedule.found:
        ours = replace(ours, found=target, previous=target)
    text = f"registered {arn.rsplit('/', 1)[-1]}, pinned by digest"
    return _changed(deployment, ours, ScheduleProgress.REGISTERED, now, text)


def _repoint(deployment: Deployment, schedule: ScheduleState, ports: Ports, now: float) -> Deployment:
    manifest = _manifest(deployment, schedule, ports)
    live = ports.schedules.get(schedule.group, schedule.schedule)
    if manifest is None or live is None:
        return _changed(deployment, schedule, ScheduleProgress.UNCHANGED, now, "was deleted meanwhile")
    arn = str(schedule.task_definition)
    state = ENABLED if schedule.first and manifest.enabled else None
    _update(live, arn, state, ports)
    text = f"runs {deployment.release} from now on" + (", and is switched on" if state else "")
    return _changed(deployment, schedule, ScheduleProgress.REPOINTED, now, text)


def _put_back(deployment: Deployment, schedule: ScheduleState, ports: Ports, now: float) -> Deployment:
    untouched = schedule.task_definition is None and schedule.found == schedule.previous and not schedule.first
    if untouched:
        return _with(deployment, replace(schedule, progress=ScheduleProgress.RETURNED))
    try:
        live = ports.schedules.get(schedule.group, schedule.schedule)
        if live is None:
            return _changed(deployment, schedule, ScheduleProgress.RETURNED, now, "was deleted meanwhile")
        theirs = target_of(live) not in (schedule.task_definition, schedule.found)
        back = target_of(live) if theirs else schedule.previous
        wrote = _update(live, back, DISABLED if schedule.first else None, ports)
    except RemoteError as error:
        if passes(error):
            raise
        return _changed(
            deployment, replace(schedule, detail=error.message), ScheduleProgress.FAILED, now, "could not go back"
        )
    if not wrote:
        return _with(deployment, replace(schedule, progress=ScheduleProgress.RETURNED))
    return _changed(deployment, schedule, ScheduleProgress.RETURNED, now, "runs what it ran before")


def _update(live: Mapping[str, Any], task_definition: str, state: str | None, ports: Ports) -> bool:
    """Write unless it is so already; whether it was written."""
    if target_of(live) == task_definition and state in (None, live.get("State")):
        return False
    ports.schedules.update(pointed(live, task_definition, state))
    return True


def _manifest(deployment: Deployment, schedule: ScheduleState, ports: Ports) -> ScheduleManifest | None:
    text = ports.parameters.get(schedule_parameter(deployment.application, deployment.environment, schedule.name))
    return None if text is None else ScheduleManifest.from_json(text)


def _at(deployment: Deployment, progress: ScheduleProgress) -> tuple[ScheduleState, ...]:
    return tuple(one for one in deployment.schedules if one.progress is progress)


def _changed(
    deployment: Deployment, schedule: ScheduleState, progress: ScheduleProgress, now: float, text: str
) -> Deployment:
    return _with(deployment, replace(schedule, progress=progress)).logged(now, text, schedule.name)


def _with(deployment: Deployment, changed: ScheduleState) -> Deployment:
    schedules = tuple(changed if one.name == changed.name else one for one in deployment.schedules)
    return replace(deployment, schedules=schedules)


def _next(deployment: Deployment) -> Step:
    return Step(deployment=deployment, wait_seconds=AT_ONCE)
