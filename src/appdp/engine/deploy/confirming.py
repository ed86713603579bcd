"""Whether every service still runs what the deployment brought: somebody else may have changed one meanwhile."""

from __future__ import annotations

from typing import Final

from appdp.engine.deploy.changing import changed_services
from appdp.engine.deploy.manifests import find_manifest
from appdp.engine.live import LiveService
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Failure
from appdp.model.service_state import ServiceState

_ZERO: Final = "was set to zero tasks"
"""What a stack that is deployed during the first release does: its template says so until that is recorded."""


def changed_meanwhile(deployment: Deployment, ports: Ports, *, tags_moved: bool = False) -> Failure | None:
    """The first service that somebody else changed, or None.

    Args:
        tags_moved: the environment's tags name the release already. What CloudFormation deploys since then runs the
            release too, which is as good as our own.
    """
    services = changed_services(deployment)
    live = ports.services.describe([(service.cluster, service.arn) for service in services])
    for service in services:
        found = live.get(service.arn)
        what = _change(deployment, service, found, ports)
        if what is None:
            continue
        # Asked only where something changed: it takes two reads.
        may_be_as_good = tags_moved and what != _ZERO
        if not (may_be_as_good and found is not None and runs_release(deployment, service, found, ports)):
            return Failure(
                service=service.name, summary=f"the service {what} by somebody else while this deployment ran"
            )
    return None


def _change(deployment: Deployment, service: ServiceState, live: LiveService | None, ports: Ports) -> str | None:
    if live is None:
        return "was deleted"
    if service.first and live.desired_count == 0 and _should_run(deployment, service, ports):
        return _ZERO
    if live.task_definition != service.task_definition:
        return f"was pointed at {live.task_definition}"
    return None


def _should_run(deployment: Deployment, service: ServiceState, ports: Ports) -> bool:
    manifest = find_manifest(deployment.application, deployment.environment, service.name, ports)
    return manifest is not None and manifest.desired_count != 0


def runs_release(deployment: Deployment, service: ServiceState, live: LiveService, ports: Ports) -> bool:
    """Whether the newest revision that the service is pointed at has the very digests of the release."""
    manifest = find_manifest(deployment.application, deployment.environment, service.name, ports)
    known = ports.services.revisions(live.revisions)
    pointed = [known[arn] for arn in live.revisions if arn in known]
    running = next((one.digests for one in reversed(pointed) if one.task_definition == live.task_definition), {})
    wanted = deployment.digests or {}
    return manifest is not None and all(
        running.get(container) == wanted.get(image) for container, image in manifest.containers.items()
    )
