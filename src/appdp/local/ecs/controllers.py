"""What the deployment controller allows, and how a service moves to another one in place.

Under CODE_DEPLOY, UpdateService changes counts and settings; what the tasks run and where they are registered changes
through CodeDeploy only. ECS refuses such a parameter whenever it is there, also when it changes nothing.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/migrate-codedeploy-to-ecs-bluegreen.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appdp.local.ecs.store import Service
from appdp.local.wire import ServiceError

CONTROLLERS = ("ECS", "CODE_DEPLOY")

_REFUSED = {
    "taskDefinition": "task definition",
    "networkConfiguration": "network parameters",
    "loadBalancers": "load balancers",
    "platformVersion": "platform version",
    "serviceRegistries": "service registries",
}
"""Parameter → what ECS calls it when it refuses to change it."""

_INSTEAD = "on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."

Properties = Mapping[str, Any]


def moves(service: Service, changes: Properties) -> bool:
    """Whether an update gives the service another deployment controller."""
    wanted = kind(changes) if changes.get("deploymentController") else None
    return wanted is not None and wanted != kind(service.properties)


def kind(properties: Properties) -> str:
    """The deployment controller in a service's properties."""
    return str((properties.get("deploymentController") or {}).get("type", "ECS"))


def check_new(properties: Properties) -> None:
    """Check what a service's controller asks of its properties, as they will be.

    Raises:
        ServiceError: as ECS refuses it.
    """
    controller = kind(properties)
    if controller not in CONTROLLERS:
        message = f"The embedded ECS has no deployment controller {controller}. Use type ECS or CODE_DEPLOY."
        raise _invalid(message)
    if controller == "ECS":
        return
    balancers = properties.get("loadBalancers") or ()
    if [bool(item.get("targetGroupArn")) for item in balancers] != [True]:
        raise _invalid("A service with a CODE_DEPLOY deployment controller must use exactly one target group.")
    configuration = properties.get("deploymentConfiguration") or {}
    if configuration.get("strategy", "ROLLING") != "ROLLING":
        raise _invalid(f"Invalid deployment strategy for CODE_DEPLOY: {configuration['strategy']}")
    if (configuration.get("deploymentCircuitBreaker") or {}).get("enable"):
        raise _invalid("Deployment circuit breaker can be enabled only with the ECS deployment controller.")


def check_update(service: Service, changes: Properties) -> None:
    """Check what an update asks of the controller that the service has, and of the one that it is to have.

    Raises:
        ServiceError: as ECS refuses it.
    """
    moving = moves(service, changes)
    if moving:
        _check_quiet(service)
    if not service.by_code_deploy and not moving:
        return
    if kind(changes if moving else service.properties) == "CODE_DEPLOY":
        _refuse_deployments(changes, allowed=("loadBalancers",) if moving else ())


def completed(service: Service, changes: Properties) -> Properties:
    """An update with the settings that end when a service moves to CODE_DEPLOY, unless it sets them itself."""
    if not moves(service, changes) or kind(changes) != "CODE_DEPLOY":
        return changes
    ended = {"strategy": "ROLLING", "lifecycleHooks": [], "deploymentCircuitBreaker": {"enable": False}}
    return {**changes, "deploymentConfiguration": {**ended, **(changes.get("deploymentConfiguration") or {})}}


def _refuse_deployments(changes: Properties, *, allowed: tuple[str, ...]) -> None:
    for name, told in _REFUSED.items():
        if changes.get(name) is not None and name not in allowed:
            raise _invalid(f"Unable to update {told} {_INSTEAD}")
    if changes.get("forceNewDeployment"):
        raise _invalid(f"Cannot force a new deployment {_INSTEAD}")


def _check_quiet(service: Service) -> None:
    """A service moves only while nothing is being deployed; AWS documents that, not its words for the refusal."""
    if len(service.task_sets) > 1 or any(deployment.running for deployment in service.deployments):
        raise _invalid("The deployment controller cannot be updated while a deployment is in progress.")
    if not service.by_code_deploy and service.completed is None:
        raise _invalid("The deployment controller cannot be updated before a deployment has completed.")


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)
