"""The record of a task that is about to begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appdp.local.ecs import names, orders
from appdp.local.ecs.store import Cluster, Container, Revision, Service, Store, Task, TaskDefinition
from appdp.local.wire import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOrder:
    """One task that is wanted. ``request`` is what the caller asked for, ``digests`` maps container → image digest."""

    cluster: Cluster
    caller: Caller
    definition: TaskDefinition
    group: str
    started_by: str
    launch_type: str
    digests: Mapping[str, str]
    request: dict[str, Any] = field(default_factory=dict)
    revision: Revision | None = None


def service_order(service: Service, revision: Revision) -> TaskOrder:
    """One more task of a service, in a revision of it."""
    properties = revision.properties
    request = {
        "networkConfiguration": properties.get("networkConfiguration", {}),
        "enableExecuteCommand": service.properties.get("enableExecuteCommand", False),
        "capacityProviderName": _provider(properties),
        "tags": [{"key": k, "value": v} for k, v in _propagated(service, revision).items()],
    }
    return TaskOrder(
        cluster=service.cluster,
        caller=service.caller,
        definition=revision.definition,
        group=f"service:{service.name}",
        started_by=revision.deployment_id,
        launch_type=str(properties.get("launchType") or "FARGATE"),
        digests=revision.digests,
        request={key: value for key, value in request.items() if value},
        revision=revision,
    )


def add(store: Store, order: TaskOrder) -> Task:
    """Make the record and remember it."""
    task_id = names.task_id()
    path = f"{order.cluster.name}/{task_id}"
    task = Task(
        arn=names.arn(order.caller, f"task/{path}"),
        id=task_id,
        cluster_arn=order.cluster.arn,
        definition=order.definition,
        group=order.group,
        started_by=order.started_by,
        launch_type=order.launch_type,
        caller=order.caller,
        address=store.addresses.take(),
        containers=[_container(order, path, definition) for definition in order.definition.containers],
        created_at=names.now(),
        request=order.request,
        revision=order.revision,
    )
    store.add_task(task)
    return task


def _container(order: TaskOrder, path: str, definition: Mapping[str, Any]) -> Container:
    name = str(definition["name"])
    return Container(
        name=name,
        arn=names.arn(order.caller, f"container/{path}/{name}"),
        definition=definition,
        image=str(definition.get("image", "")),
        essential=orders.essential(definition),
        digest=order.digests.get(name),
    )


def _provider(properties: dict[str, Any]) -> str:
    """The capacity provider of a new task: the one with a base, else the heaviest. Spread is not modelled."""
    strategy = properties.get("capacityProviderStrategy") or []
    best: dict[str, Any] = max(strategy, key=lambda item: (item.get("base", 0), item.get("weight", 0)), default={})
    return str(best.get("capacityProvider", ""))


def _propagated(service: Service, revision: Revision) -> dict[str, str]:
    match service.properties.get("propagateTags"):
        case "SERVICE":
            return service.tags
        case "TASK_DEFINITION":
            return revision.definition.tags
        case _:
            return {}
