"""What CreateService and UpdateService refuse before anything happens.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html, API_DeploymentConfiguration.html,
API_CanaryConfiguration.html, API_LinearConfiguration.html and API_DeploymentLifecycleHook.html for the limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appdp.local.ecs import controllers, fargate
from appdp.local.ecs.store import TaskDefinition
from appdp.local.wire import ServiceError

_STRATEGIES = {"ROLLING": "rolling", "BLUE_GREEN": "blue/green", "LINEAR": "linear", "CANARY": "canary"}
_LONGEST_BAKE_MINUTES = 1440
_LONGEST_PAUSE_MINUTES = 20_160
_HOOKS = 10
"""Of each kind. See: pause-lifecycle-hooks.html and lambda-lifecycle-hooks.html, considerations."""

_RANGES = (
    ("bakeTimeInMinutes", "", 0, _LONGEST_BAKE_MINUTES),
    ("canaryConfiguration", "canaryPercent", 0.1, 100),
    ("canaryConfiguration", "canaryBakeTimeInMinutes", 0, _LONGEST_BAKE_MINUTES),
    ("linearConfiguration", "stepPercent", 3, 100),
    ("linearConfiguration", "stepBakeTimeInMinutes", 0, _LONGEST_BAKE_MINUTES),
)

Properties = Mapping[str, Any]


def check(properties: Properties, definition: TaskDefinition) -> None:
    """Check a service as it will be.

    Args:
        properties: the service's properties, in the API's spelling; of an update, all of them.
        definition: the task definition that it will run.

    Raises:
        ServiceError: as ECS refuses it.
    """
    controllers.check_new(properties)
    _check_deployment(properties.get("deploymentConfiguration") or {})
    _check_balancers(properties, definition)
    fargate.check_service(properties, definition)


def _check_deployment(configuration: Properties) -> None:
    strategy = configuration.get("strategy", "ROLLING")
    if strategy not in _STRATEGIES:
        raise _invalid(f"Invalid deployment strategy: {strategy}")
    for name, part, low, high in _RANGES:
        value = (configuration.get(name) or {}).get(part) if part else configuration.get(name)
        if value is not None and not low <= value <= high:
            raise _invalid(f"{part or name} must be between {low} and {high}, and is {value}.")
    hooks = configuration.get("lifecycleHooks") or ()
    for kind in ("AWS_LAMBDA", "PAUSE"):
        if sum(1 for hook in hooks if hook.get("targetType", "AWS_LAMBDA") == kind) > _HOOKS:
            raise _invalid(f"A service can have at most {_HOOKS} lifecycle hooks of type {kind}.")
    for hook in hooks:
        _check_hook(hook)


def _check_hook(hook: Properties) -> None:
    """See: pause-lifecycle-hooks.html, "Constraints", and lambda-lifecycle-hooks.html, "Supported lifecycle stages"."""
    stages = set(hook.get("lifecycleStages") or ())
    if stages & {"SCALE_UP", "BAKE_TIME", "CLEAN_UP"}:
        raise _invalid(f"Lifecycle hooks are not supported at {sorted(stages)}.")
    minutes = (hook.get("timeoutConfiguration") or {}).get("timeoutInMinutes")
    if minutes is not None and not 1 <= minutes <= _LONGEST_PAUSE_MINUTES:
        raise _invalid(f"timeoutInMinutes must be between 1 and {_LONGEST_PAUSE_MINUTES}, and is {minutes}.")
    if hook.get("targetType") == "PAUSE":
        if stages & {"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"}:
            raise _invalid(f"PAUSE hooks are not supported at {sorted(stages)}.")
        return
    for name in ("hookTargetArn", "roleArn"):
        if not hook.get(name):
            raise _invalid(f"{name} is required for AWS_LAMBDA lifecycle hooks.")


def _check_balancers(properties: Properties, definition: TaskDefinition) -> None:
    balancers = properties.get("loadBalancers") or ()
    strategy = (properties.get("deploymentConfiguration") or {}).get("strategy", "ROLLING")
    if strategy != "ROLLING" and not all(item.get("advancedConfiguration") for item in balancers):
        # Word for word what ECS says of the linear strategy; of the others it is taken to be the same.
        message = (
            "advancedConfiguration field is required for all loadBalancers when using the "
            f"{_STRATEGIES[strategy]} deployment strategy"
        )
        raise ServiceError("ClientException", message)
    if properties.get("healthCheckGracePeriodSeconds") and not balancers:
        message = "Health check grace period is only valid for services configured to use load balancers"
        raise _invalid(message)
    for item in balancers:
        check_balancer(item, definition)


def check_balancer(item: Properties, definition: TaskDefinition) -> None:
    """Check that a task definition has the container and the port of a load balancer's entry."""
    container = next((c for c in definition.containers if c["name"] == item.get("containerName")), None)
    if container is None:
        raise _invalid(f"The container {item.get('containerName')} does not exist in the task definition.")
    ports = [mapping.get("containerPort") for mapping in container.get("portMappings") or ()]
    if item.get("containerPort") not in ports:
        raise _invalid(
            f"The container {container['name']} did not have a container port {item.get('containerPort')} defined."
        )


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)
