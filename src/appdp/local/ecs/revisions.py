"""The records that begin when a service changes: a revision, and the service deployment that leads to it."""

from __future__ import annotations

from typing import Any

from appdp.local.ecs import names
from appdp.local.ecs.store import Deployment, Revision, Service, Store, Target, TaskDefinition


def add_revision(
    store: Store,
    service: Service,
    *,
    definition: TaskDefinition,
    properties: dict[str, Any],
    targets: tuple[Target, ...],
) -> Revision:
    """Make a revision of a service and remember it; nothing runs it yet."""
    revision = Revision(
        arn=names.arn(service.caller, f"service-revision/{service.cluster.name}/{service.name}/{names.number()}"),
        service_arn=service.arn,
        cluster_arn=service.cluster.arn,
        definition=definition,
        properties=properties,
        targets=targets,
        created_at=names.now(),
        deployment_id=f"ecs-svc/{names.number()}",
    )
    store.revisions[revision.arn] = revision
    return revision


def add_deployment(
    store: Store, service: Service, revision: Revision, sources: tuple[Revision, ...] = ()
) -> Deployment:
    """Make a service deployment that leads from ``sources`` to ``revision``, and remember it."""
    path = f"{service.cluster.name}/{service.name}/{names.deployment_id()}"
    deployment = Deployment(
        arn=names.arn(service.caller, f"service-deployment/{path}"),
        service_arn=service.arn,
        cluster_arn=service.cluster.arn,
        target=revision,
        sources=sources,
        configuration=dict(service.properties.get("deploymentConfiguration") or {}),
        created_at=names.now(),
    )
    store.deployments[deployment.arn] = deployment
    service.deployments.append(deployment)
    return deployment
