"""Stop: somebody asks that the deployment which is under way goes back.

The request is a parameter that names the deployment. Every step reads it, so it may come at any time and from anywhere,
and a step that was killed reads it again. Whoever owns the environment deletes it at its end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from appdp.engine.deploy.changing import finish, go_back
from appdp.engine.deploy.step import Step
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Failure, Outcome, Phase
from appdp.model.handoff import stop_parameter
from appdp.model.stop_request import StopRequest

_ENDING: Final = frozenset({Phase.RECORD, Phase.RETURN, Phase.UNLOCK, Phase.DONE})
"""What is recorded is released, and what returns is on its way back: neither can be stopped."""


def can_be_stopped(deployment: Deployment) -> bool:
    """Whether it is not ending already."""
    return deployment.phase not in _ENDING


def take_back(deployment: Deployment, failure: Failure, now: float) -> Step | None:
    """The step that undoes what was done so far; None if the deployment is ending already."""
    if not can_be_stopped(deployment):
        return None
    if deployment.phase is Phase.PREPARE:
        return finish(replace(deployment, failure=failure), Outcome.REFUSED, now, failure.summary)
    return go_back(deployment, failure, now)


def ask(application: str, environment: str, request: StopRequest, ports: Ports) -> None:
    """Ask for it. The deployment hears of it at its next step, within a minute (five, once it is a day old)."""
    ports.parameters.put(stop_parameter(application, environment), request.to_json())


def heed(deployment: Deployment, ports: Ports, now: float) -> Step | None:
    """The step that takes the deployment back, if that was asked for and is possible."""
    if not can_be_stopped(deployment):
        return None
    text = ports.parameters.get(stop_parameter(deployment.application, deployment.environment))
    request = StopRequest.from_json(text) if text is not None else None
    if request is None or request.deployment != deployment.id:
        return None
    return take_back(deployment, Failure(service="", summary=request.text()), now)


def clear(deployment: Deployment, ports: Ports) -> None:
    """Delete the request, whomever it names: only the owner of the environment calls this, at its end."""
    ports.parameters.delete(stop_parameter(deployment.application, deployment.environment))
