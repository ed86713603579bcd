"""Follow what ECS does with our service deployments. Only the status SUCCESSFUL is success."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from appdp.engine.deploy.changing import in_progress
from appdp.engine.deploy.finding import newest_of_ours
from appdp.engine.live import DeploymentStatus, LiveDeployment
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment
from appdp.model.service_state import Progress, ServiceState

GATE_STAGE: Final = "POST_TEST_TRAFFIC_SHIFT"

_COMING_UP: Final = frozenset(
    {"", "RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT"}
)
_SHIFTING: Final = frozenset(
    {"PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"}
)
_BAKING: Final = frozenset({"BAKE_TIME", "CLEAN_UP"})
"""ECS's lifecycle stages. Canary and linear go through the shifting ones once per step.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
"""

APPEAR_SECONDS: Final = 300
"""UpdateService and the list of service deployments agree within seconds; after this, ECS started nothing."""

_FOLLOWED: Final = (Progress.STARTING, Progress.AT_GATE, Progress.SHIFTING, Progress.BAKING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What following found out.

    Args:
        deployment: the deployment with every service brought up to date.
        live: service name → its service deployment, of those that still go on or just ended.
        problems: service name → why it failed.
    """

    deployment: Deployment
    live: dict[str, LiveDeployment]
    problems: dict[str, str]


def follow(deployment: Deployment, ports: Ports, now: float) -> Followed:
    """Bring every started service up to date."""
    services = in_progress(deployment, *_FOLLOWED)
    live = ports.services.deployments([service.deployment for service in services if service.deployment])
    found: dict[str, LiveDeployment] = {}
    problems: dict[str, str] = {}
    for service in services:
        one = _current(service, live.get(service.deployment or ""), ports)
        if one is None:
            if now - service.since > APPEAR_SECONDS:
                problems[service.name] = f"ECS started no service deployment within {APPEAR_SECONDS} s"
            continue
        found[service.name] = one
        changed = _brought_up_to_date(service, one, now)
        deployment = deployment.with_service(changed)
        if changed.progress not in (service.progress, Progress.FAILED):
            deployment = deployment.logged(now, _story(deployment, changed, service), service.name)
        if changed.progress is Progress.FAILED:
            problems[service.name] = _verdict(one)
    return Followed(deployment=deployment, live=found, problems=problems)


def _current(service: ServiceState, known: LiveDeployment | None, ports: Ports) -> LiveDeployment | None:
    """The service deployment to follow. One that was stopped may have been replaced by another one of ours."""
    if known is None or known.status is DeploymentStatus.STOPPED:
        return newest_of_ours(service, known, ports)
    return known


def _brought_up_to_date(service: ServiceState, live: LiveDeployment, now: float) -> ServiceState:
    progress = _progress(service, live)
    moved = progress is not service.progress or live.stage != service.stage
    if not moved and (service.deployment, service.detail) == (live.arn, live.reason):
        return service
    return replace(
        service,
        progress=progress,
        deployment=live.arn,
        stage=live.stage,
        detail=live.reason,
        since=now if moved else service.since,
    )


def _progress(service: ServiceState, live: LiveDeployment) -> Progress:
    if live.status is DeploymentStatus.SUCCESSFUL:
        return Progress.SUCCEEDED
    if live.status not in (DeploymentStatus.PENDING, DeploymentStatus.IN_PROGRESS):
        return Progress.FAILED
    if not service.shifts or live.stage in _COMING_UP:
        return Progress.STARTING
    if live.stage in _BAKING:
        return Progress.BAKING
    if live.stage in _SHIFTING:
        return Progress.SHIFTING
    return Progress.AT_GATE if live.stage == GATE_STAGE else service.progress


def _verdict(live: LiveDeployment) -> str:
    because = f": {live.reason}" if live.reason else ""
    return (
        f"its service deployment ended as {live.status}{because}"
        if live.status.ended
        else f"ECS gave up on it{because}"
    )


_STORIES: Final = {
    Progress.AT_GATE: "its green is up and tested; it waits at the gate",
    Progress.SHIFTING: "traffic moves to its green",
    Progress.BAKING: "all traffic is on its green; its blue stands by",
    Progress.STARTING: "its green comes up again",
}


def _story(deployment: Deployment, changed: ServiceState, before: ServiceState) -> str:
    if changed.progress is Progress.SUCCEEDED:
        return f"runs {deployment.release}"
    story = _STORIES[changed.progress]
    if deployment.gate_opens_at is None and changed.progress in (Progress.SHIFTING, Progress.BAKING):
        return f"{story}, although the gate is shut: the service has no gate hook"
    return story
