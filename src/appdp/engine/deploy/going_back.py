"""Return: every service goes back to the revision that it ran before, in whatever order that takes.

What is in progress is stopped with a rollback, which moves traffic back at once. What is finished is deployed again
with its previous revision; that revision is not in the gate, so its hook lets it pass. A failed first release goes
back to zero first, so that ECS has nothing to roll back to that could not start. Tags and release parameter stay
where they were.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Final

from appdp.engine.deploy import watchdog
from appdp.engine.deploy.changing import finish, in_progress
from appdp.engine.deploy.confirming import runs_release
from appdp.engine.deploy.faults import passes
from appdp.engine.deploy.finding import Newer, newer_deployments
from appdp.engine.deploy.follow import APPEAR_SECONDS, GATE_STAGE
from appdp.engine.deploy.manifests import find_manifest
from appdp.engine.deploy.polling import SOON, wait_seconds
from appdp.engine.deploy.schedules import lost_schedules, put_back
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.stopping import stop_deployment
from appdp.engine.live import DeploymentStatus, LiveDeployment, LiveService
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import Deployment, Failure, Outcome
from appdp.model.service_state import Progress, ServiceState

PATIENCE_SECONDS: Final = 26 * 3600
"""Going back may bake for up to 24 h, as ECS allows (1,440 minutes), and needs some time around it.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html (bakeTimeInMinutes)
"""

_ASKED_FOR: Final = "asked for"
"""Stands for a service deployment that leads back and that ECS does not list yet."""


def go_on_returning(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Take every service one step further on its way back; done when each one is back, or cannot go.

    Schedules go first: one call takes each of them back, and their next task may start any minute.
    """
    step = put_back(deployment, ports, now)
    if step is not None:
        return step
    returning = in_progress(deployment, Progress.RETURNING)
    live = ports.services.describe([(service.cluster, service.arn) for service in returning])
    acted = False
    for service in returning:
        try:
            changed = _one(deployment, service, live.get(service.arn), ports, now)
        except RemoteError as error:
            if passes(error):
                raise
            changed = _lost(service, error.message)
        acted = acted or changed.detail != service.detail
        deployment = deployment.with_service(changed)
        if changed.progress is not Progress.RETURNING:
            deployment = deployment.logged(now, _story(changed), service.name)
    if in_progress(deployment, Progress.RETURNING):
        return Step(deployment=deployment, wait_seconds=SOON if acted else wait_seconds(deployment, now))
    return _returned(deployment, now)


def _one(
    deployment: Deployment, service: ServiceState, live: LiveService | None, ports: Ports, now: float
) -> ServiceState:
    if live is None:
        return _back(service, "was deleted meanwhile; there is nothing to go back to")
    if now - deployment.phase_since > PATIENCE_SECONDS:
        return _lost(service, f"it was not back within {PATIENCE_SECONDS // 3600} hours")
    if service.first and live.desired_count != 0:
        ports.services.set_desired_count(service.cluster, service.arn, 0)
    newer = newer_deployments(service, ports)
    if not newer:
        return _never_listed(service, live, ports, now)
    newest = newer[0]
    way = _way(service, newest, live)
    if not newest.live.status.ended:
        if way is _Way.BACK:
            return _coming_back(deployment, service, newest.live, ports, now)
        return _in_the_way(service, newest.live, way, ports)
    if service.previous_task_definition == service.task_definition:
        return _ended_first_release(service, newest.live)
    if way is _Way.FOREIGN and deployment.previous and runs_release(deployment, service, live, ports):
        return _again_with_previous(service, live, ports, now)
    return _ENDED[way](service, newest.live, live, ports)


class _Way(Enum):
    """Whose deployment the newest one is: ours, the one that leads back, or somebody else's."""

    OURS = "ours"
    BACK = "back"
    FOREIGN = "foreign"


def _way(service: ServiceState, newest: Newer, live: LiveService) -> _Way:
    target = newest.target or live.task_definition
    if target == service.task_definition:
        return _Way.OURS
    return _Way.BACK if target == service.previous_task_definition else _Way.FOREIGN


def _never_listed(service: ServiceState, live: LiveService, ports: Ports, now: float) -> ServiceState:
    """ECS lists no deployment of ours: none was asked for, or a moment ago.

    Not the same as being where it was before: an earlier deployment may have died and left the service elsewhere.
    """
    own = service.previous_task_definition == service.task_definition
    if service.first and live.desired_count != 0 if own else live.task_definition == service.task_definition:
        return service
    if live.task_definition != service.previous_task_definition:
        return _redeploy(service, ports)
    unsettled = service.return_deployment == _ASKED_FOR or len(live.revisions) > 1
    return service if unsettled and now - service.since < APPEAR_SECONDS else _back(service, "runs what it ran before")


def _in_the_way(service: ServiceState, newest: LiveDeployment, way: _Way, ports: Ports) -> ServiceState:
    if way is _Way.OURS:
        stop_deployment(newest, ports)
        return replace(service, detail=f"{newest.arn} is stopped with a rollback", stage=newest.stage)
    return replace(service, detail=f"{newest.arn}, which somebody else started, goes on", stage=newest.stage)


