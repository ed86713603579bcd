"""Remember how a deployment ended, once, while the lock is ours: after the lock, nobody may write any more."""

from __future__ import annotations

from appdp.engine.deploy.changing import changed_services
from appdp.engine.deploy.faults import passes
from appdp.engine.ports import Ports
from appdp.errors import ConfigurationError, RemoteError
from appdp.model.deployment import Deployment, Outcome
from appdp.model.handoff import history_parameter
from appdp.model.history import EndedDeployment


def remember(deployment: Deployment, ports: Ports, now: float) -> Deployment:
    """Write it, unless an earlier call did and did not live to tell. A deployment does not fail because of this.

    One that had nothing to do is left out: a pipeline that runs again and again would push out what did happen.
    """
    if deployment.outcome is Outcome.NOTHING_TO_DO:
        return deployment
    try:
        _write(deployment, ports, now)
    except RemoteError as error:
        if passes(error):
            raise
        return deployment.logged(now, f"the history could not be written: {error.message}")
    return deployment


def _write(deployment: Deployment, ports: Ports, now: float) -> None:
    name = history_parameter(deployment.application, deployment.environment)
    newest = ports.parameters.get(name)
    # Only the owner of the lock writes, so if it is there, it is the newest.
    if newest is None or _id(newest) != deployment.id:
        ended = EndedDeployment.of(deployment, services=len(changed_services(deployment)), now=now)
        ports.parameters.put(name, ended.to_json())


def _id(text: str) -> str | None:
    try:
        found = EndedDeployment.from_json(text)
    except ConfigurationError:
        return None
    return found.deployment if found else None
