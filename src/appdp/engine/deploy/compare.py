"""Compare what runs with the release: which services change, and where each one would go back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from appdp.engine.deploy.schedule_survey import plan_schedule, starting_schedule
from appdp.engine.deploy.survey import CODE_DEPLOY, SeenService, Survey, group_of
from appdp.engine.live import DeploymentStatus, LiveDeployment, LiveRevision
from appdp.model.handoff import environment_tag
from appdp.model.plan import ServicePlan
from appdp.model.schedule import SchedulePlan
from appdp.model.schedule_state import ScheduleState
from appdp.model.service_state import Progress, ServiceState


def compare(seen: Survey, service: SeenService) -> ServicePlan:
    """What the release would change in one service, and why."""
    containers = service.manifest.containers
    running = {image: service.running[name] for name, image in containers.items() if name in service.running}
    wanted = {image: seen.digests[image] for image in containers.values()}
    changes, reason = _verdict(seen, service, running, wanted)
    return ServicePlan(
        name=service.manifest.name,
        strategy=service.manifest.strategy,
        changes=changes,
        reason=reason,
        running=running,
        wanted=wanted,
    )


def compare_schedules(seen: Survey) -> tuple[SchedulePlan, ...]:
    """What the release would change in the schedules, and why."""
    return tuple(plan_schedule(one, seen.release, seen.previous, seen.digests, seen.contents) for one in seen.schedules)


def starting_schedules(seen: Survey) -> tuple[ScheduleState, ...]:
    """The schedules at the beginning of a deployment, each with the way back."""
    return tuple(
        starting_schedule(one, seen.release, seen.previous, seen.digests, seen.contents) for one in seen.schedules
    )


def tags_are_right(seen: Survey) -> bool:
    """Whether the environment's moving tag names the release in every repository that carries it."""
    tag = environment_tag(seen.deployer.environment)
    for image, digest in seen.digests.items():
        found = seen.contents.resolve(image, tag)
        if found is None or found.digest != digest:
            return False
    return True


def starting_state(seen: Survey, service: SeenService, now: float) -> ServiceState:
    """One service at the beginning of a deployment, with the way back."""
    changes = compare(seen, service).changes
    state = ServiceState(
        name=service.manifest.name,
        progress=Progress.WAITING if changes else Progress.UNCHANGED,
        previous_task_definition=service.live.task_definition,
        baseline_deployment=service.newest[0].arn if service.newest else None,
        first=seen.previous is None and service.live.desired_count == 0,
        cluster=service.manifest.cluster,
        arn=service.manifest.service,
        shifts=service.manifest.strategy.shifts_traffic,
        since=now,
        group=group_of(service.manifest, service.live),
    )
    if seen.previous is None or _runs(seen, service, service.running, seen.previous):
        return state
    return _strayed(seen, service, state)


def _verdict(
    seen: Survey, service: SeenService, running: Mapping[str, str], wanted: Mapping[str, str]
) -> tuple[bool, str]:
    if seen.previous is None:
        return True, "the first release brings it up"
    if not running:
        return True, "no image of it is known to run"
    different = sorted(
        {
            image
            for container, image in service.manifest.containers.items()
            if not _same(seen, service, image, service.running.get(container), wanted[image])
        }
    )
    if not different:
        return False, f"it already runs the images of {seen.release}"
    return True, f"{', '.join(different)} changed"


def _same(seen: Survey, service: SeenService, image: str, running: str | None, wanted: str) -> bool:
    return running is not None and seen.contents.same(image, running, wanted, service.platform)


def _runs(seen: Survey, service: SeenService, running: Mapping[str, str], release: str) -> bool:
    """Whether these digests are a release's; also when the release's images are gone, as nothing better is known."""
    for container, image in service.manifest.containers.items():
        found = seen.contents.resolve(image, release)
        if found is not None and not _same(seen, service, image, running.get(container), found.digest):
            return False
    return True


def _strayed(seen: Survey, service: SeenService, state: ServiceState) -> ServiceState:
    """The way back of a service that does not run the recorded release, because a deployment died on it.

    It leads to the newest revision that did run the recorded release, so that a return leaves no mixed environment.
    When the service already runs what is wanted, that work is taken over as if it were this deployment's own.
    """
    good = _newest_with_recorded(seen, service)
    if good is None:
        return state
    index, task_definition = good
    back = replace(state, previous_task_definition=task_definition)
    if state.progress is not Progress.UNCHANGED:
        return back
    return replace(
        back,
        progress=Progress.SUCCEEDED,
        task_definition=service.live.task_definition,
        deployment=service.newest[0].arn,
        baseline_deployment=service.newest[index].arn,
    )


def _newest_with_recorded(seen: Survey, service: SeenService) -> tuple[int, str] | None:
    for index, one in enumerate(service.newest):
        revision = service.targets.get(one.target_revision or "")
        if revision is not None and _good(one) and _runs_recorded(seen, service, revision):
            return index, revision.task_definition
    return None


def _runs_recorded(seen: Survey, service: SeenService, revision: LiveRevision) -> bool:
    """Whether a revision ran the recorded release.

    CodeDeploy remembers no digests, so only what a release pinned has some there. CloudFormation's own revisions, those
    of earlier stacks too, refer to the environment's tags, which name the recorded release.
    """
    pinned = any(container in revision.digests for container in service.manifest.containers)
    of_stack = revision.task_definition == service.manifest.task_definition or service.live.controller == CODE_DEPLOY
    if not pinned and of_stack:
        return True
    return _runs(seen, service, revision.digests, str(seen.previous))


def _good(deployment: LiveDeployment) -> bool:
    return deployment.status is DeploymentStatus.SUCCESSFUL
