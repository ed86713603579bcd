"""Tell our service deployments from others.

A service deployment is ours when it is newer than the one that was the newest before we began, and deploys our
revision. (The first release deploys CloudFormation's own revision, so then everything newer is ours.)
"""

from __future__ import annotations

from dataclasses import dataclass

from appdp.engine.live import LiveDeployment
from appdp.engine.ports import Ports
from appdp.model.service_state import ServiceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Newer:
    """One service deployment that began after ours could. ``target`` is its task definition's ARN, once ECS tells."""

    live: LiveDeployment
    target: str | None


def newer_deployments(service: ServiceState, ports: Ports) -> tuple[Newer, ...]:
    """The service deployments that are newer than the baseline, newest first."""
    newest = ports.services.newest_deployments(service.cluster, service.arn, group=service.group)
    newer: list[LiveDeployment] = []
    for one in newest:
        if one.arn == service.baseline_deployment:
            break
        newer.append(one)
    if not newer:
        return ()
    revisions = ports.services.revisions([one.target_revision for one in newer if one.target_revision])
    return tuple(
        Newer(
            live=one,
            target=revisions[one.target_revision].task_definition if one.target_revision in revisions else None,
        )
        for one in newer
    )


def is_ours(one: Newer, service: ServiceState) -> bool:
    """Whether it deploys our revision. While ECS does not tell what it deploys, it counts as nobody's."""
    return one.target == service.task_definition


def is_open(one: Newer) -> bool:
    """Whether ECS has not told yet what it deploys: a moment later it will."""
    return one.target is None and not one.live.status.ended


def newest_of_ours(service: ServiceState, known: LiveDeployment | None, ports: Ports) -> LiveDeployment | None:
    """The newest service deployment of ours; ``known`` if there is none, and None while ECS does not tell."""
    newer = newer_deployments(service, ports)
    found = next((one.live for one in newer if is_ours(one, service)), known)
    return None if found is known and any(is_open(one) for one in newer) else found
