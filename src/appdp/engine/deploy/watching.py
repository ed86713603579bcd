"""One look at everything that was started: is it further, is it hopeless, is the phase over?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from appdp.engine.deploy import watchdog
from appdp.engine.deploy.changing import go_back, in_progress
from appdp.engine.deploy.follow import Followed, follow
from appdp.engine.deploy.manifests import find_manifest
from appdp.engine.deploy.polling import AT_ONCE, wait_seconds
from appdp.engine.deploy.reasons import collect
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.stopping import stop_deployment
from appdp.engine.live import LiveDeployment
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import Deployment
from appdp.model.service_state import Progress, ServiceState

WATCHED: Final = 10
"""How many services the watchdog looks at in one step; each costs about four calls. More take turns."""


def watch_over(
    deployment: Deployment, ports: Ports, now: float, *, onward: Callable[[Deployment, float], Deployment | None]
) -> Step:
    """Follow every started service, let the watchdog look at those that come up, and go on, wait or go back.

    Args:
        onward: the deployment in its next phase when this one is over, or None.
    """
    followed = follow(deployment, ports, now)
    if followed.problems:
        return _failed(followed, ports, now)
    deployment = followed.deployment
    for service in _turn(in_progress(deployment, Progress.STARTING, Progress.AT_GATE), now):
        live = followed.live.get(service.name)
        if live is None:
            continue
        manifest = find_manifest(deployment.application, deployment.environment, service.name, ports)
        seen = watchdog.look(service, manifest, live.created_at, ports)
        service = watchdog.remember(service, seen)
        deployment = deployment.with_service(service)
        hopeless = watchdog.verdict(service, seen, now)
        if hopeless:
            failure = collect(service, hopeless, seen, ports, now)
            stop_deployment(live, ports)
            return go_back(deployment, failure, now)
    following = onward(deployment, now)
    if following is not None:
        return Step(deployment=following, wait_seconds=AT_ONCE)
    return Step(deployment=deployment, wait_seconds=wait_seconds(deployment, now))


def _failed(followed: Followed, ports: Ports, now: float) -> Step:
    name, summary = next(iter(followed.problems.items()))
    service = followed.deployment.service(name)
    live = followed.live.get(name)
    seen = _look_back(followed.deployment, service, live, ports) if live else watchdog.Seen()
    return go_back(followed.deployment, collect(service, summary, seen, ports, now), now)


def _look_back(deployment: Deployment, service: ServiceState, live: LiveDeployment, ports: Ports) -> watchdog.Seen:
    """The tasks of a deployment that failed already; without them the reasons are fewer, but the return goes on."""
    try:
        return watchdog.look(
            service,
            find_manifest(deployment.application, deployment.environment, service.name, ports),
            live.created_at,
            ports,
        )
    except RemoteError:
        return watchdog.Seen()


def _turn(services: tuple[ServiceState, ...], now: float) -> tuple[ServiceState, ...]:
    if len(services) <= WATCHED:
        return services
    first = int(now) * WATCHED % len(services)
    return (services[first:] + services[:first])[:WATCHED]
