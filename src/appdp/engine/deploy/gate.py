"""The gate: shut before any green starts, opened once for all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from appdp.engine.deploy.changing import changed_services, enter, in_progress
from appdp.engine.deploy.polling import AT_ONCE
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.watching import watch_over
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Phase
from appdp.model.gate import Gate
from appdp.model.handoff import gate_parameter
from appdp.model.service_state import Progress

OPENS_IN_SECONDS: Final = 7
"""The gate function asks to be called back every 5 s while the gate is shut. Opening it a little later than one such
delay lets every service learn the time beforehand, so that all of them pass in the same second."""


def put_gate(deployment: Deployment, ports: Ports, *, opens_at: float | None) -> None:
    """Write the gate: it names every revision of the deployment, so that a successor can tell what belongs to it."""
    task_definitions = tuple(
        service.task_definition for service in changed_services(deployment) if service.task_definition is not None
    )
    gate = Gate(deployment=deployment.id, task_definitions=task_definitions, opens_at=opens_at)
    ports.parameters.put(gate_parameter(deployment.application, deployment.environment), gate.to_json())


def gate(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Open the gate for all at once. This is the point after which the deployment takes traffic."""
    opens_at = _open_since(deployment, ports)
    if opens_at is not None:
        return _opened(deployment, opens_at, now)
    step = watch_over(deployment, ports, now, onward=lambda looked_at, _: looked_at)
    if step.deployment.phase is not Phase.GATE:
        return step
    if any(service.shifts for service in in_progress(step.deployment, Progress.STARTING)):
        return Step(deployment=enter(step.deployment, Phase.GREEN, now), wait_seconds=AT_ONCE)
    opens_at = now + OPENS_IN_SECONDS
    put_gate(step.deployment, ports, opens_at=opens_at)
    return _opened(step.deployment, opens_at, now)


def _open_since(deployment: Deployment, ports: Ports) -> float | None:
    """When the gate opens, if an earlier call opened it and did not live to tell."""
    text = ports.parameters.get(gate_parameter(deployment.application, deployment.environment))
    found = None if text is None else Gate.from_json(text)
    return found.opens_at if found is not None and found.deployment == deployment.id else None


def _opened(deployment: Deployment, opens_at: float, now: float) -> Step:
    waiting = ", ".join(service.name for service in in_progress(deployment, Progress.AT_GATE))
    text = f"the gate opens for {waiting}, all at once" if waiting else "no service waits at the gate; going on"
    opened = replace(enter(deployment, Phase.CUTOVER, now), gate_opens_at=opens_at).logged(now, text)
    return Step(deployment=opened, wait_seconds=AT_ONCE)
