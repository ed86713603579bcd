"""Deployments and their targets as the API answers them.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html and API_ECSTarget.html
"""

from __future__ import annotations

from typing import Any

from appdp.local.codedeploy import app_spec
from appdp.local.codedeploy.store import Deployment, LifecycleEvent
from appdp.local.ecs import names
from appdp.local.ecs.service_views import counts
from appdp.local.ecs.store import Store as EcsStore
from appdp.local.ecs.store import TaskSet

_TARGET_STATUS = {"Created": "Pending", "Stopped": "Failed"}
"""A target has no status Created or Stopped."""

_OVERVIEW = ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready")


def deployment(record: Deployment) -> dict[str, Any]:
    """One deployment, as GetDeployment has it."""
    settings = record.settings
    status = _TARGET_STATUS.get(record.status, record.status)
    view: dict[str, Any] = {
        "applicationName": record.application,
        "deploymentGroupName": record.group,
        "deploymentConfigName": record.config.name,
        "deploymentId": record.id,
        "previousRevision": app_spec.shown(record.previous_revision) if record.previous_revision else None,
        "revision": app_spec.shown(record.revision) if record.revision else None,
        "status": record.status,
        "errorInformation": {"code": record.error[0], "message": record.error[1]} if record.error else None,
        "createTime": record.created,
        "startTime": record.started,
        "completeTime": record.completed,
        "deploymentOverview": {name: int(name == status) for name in _OVERVIEW},
        "description": record.description or None,
        "creator": record.creator,
        "ignoreApplicationStopFailures": False,
        "autoRollbackConfiguration": record.auto_rollback or None,
        "updateOutdatedInstancesOnly": False,
        "rollbackInfo": record.rollback,
        "deploymentStyle": settings.get("deploymentStyle"),
        "instanceTerminationWaitTimeStarted": record.waits_for_termination,
        "blueGreenDeploymentConfiguration": settings.get("blueGreenDeploymentConfiguration"),
        "loadBalancerInfo": settings.get("loadBalancerInfo"),
        "fileExistsBehavior": "DISALLOW",
        "deploymentStatusMessages": [],
        "computePlatform": "ECS",
        "overrideAlarmConfiguration": record.alarms or None,
    }
    return {name: value for name, value in view.items() if value is not None}


def target(store: EcsStore, record: Deployment) -> dict[str, Any]:
    """The ECS service of a deployment, as GetDeploymentTarget has it."""
    cluster, name = record.target_id.split(":", 1)
    arn = record.service.arn if record.service else names.arn(record.caller, f"service/{cluster}/{name}")
    task_sets = [
        _task_set(store, record, item, label)
        for item, label in ((record.blue, "Blue"), (record.green, "Green"))
        if item is not None
    ]
    return {
        "deploymentId": record.id,
        "targetId": record.target_id,
        "targetArn": arn,
        "lastUpdatedAt": record.updated,
        "lifecycleEvents": [_event(item) for item in record.events],
        "status": _TARGET_STATUS.get(record.status, record.status),
        "taskSetsInfo": task_sets,
    }


def _task_set(store: EcsStore, record: Deployment, item: TaskSet, label: str) -> dict[str, Any]:
    now = counts(store, item.revision)
    return {
        "identifer": item.id,  # spelled so in the API
        "desiredCount": item.revision.requested,
        **now,
        "status": item.status,
        "trafficWeight": float(record.percent if label == "Green" else 100 - record.percent),
        "targetGroup": {"name": item.revision.targets[0].group.split(":targetgroup/")[-1].split("/")[0]},
        "taskSetLabel": label,
    }


def _event(record: LifecycleEvent) -> dict[str, Any]:
    diagnostics = {"errorCode": record.error, "scriptName": "", "message": record.message, "logTail": ""}
    view: dict[str, Any] = {
        "lifecycleEventName": record.name,
        "status": record.status,
        "startTime": record.started,
        "endTime": record.ended,
        "diagnostics": diagnostics if record.error else None,
    }
    return {name: value for name, value in view.items() if value is not None}
