"""Green: every revision is registered, the gate is shut, and every green comes up and waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from appdp.engine.deploy.changing import changed_services, go_back, in_progress
from appdp.engine.deploy.clone import clone, released_images
from appdp.engine.deploy.faults import passes
from appdp.engine.deploy.gate import put_gate
from appdp.engine.deploy.hold import on_hold
from appdp.engine.deploy.manifests import read_deployer, read_manifest
from appdp.engine.deploy.pacing import LEAST_A_STEP, allowed, wait_for_more
from appdp.engine.deploy.polling import AT_ONCE
from appdp.engine.deploy.record import move_tags
from appdp.engine.deploy.starting import start
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.watching import watch_over
from appdp.engine.ports import Ports
from appdp.errors import Refused, RemoteError, Throttled
from appdp.model.deployment import Deployment, Failure
from appdp.model.service_state import Progress, ServiceState


def green(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Register revisions, or shut the gate and start greens, or look how they do."""
    waiting = in_progress(deployment, Progress.WAITING)
    if waiting:
        return (
            _register_own(deployment, ports, now)
            if deployment.previous is None
            else _register(deployment, waiting, ports, now)
        )
    to_start = [service for service in in_progress(deployment, Progress.REGISTERED) if service.shifts]
    if to_start:
        # Before the first UpdateService, so that no green ever finds the gate missing, which would mean open.
        put_gate(deployment, ports, opens_at=None)
        return start(deployment, to_start, ports, now)
    return watch_over(deployment, ports, now, onward=_onward)


def _onward(deployment: Deployment, now: float) -> Deployment | None:
    if any(service.shifts for service in in_progress(deployment, Progress.STARTING)):
        return None
    return on_hold(deployment, now)


def _register(deployment: Deployment, services: Sequence[ServiceState], ports: Ports, now: float) -> Step:
    """Register as many as ECS takes now. Once ECS says "slower", the step keeps what it has."""
    for service in services[: allowed(deployment, now)]:
        try:
            arn = _register_clone(deployment, service, ports)
        except (Refused, RemoteError) as error:
            if isinstance(error, RemoteError) and passes(error):
                if isinstance(error, Throttled) and service is not services[0]:
                    return Step(deployment=deployment, wait_seconds=float(LEAST_A_STEP))
                raise
            summary = f"its task definition could not be registered: {error.message}"
            return go_back(deployment, Failure(service=service.name, summary=summary), now)
        registered = replace(service, task_definition=arn, progress=Progress.REGISTERED, since=now)
        text = f"registered {arn.rsplit('/', 1)[-1]}, pinned by digest"
        deployment = deployment.with_service(registered).logged(now, text, service.name)
    return Step(deployment=deployment, wait_seconds=wait_for_more(deployment, now))


def _register_clone(deployment: Deployment, service: ServiceState, ports: Ports) -> str:
    deployer = read_deployer(deployment.application, deployment.environment, ports)
    manifest = read_manifest(deployment.application, deployment.environment, service.name, ports)
    images = released_images(manifest, deployer, deployment.release, deployment.digests or {})
    return ports.task_definitions.register(clone(ports.task_definitions.read(manifest.task_definition), images))


def _register_own(deployment: Deployment, ports: Ports, now: float) -> Step:
    """The first release deploys CloudFormation's own revisions, whose images are the environment's moving tags.

    So the tags move first; nothing pulls them while every service stands at zero. Afterwards the live revision is
    CloudFormation's, and deploying the same templates again changes nothing.
    """
    move_tags(deployment, ports)
    for service in changed_services(deployment):
        arn = read_manifest(deployment.application, deployment.environment, service.name, ports).task_definition
        deployment = deployment.with_service(
            replace(service, task_definition=arn, progress=Progress.REGISTERED, since=now)
        )
    return Step(deployment=deployment.logged(now, "moved the environment's tags to the release"), wait_seconds=AT_ONCE)
