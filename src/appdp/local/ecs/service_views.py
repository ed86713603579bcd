"""Services, service deployments and service revisions as the API answers them.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html, API_ServiceDeployment.html and
API_ServiceRevision.html
"""

from __future__ import annotations

from typing import Any

from appdp.local.ecs.alarms import alarm_names
from appdp.local.ecs.store import Deployment, HookDetail, Revision, Service, Store


def counts(store: Store, revision: Revision) -> dict[str, int]:
    """``runningCount`` and ``pendingCount`` of a revision's tasks."""
    wanted = [task for task in store.tasks_of(revision) if task.desired_status == "RUNNING"]
    running = sum(1 for task in wanted if task.last_status == "RUNNING")
    return {"runningCount": running, "pendingCount": len(wanted) - running}


def service(store: Store, record: Service, *, with_tags: bool = False) -> dict[str, Any]:
    """One service that ECS deploys itself, as DescribeServices has it."""
    each = [counts(store, revision) for revision in record.revisions]
    defaults: dict[str, Any] = {
        "loadBalancers": [],
        "serviceRegistries": [],
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
        "propagateTags": "NONE",
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "healthCheckGracePeriodSeconds": 0,
        "availabilityZoneRebalancing": "ENABLED",
    }
    view = {
        **defaults,
        **record.properties,
        "deploymentConfiguration": deployment_configuration(record.properties.get("deploymentConfiguration") or {}),
        "serviceArn": record.arn,
        "serviceName": record.name,
        "clusterArn": record.cluster.arn,
        "status": record.status,
        "desiredCount": record.desired,
        "runningCount": sum(item["runningCount"] for item in each),
        "pendingCount": sum(item["pendingCount"] for item in each),
        "taskDefinition": record.definition.arn,
        "deployments": _deployments(store, record),
        "currentServiceRevisions": [_revision_summary(store, revision) for revision in record.revisions],
        "events": list(record.events),
        "createdAt": record.created_at,
    }
    view |= {"currentServiceDeployment": record.deployments[-1].arn} if record.deployments else {}
    return view | ({"tags": [{"key": k, "value": v} for k, v in record.tags.items()]} if with_tags else {})


def deployment_configuration(given: dict[str, Any]) -> dict[str, Any]:
    """A deployment configuration with ECS's defaults filled in."""
    breaker = {"enable": False, "rollback": False, "resetOnHealthyTask": True}
    return {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
        **given,
        "deploymentCircuitBreaker": {**breaker, **(given.get("deploymentCircuitBreaker") or {})},
    }


def _deployments(store: Store, record: Service) -> list[dict[str, Any]]:
    """``deployments``: the PRIMARY one, which is the newest that did not fail, then the others, newest first."""
    alive = [revision for revision in record.revisions if revision.rollout_state != "FAILED"] or record.revisions
    primary = alive[-1] if alive else None
    rest = [revision for revision in reversed(record.revisions) if revision is not primary]
    entries = [_deployment_entry(store, revision, primary=False) for revision in rest]
    return [_deployment_entry(store, primary, primary=True), *entries] if primary else entries


def _deployment_entry(store: Store, revision: Revision, *, primary: bool) -> dict[str, Any]:
    return {
        "id": revision.deployment_id,
        "status": "PRIMARY" if primary else "ACTIVE",
        "taskDefinition": revision.definition.arn,
        "desiredCount": revision.requested,
        **counts(store, revision),
        "failedTasks": revision.failed_tasks,
        "createdAt": revision.created_at,
        "updatedAt": revision.updated_at,
        "rolloutState": revision.rollout_state,
        "rolloutStateReason": revision.rollout_reason or f"ECS deployment {revision.deployment_id} in progress.",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        **{
            name: revision.properties[name]
            for name in ("networkConfiguration", "capacityProviderStrategy", "launchType")
            if name in revision.properties
        },
    }


def _revision_summary(store: Store, revision: Revision) -> dict[str, Any]:
    now = counts(store, revision)
    return {
        "arn": revision.arn,
        "requestedTaskCount": revision.requested,
        "runningTaskCount": now["runningCount"],
        "pendingTaskCount": now["pendingCount"],
    }


def _weighted_summary(store: Store, revision: Revision, *, traffic: bool) -> dict[str, Any]:
    weights = {
        "requestedTestTrafficWeight": revision.test_weight,
        "requestedProductionTrafficWeight": revision.production_weight,
    }
    return _revision_summary(store, revision) | (weights if traffic else {})


def deployment_brief(record: Deployment) -> dict[str, Any]:
    """One service deployment, as ListServiceDeployments has it."""
    return _present(
        {
            "serviceDeploymentArn": record.arn,
            "serviceArn": record.service_arn,
            "clusterArn": record.cluster_arn,
            "createdAt": record.created_at,
            "startedAt": record.started_at,
            "finishedAt": record.finished_at,
            "targetServiceRevisionArn": record.target.arn,
            "status": record.status,
            "statusReason": record.reason or None,
        }
    )


def deployment(store: Store, record: Deployment) -> dict[str, Any]:
    """One service deployment, as DescribeServiceDeployments has it."""
    configuration = deployment_configuration(record.configuration)
    traffic = configuration["strategy"] != "ROLLING"
    brief = deployment_brief(record)
    brief.pop("targetServiceRevisionArn")
    return brief | _present(
        {
            "updatedAt": record.updated_at,
            "stoppedAt": record.stopped_at,
            "sourceServiceRevisions": [_weighted_summary(store, r, traffic=traffic) for r in record.sources],
            "targetServiceRevision": _weighted_summary(store, record.target, traffic=traffic),
            "lifecycleStage": record.stage or None,
            "lifecycleHookDetails": [_hook(detail) for detail in record.hooks] or None,
            "deploymentConfiguration": configuration,
            "rollback": record.rollback,
            "deploymentCircuitBreaker": {
                "status": record.breaker_status,
                "failureCount": record.target.failed_tasks,
                "threshold": record.breaker_threshold,
            },
            "alarms": {
                "status": record.alarm_status,
                "alarmNames": alarm_names(record),
                "triggeredAlarmNames": list(record.alarms_triggered),
            },
        }
    )


def _hook(detail: HookDetail) -> dict[str, Any]:
    return _present(
        {
            "hookId": detail.id,
            "targetType": detail.type,
            "targetArn": detail.arn,
            "status": detail.status,
            "expiresAt": detail.expires_at,
            "timeoutAction": detail.timeout_action,
        }
    )


def revision(record: Revision) -> dict[str, Any]:
    """One service revision, as DescribeServiceRevisions has it."""
    images = [
        _present(
            {
                "containerName": container["name"],
                "image": container.get("image"),
                "imageDigest": record.digests.get(container["name"]),
            }
        )
        for container in record.definition.containers
    ]
    resolved = [
        _present({"targetGroupArn": target.group, "productionListenerRule": target.production_rule})
        for target in record.targets
    ]
    return {
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        **record.properties,
        "serviceRevisionArn": record.arn,
        "serviceArn": record.service_arn,
        "clusterArn": record.cluster_arn,
        "taskDefinition": record.definition.arn,
        "containerImages": images,
        "guardDutyEnabled": False,
        "createdAt": record.created_at,
        **({"resolvedConfiguration": {"loadBalancers": resolved}} if resolved else {}),
    }


def _present(view: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in view.items() if value is not None}
