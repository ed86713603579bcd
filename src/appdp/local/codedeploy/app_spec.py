"""The AppSpec of a deployment to ECS, read from JSON or YAML.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html and
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from appdp.local.casing import api_parameters
from appdp.local.wire import ServiceError

HOOKS = ("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
"""Lifecycle events that may call a Lambda function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSpec:
    """What is deployed.

    Attributes:
        properties: ``networkConfiguration``, ``platformVersion`` and ``capacityProviderStrategy`` as ECS spells them,
            as far as the AppSpec has them.
        hooks: lifecycle event → Lambda function.
    """

    definition: str
    container: str
    port: int
    properties: Mapping[str, Any]
    hooks: Mapping[str, str]


def parse(revision: Mapping[str, Any] | None) -> tuple[AppSpec, dict[str, Any]]:
    """Read a revision; returns the AppSpec, and the revision as GetDeployment answers it.

    Raises:
        ServiceError: ``RevisionRequiredException`` or ``InvalidRevisionException``.
    """
    if not revision:
        raise ServiceError("RevisionRequiredException", "The deployment needs a revision.")
    kind = revision.get("revisionType")
    part = {"AppSpecContent": "appSpecContent", "String": "string"}.get(str(kind))
    if part is None:
        raise _invalid(f"The embedded CodeDeploy reads revisions of type AppSpecContent and String, not {kind}.")
    content = str((revision.get(part) or {}).get("content") or "")
    digest = hashlib.sha256(content.encode()).hexdigest()
    told = (revision.get(part) or {}).get("sha256")
    if told and told != digest:
        raise _invalid(f"The SHA256 hash of the AppSpec content is {digest}, not {told}.")
    return read(content), {"revisionType": kind, part: {"content": content, "sha256": digest}}


def hash_of(revision: Mapping[str, Any]) -> str:
    """The SHA-256 hash in a revision; empty when there is none."""
    return str(_content(revision).get("sha256") or "")


def shown(revision: Mapping[str, Any]) -> dict[str, Any]:
    """A revision as deployments and groups show it: without its content, which GetApplicationRevision gives.

    See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetDeployment.html (note)
    """
    hidden = {"sha256": hash_of(revision)}
    return {name: hidden if isinstance(value, Mapping) else value for name, value in revision.items()}


def _content(revision: Mapping[str, Any]) -> Mapping[str, Any]:
    return revision.get("appSpecContent") or revision.get("string") or {}


def read(content: str) -> AppSpec:
    """Read an AppSpec's text. Raises :class:`ServiceError` ``InvalidRevisionException``."""
    try:
        document = yaml.safe_load(content)  # JSON is YAML, too
    except yaml.YAMLError as error:
        raise _invalid(f"The AppSpec content is neither JSON nor YAML: {error}") from error
    if not isinstance(document, dict):
        raise _invalid("The AppSpec content is empty or not a mapping.")
    properties = _target(_resources(document))
    balancer = properties.get("LoadBalancerInfo")
    needed = {
        "TaskDefinition": properties.get("TaskDefinition"),
        "LoadBalancerInfo.ContainerName": balancer.get("ContainerName") if isinstance(balancer, dict) else None,
        "LoadBalancerInfo.ContainerPort": balancer.get("ContainerPort") if isinstance(balancer, dict) else None,
    }
    if missing := [name for name, value in needed.items() if not value]:
        raise _invalid(f"The AppSpec lacks {', '.join(missing)}.")
    port = str(needed["LoadBalancerInfo.ContainerPort"])
    if not port.isdigit():
        raise _invalid(f"The AppSpec's ContainerPort must be a number, and is {port}.")
    return AppSpec(
        definition=str(needed["TaskDefinition"]),
        container=str(needed["LoadBalancerInfo.ContainerName"]),
        port=int(port),
        properties=_optional(properties),
        hooks=_hooks(document),
    )


def _resources(document: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML of any shape
    return next((value for name, value in document.items() if str(name).lower() == "resources"), None)


def _target(resources: Any) -> Mapping[str, Any]:  # noqa: ANN401 - YAML of any shape
    named = resources[0] if isinstance(resources, list) and len(resources) == 1 else None
    if not isinstance(named, dict) or len(named) != 1:
        raise _invalid("The AppSpec must have exactly one resource.")
    (resource,) = named.values()
    if not isinstance(resource, dict) or resource.get("Type") != "AWS::ECS::Service":
        raise _invalid("The AppSpec's resource must be of type AWS::ECS::Service.")
    properties = resource.get("Properties")
    if not isinstance(properties, dict):
        raise _invalid("The AppSpec's resource has no Properties.")
    return properties


def _optional(properties: Mapping[str, Any]) -> dict[str, Any]:
    wanted = ("NetworkConfiguration", "PlatformVersion", "CapacityProviderStrategy")
    told = {name: properties[name] for name in wanted if properties.get(name)}
    return api_parameters("CreateTaskSet", told)


def _hooks(document: Mapping[str, Any]) -> dict[str, str]:
    told = next((value for name, value in document.items() if str(name).lower() == "hooks"), None) or []
    if not isinstance(told, list) or not all(isinstance(item, dict) for item in told):
        raise _invalid("The AppSpec's Hooks must be a list of lifecycle events with their functions.")
    hooks = {str(event): str(function) for item in told for event, function in item.items() if function}
    if unknown := sorted(set(hooks) - set(HOOKS)):
        raise _invalid(f"The AppSpec has hooks for {', '.join(unknown)}; ECS knows {', '.join(HOOKS)}.")
    return hooks


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidRevisionException", message)
