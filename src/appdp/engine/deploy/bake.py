"""Bake: ECS keeps every blue for a while; alarms may still send traffic back. Ends when ECS says SUCCESSFUL for all."""

from __future__ import annotations

from dataclasses import replace

from appdp.engine.deploy.changing import changed_services, enter, go_back, in_progress
from appdp.engine.deploy.polling import AT_ONCE
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.watching import watch_over
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Failure, Phase, Progress


def bake(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Look until every service deployment is SUCCESSFUL, then make sure that nobody changed a service meanwhile."""
    step = watch_over(deployment, ports, now, onward=_onward)
    if step.deployment.phase is not Phase.RECORD:
        return step
    failure = _changed_meanwhile(step.deployment, ports)
    if failure is None:
        return Step(deployment=step.deployment, wait_seconds=AT_ONCE)
    return go_back(replace(step.deployment, phase=Phase.BAKE), failure, now)


def _onward(deployment: Deployment, now: float) -> Deployment | None:
    if in_progress(deployment, Progress.STARTING, Progress.SHIFTING, Progress.BAKING, Progress.AT_GATE):
        return None
    return enter(deployment, Phase.RECORD, now)


def _changed_meanwhile(deployment: Deployment, ports: Ports) -> Failure | None:
    services = changed_services(deployment)
    live = ports.services.describe([(service.cluster, service.arn) for service in services])
    for service in services:
        found = live.get(service.arn)
        if found is None or found.task_definition != service.task_definition:
            what = "was deleted" if found is None else f"was pointed at {found.task_definition}"
            summary = f"the service {what} by somebody else while this deployment ran"
            return Failure(service=service.name, summary=summary)
    return None
