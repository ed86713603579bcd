"""Cutover: greens take traffic, and services without one (workers) are replaced."""

from __future__ import annotations

import math

from appdp.engine.deploy.changing import enter, in_progress
from appdp.engine.deploy.starting import start
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.watching import watch_over
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Phase
from appdp.model.service_state import Progress


def cutover(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Wait for the gate's time, start the rolling services, and look until every green has all traffic."""
    opens_at = deployment.gate_opens_at or now
    if now < opens_at and in_progress(deployment, Progress.AT_GATE):
        return Step(deployment=deployment, wait_seconds=float(math.ceil(opens_at - now)))
    for service in in_progress(deployment, Progress.AT_GATE):
        if service.group is not None and service.deployment is not None:
            # ECS asks the gate function; CodeDeploy is told. Telling it again changes nothing.
            ports.services.open_gate(service.deployment)
    to_start = in_progress(deployment, Progress.REGISTERED)
    if to_start:
        return start(deployment, to_start, ports, now)
    return watch_over(deployment, ports, now, onward=_onward)


def _onward(deployment: Deployment, now: float) -> Deployment | None:
    before_traffic = in_progress(deployment, Progress.STARTING, Progress.AT_GATE, Progress.SHIFTING)
    if any(service.shifts for service in before_traffic):
        return None
    return enter(deployment, Phase.BAKE, now)