def _coming_back(
    deployment: Deployment, service: ServiceState, newest: LiveDeployment, ports: Ports, now: float
) -> ServiceState:
    going = replace(service, detail="its previous revision comes up", stage=newest.stage, return_deployment=newest.arn)
    if newest.stage != service.stage or newest.arn != service.return_deployment:
        going = replace(going, since=now)
    if service.group is not None and newest.stage == GATE_STAGE:
        ports.services.open_gate(newest.arn)
    hopeless = _hopeless(deployment, going, newest, ports, now)
    return _lost(going, f"its previous revision does not come up either: {hopeless}") if hopeless else going


def _hopeless(
    deployment: Deployment, service: ServiceState, newest: LiveDeployment, ports: Ports, now: float
) -> str | None:
    """The watchdog's verdict; the way back goes on without one when its tasks cannot be read."""
    previous = replace(service, task_definition=service.previous_task_definition)
    manifest = find_manifest(deployment.application, deployment.environment, service.name, ports)
    try:
        seen = watchdog.look(previous, manifest, newest.created_at, ports)
    except RemoteError as error:
        if passes(error):
            raise
        return None
    return watchdog.verdict(previous, seen, now)


def _ended_first_release(service: ServiceState, newest: LiveDeployment) -> ServiceState:
    if service.first:
        return _back(service, "is at zero again")
    if newest.status is DeploymentStatus.ROLLBACK_SUCCESSFUL:
        return _back(service, "runs what it ran before")
    return _lost(service, "it was up before the first release, so there is no release that it could go back to")


def _ended_ours(service: ServiceState, newest: LiveDeployment, live: LiveService, ports: Ports) -> ServiceState:
    arrived = live.task_definition == service.previous_task_definition
    match newest.status:
        case DeploymentStatus.ROLLBACK_FAILED:
            return _lost(service, f"ECS could not roll back {newest.arn}: {newest.reason}")
        case _ if arrived and (newest.status is DeploymentStatus.SUCCESSFUL or service.return_deployment == _ASKED_FOR):
            return service  # asked for already; ECS does not list it yet
        case _ if arrived:
            return _back(service, "runs its previous revision")
        case _:
            return _redeploy(service, ports)


def _ended_back(service: ServiceState, newest: LiveDeployment, live: LiveService, ports: Ports) -> ServiceState:
    if newest.status is DeploymentStatus.SUCCESSFUL:
        return _back(service, "runs its previous revision")
    return _lost(
        service, f"the deployment of its previous revision, {newest.arn}, ended as {newest.status}: {newest.reason}"
    )


def _ended_foreign(service: ServiceState, newest: LiveDeployment, live: LiveService, ports: Ports) -> ServiceState:
    if live.task_definition == service.task_definition:
        return _redeploy(service, ports)
    return _back(service, f"runs {live.task_definition}, which somebody else deployed meanwhile")


_ENDED: Final = {_Way.OURS: _ended_ours, _Way.BACK: _ended_back, _Way.FOREIGN: _ended_foreign}


def _again_with_previous(service: ServiceState, live: LiveService, ports: Ports, now: float) -> ServiceState:
    """CloudFormation deployed it in the moment in which the environment's tags named the release.

    They name the one before again, so the same revision is deployed once more: its definition stays as it is wanted.
    """
    if service.return_deployment != _ASKED_FOR:
        ports.services.update(service.cluster, service.arn, task_definition=live.task_definition, force=True)
        detail = f"asked ECS for {live.task_definition.rsplit('/', 1)[-1]} again, with the images from before"
        return replace(service, detail=detail, return_deployment=_ASKED_FOR, since=now)
    if now - service.since < APPEAR_SECONDS:
        return service  # asked for already; ECS does not list it yet
    return _lost(service, f"runs the release with {live.task_definition}, which somebody else deployed meanwhile")


def _redeploy(service: ServiceState, ports: Ports) -> ServiceState:
    previous = str(service.previous_task_definition)
    ports.services.update(service.cluster, service.arn, task_definition=previous, group=service.group)
    return replace(service, detail=f"asked ECS for {previous.rsplit('/', 1)[-1]} again", return_deployment=_ASKED_FOR)


def _back(service: ServiceState, detail: str) -> ServiceState:
    return replace(service, progress=Progress.RETURNED, detail=detail)


def _lost(service: ServiceState, detail: str) -> ServiceState:
    return replace(service, progress=Progress.FAILED, detail=detail)


def _story(service: ServiceState) -> str:
    return service.detail if service.progress is Progress.RETURNED else f"could not go back: {service.detail}"


def _returned(deployment: Deployment, now: float) -> Step:
    lost = {service.name: service.detail for service in in_progress(deployment, Progress.FAILED)}
    lost |= {schedule.name: schedule.detail for schedule in lost_schedules(deployment)}
    if not lost:
        whole = deployment.previous or "nothing, as before the first release"
        return finish(deployment, Outcome.ROLLED_BACK, now, f"{deployment.environment} runs {whole}, whole")
    before = deployment.failure or Failure(service="", summary="")
    why = "; ".join(f"{name} could not go back: {detail}" for name, detail in lost.items())
    next_step = (
        f"The environment is mixed. Look at {', '.join(lost)} in the console, "
        f"remove the cause, and deploy a release again; that heals it."
    )
    failed = replace(deployment, failure=replace(before, summary=f"{before.summary}. Then {why}. {next_step}"))
    return finish(failed, Outcome.FAILED, now, "needs a human")
