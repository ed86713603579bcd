"""The AppSpec of a deployment: the live service, with another task definition.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def app_spec(service: Mapping[str, Any], task_definition: str) -> str:
    """The AppSpec's content, as JSON.

    What CodeDeploy is not told about the capacity providers, it drops from the service
    (https://github.com/aws/containers-roadmap/issues/1752), so they are always told, as the task set has them that
    has the traffic.

    Args:
        service: the service as DescribeServices has it.
        task_definition: ARN of the revision to deploy.
    """
    live = primary(service)
    balancer = (live.get("loadBalancers") or service.get("loadBalancers") or [{}])[0]
    properties: dict[str, Any] = {
        "TaskDefinition": task_definition,
        "LoadBalancerInfo": {
            "ContainerName": balancer.get("containerName", ""),
            "ContainerPort": balancer.get("containerPort", 0),
        },
    }
    for name in ("capacityProviderStrategy", "platformVersion", "networkConfiguration"):
        value = live.get(name) or service.get(name)
        if value:
            properties[_capital(name)] = _capitalised(value)
    target = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    return json.dumps({"version": 0.0, "Resources": [target]}, separators=(",", ":"))


def primary(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """The task set that has the production traffic; empty when there is none."""
    found: Mapping[str, Any] = next((one for one in service.get("taskSets", ()) if one.get("status") == "PRIMARY"), {})
    return found


def _capitalised(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, Mapping):
        return {_capital(name): _capitalised(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_capitalised(item) for item in value]
    return value


def _capital(name: str) -> str:
    """ECS's ``awsvpcConfiguration`` is the AppSpec's ``AwsvpcConfiguration``."""
    return name[:1].upper() + name[1:]
