"""Bake: ECS keeps every blue for a while; alarms may still send traffic back. Ends when ECS says SUCCESSFUL for all."""

from __future__ import annotations

from dataclasses import replace

from appdp.engine.deploy.changing import enter, go_back, in_progress
from appdp.engine.deploy.confirming import changed_meanwhile
from appdp.engine.deploy.polling import AT_ONCE
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.watching import watch_over
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Phase
from appdp.model.service_state import Progress


def bake(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Look until every service deployment is SUCCESSFUL, then make sure that nobody changed a service meanwhile."""
    step = watch_over(deployment, ports, now, onward=_onward)
    if step.deployment.phase not in (Phase.JOBS_AFTER, Phase.RECORD):
        return step
    failure = changed_meanwhile(step.deployment, ports)
    if failure is None:
        return Step(deployment=step.deployment, wait_seconds=AT_ONCE)
    return go_back(replace(step.deployment, phase=Phase.BAKE), failure, now)


def _onward(deployment: Deployment, now: float) -> Deployment | None:
    if in_progress(deployment, Progress.STARTING, Progress.SHIFTING, Progress.BAKING, Progress.AT_GATE):
        return None
    return enter(deployment, Phase.JOBS_AFTER if deployment.jobs else Phase.RECORD, now)
