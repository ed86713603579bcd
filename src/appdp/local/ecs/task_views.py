"""Tasks as DescribeTasks answers them.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
"""

from __future__ import annotations

from typing import Any

from appdp.local.ecs.store import Container, Task


def task(record: Task) -> dict[str, Any]:
    """One task."""
    raw = record.definition.raw
    view: dict[str, Any] = {
        "taskArn": record.arn,
        "clusterArn": record.cluster_arn,
        "taskDefinitionArn": record.definition.arn,
        "group": record.group,
        "launchType": record.launch_type,
        "lastStatus": record.last_status,
        "desiredStatus": record.desired_status,
        "healthStatus": record.health,
        "createdAt": record.created_at,
        "containers": [_container(record, container) for container in record.containers],
        "attachments": [_network_interface(record)],
        "availabilityZone": f"{record.caller.region}a",
        "overrides": record.request.get("overrides", {"containerOverrides": []}),
        "tags": record.request.get("tags", []),
        "enableExecuteCommand": bool(record.request.get("enableExecuteCommand", False)),
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "version": record.version,
        **record.times,
    }
    optional = {
        "startedBy": record.started_by,
        "stopCode": record.stop_code,
        "stoppedReason": record.stopped_reason,
        "cpu": raw.get("cpu"),
        "memory": raw.get("memory"),
        "capacityProviderName": record.request.get("capacityProviderName"),
    }
    return view | {key: value for key, value in optional.items() if value}


def _container(record: Task, container: Container) -> dict[str, Any]:
    view: dict[str, Any] = {
        "containerArn": container.arn,
        "taskArn": record.arn,
        "name": container.name,
        "image": container.image,
        "lastStatus": container.last_status,
        "healthStatus": container.health,
        "networkInterfaces": [{"attachmentId": _attachment_id(record), "privateIpv4Address": record.address}],
        "cpu": str(container.definition.get("cpu", 0)),
    }
    optional = {
        "imageDigest": container.digest,
        "runtimeId": container.runtime_id,
        "exitCode": container.exit_code,
        "reason": container.reason,
        "memory": _text(container.definition.get("memory")),
        "managedAgents": _agents(record, container),
    }
    return view | {key: value for key, value in optional.items() if value is not None}


def _agents(record: Task, container: Container) -> list[dict[str, Any]] | None:
    """The agent of ECS Exec lives and ends with its container."""
    if not record.request.get("enableExecuteCommand"):
        return None
    return [{"name": "ExecuteCommandAgent", "lastStatus": container.last_status}]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _attachment_id(record: Task) -> str:
    digits = record.id
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _network_interface(record: Task) -> dict[str, Any]:
    network = record.request.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    subnets = network.get("subnets") or ["subnet-00000000"]
    status = {"PROVISIONING": "PRECREATED", "STOPPED": "DELETED"}.get(record.last_status, "ATTACHED")
    details = [
        {"name": "subnetId", "value": subnets[0]},
        {"name": "networkInterfaceId", "value": f"eni-{record.id[:17]}"},
        {"name": "privateIPv4Address", "value": record.address},
    ]
    return {"id": _attachment_id(record), "type": "ElasticNetworkInterface", "status": status, "details": details}
