"""The small moves that every phase makes on the deployment's state."""

from __future__ import annotations

from dataclasses import replace

from appdp.engine.deploy.polling import AT_ONCE
from appdp.engine.deploy.step import Step
from appdp.model.deployment import Deployment, Failure, Outcome, Phase
from appdp.model.service_state import Progress, ServiceState


def enter(deployment: Deployment, phase: Phase, now: float) -> Deployment:
    """The deployment at the beginning of a phase."""
    return replace(deployment, phase=phase, phase_since=now)


def changed_services(deployment: Deployment) -> tuple[ServiceState, ...]:
    """The services that the deployment moves."""
    return tuple(service for service in deployment.services if service.progress is not Progress.UNCHANGED)


def in_progress(deployment: Deployment, *progress: Progress) -> tuple[ServiceState, ...]:
    """The services that stand at one of these."""
    return tuple(service for service in deployment.services if service.progress in progress)


def finish(deployment: Deployment, outcome: Outcome, now: float, text: str) -> Step:
    """The outcome stands; the lock is next to go."""
    return Step(
        deployment=replace(enter(deployment, Phase.UNLOCK, now), outcome=outcome).logged(now, text),
        wait_seconds=AT_ONCE,
    )


def go_back(deployment: Deployment, failure: Failure, now: float) -> Step:
    """Something failed: every service that the deployment moves goes back to where it was."""
    services = tuple(
        service
        if service.progress is Progress.UNCHANGED
        else replace(service, progress=Progress.RETURNING, since=now, stage="", detail="")
        for service in deployment.services
    )
    failed = replace(enter(deployment, Phase.RETURN, now), services=services, failure=failure)
    return Step(
        deployment=failed.logged(now, failure.summary, failure.service).logged(now, "going back to where it was"),
        wait_seconds=AT_ONCE,
    )
