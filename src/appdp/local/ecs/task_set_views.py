"""Task sets as DescribeServices answers them.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html
"""

from __future__ import annotations

from typing import Any

from appdp.local.ecs import names
from appdp.local.ecs.service_views import counts
from appdp.local.ecs.store import Service, Store, TaskSet

_FROM_REVISION = (
    "launchType",
    "capacityProviderStrategy",
    "networkConfiguration",
    "loadBalancers",
)


def overlay(store: Store, service: Service) -> dict[str, Any]:
    """What of a service's view differs under CODE_DEPLOY: it has task sets, and neither deployments nor revisions."""
    return {
        "taskSets": [task_set(store, service, item) for item in service.task_sets],
        "deployments": [],
        "currentServiceRevisions": [],
    }


def task_set(store: Store, service: Service, record: TaskSet) -> dict[str, Any]:
    """One task set."""
    revision = record.revision
    now = counts(store, revision)
    desired = 0 if record.status == "DRAINING" else service.desired
    from_code_deploy = {"startedBy": "CODE_DEPLOY", "externalId": record.external_id} if record.external_id else {}
    steady = now == {"runningCount": desired, "pendingCount": 0} and revision.healthy == desired
    return {
        "id": record.id,
        "taskSetArn": record.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        **from_code_deploy,
        "status": record.status,
        "taskDefinition": revision.definition.arn,
        "computedDesiredCount": desired,
        **now,
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "platformVersion": revision.properties.get("platformVersion") or "1.4.0",
        "platformFamily": "Linux",
        "serviceRegistries": revision.properties.get("serviceRegistries") or [],
        **{name: revision.properties[name] for name in _FROM_REVISION if name in revision.properties},
        "scale": {"value": 0.0 if record.status == "DRAINING" else 100.0, "unit": "PERCENT"},
        "stabilityStatus": "STEADY_STATE" if steady else "STABILIZING",
        "stabilityStatusAt": names.now(),
        "tags": [],
    }
