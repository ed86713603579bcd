"""What ECS tells: service events, and events on the default event bus.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from appdp.local.ecs import names, task_views
from appdp.local.ecs.store import Deployment, HookDetail, Service, Task
from appdp.local.wire import EventSink


class Journal:
    """Writes service events and emits ``aws.ecs`` events."""

    def __init__(self, events: EventSink) -> None:
        self._events = events

    def service(self, service: Service, text: str) -> None:
        """Add a service event, such as ``(service web) has reached a steady state.``"""
        message = f"(service {service.name}) {text}"
        service.events.appendleft({"id": str(uuid4()), "createdAt": names.now(), "message": message})

    def deployment(self, service: Service, deployment: Deployment, name: str, reason: str) -> None:
        """Emit ``SERVICE_DEPLOYMENT_`` ``IN_PROGRESS``, ``COMPLETED`` or ``FAILED``."""
        detail = {
            "eventType": "ERROR" if name.endswith("FAILED") else "INFO",
            "eventName": name,
            "clusterArn": service.cluster.arn,
            "deploymentId": deployment.target.deployment_id,
            "updatedAt": _iso(names.now()),
            "reason": reason,
        }
        self._events.emit("aws.ecs", "ECS Deployment State Change", detail, (service.arn,))

    def hook(self, deployment: Deployment, detail: HookDetail) -> None:
        """Emit the state of a lifecycle hook."""
        told = {
            "eventType": "ERROR" if detail.status in ("FAILED", "TIMED_OUT") else "INFO",
            "eventName": f"HOOK_{detail.status}",
            "hookId": detail.id,
            "hookType": detail.type,
            "lifecycleStage": detail.stage,
            "expiresAt": _iso(detail.expires_at),
            "clusterArn": deployment.cluster_arn,
            "serviceArn": deployment.service_arn,
            "serviceDeploymentArn": deployment.arn,
            "updatedAt": _iso(names.now()),
        }
        self._events.emit("aws.ecs", "ECS Hook State Change", told, (deployment.service_arn,))

    def task(self, task: Task) -> None:
        """Emit the state of a task."""
        detail = _json(task_views.task(task))
        self._events.emit("aws.ecs", "ECS Task State Change", {**detail, "updatedAt": _iso(names.now())}, (task.arn,))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _json(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(item) for key, item in value.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, Mapping):
        return _json(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
