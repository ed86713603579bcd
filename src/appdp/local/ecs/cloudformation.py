"""ECS's resource types in CloudFormation.

A service is created when its first service deployment has ended well, and updated when the service deployment that the
update started has; otherwise the resource fails with that deployment's reason. An update sends every property that
UpdateService takes; the desired count only when the template has one.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from appdp.local.casing import api_parameters, parameter_names
from appdp.local.ecs import names
from appdp.local.ecs.api import EcsService
from appdp.local.ecs.rolling import BREAKER_REASON
from appdp.local.ecs.scaling_resources import ScalableTargetHandler, ScalingPolicyHandler
from appdp.local.ecs.store import Deployment, Service, Store
from appdp.local.ecs.task_sets import TaskSets
from appdp.local.wire import ResourceHandler, ResourceRequest, ResourceResult, ServiceError

_GONE = ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException", "ClientException")

_REPLACING = ("ServiceName", "Cluster", "LaunchType", "SchedulingStrategy", "Role")
"""Properties of a service whose change replaces it; see "Update requires: Replacement" on the type's page."""


def handlers(ecs: EcsService, store: Store, task_sets: TaskSets) -> dict[str, ResourceHandler]:
    """Handlers by resource type."""
    cluster = ClusterHandler(ecs)
    return {
        "AWS::ECS::Cluster": cluster,
        "AWS::ECS::ClusterCapacityProviderAssociations": AssociationsHandler(ecs),
        "AWS::ECS::CapacityProvider": CapacityProviderHandler(ecs),
        "AWS::ECS::TaskDefinition": TaskDefinitionHandler(ecs),
        "AWS::ECS::Service": ServiceHandler(ecs, store, task_sets),
        "AWS::ApplicationAutoScaling::ScalableTarget": ScalableTargetHandler(),
        "AWS::ApplicationAutoScaling::ScalingPolicy": ScalingPolicyHandler(),
    }


class ClusterHandler:
    """``AWS::ECS::Cluster``."""

    def __init__(self, ecs: EcsService) -> None:
        self._ecs = ecs

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Create it."""
        name = str(request.properties.get("ClusterName") or names.generated(request.stack, request.logical_id))
        parameters = {**self._parameters(request), "clusterName": name}
        answer = await self._ecs.call("CreateCluster", parameters, request.caller)
        return ResourceResult(physical_id=name, attributes={"Arn": answer["cluster"]["clusterArn"]})

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Change its settings; another name is another cluster."""
        name = request.properties.get("ClusterName")
        if name and name != request.physical_id:
            return await self.create(request)
        parameters = {**self._parameters(request), "cluster": request.physical_id}
        answer = await self._ecs.call("UpdateCluster", parameters, request.caller)
        return ResourceResult(physical_id=request.physical_id, attributes={"Arn": answer["cluster"]["clusterArn"]})

    async def delete(self, request: ResourceRequest) -> None:
        """Delete it."""
        await _unless_gone(self._ecs, "DeleteCluster", {"cluster": request.physical_id}, request)

    def _parameters(self, request: ResourceRequest) -> dict[str, Any]:
        renamed = {"ClusterSettings": "Settings"}
        return api_parameters("CreateCluster", {renamed.get(k, k): v for k, v in request.properties.items()})


class AssociationsHandler:
    """``AWS::ECS::ClusterCapacityProviderAssociations``."""

    def __init__(self, ecs: EcsService) -> None:
        self._ecs = ecs

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Set a cluster's capacity providers."""
        cluster = str(request.properties["Cluster"])
        parameters = api_parameters("PutClusterCapacityProviders", request.properties)
        await self._ecs.call("PutClusterCapacityProviders", parameters, request.caller)
        return ResourceResult(physical_id=cluster, attributes={})

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Set them again."""
        return await self.create(request)

    async def delete(self, request: ResourceRequest) -> None:
        """Take them away."""
        none = {"cluster": request.physical_id, "capacityProviders": [], "defaultCapacityProviderStrategy": []}
        await _unless_gone(self._ecs, "PutClusterCapacityProviders", none, request)


class CapacityProviderHandler:
    """``AWS::ECS::CapacityProvider``."""

    def __init__(self, ecs: EcsService) -> None:
        self._ecs = ecs

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Create it."""
        name = str(request.properties.get("Name") or names.generated(request.stack, request.logical_id))
        parameters = {**api_parameters("CreateCapacityProvider", request.properties), "name": name}
        await self._ecs.call("CreateCapacityProvider", parameters, request.caller)
        return ResourceResult(physical_id=name, attributes={})

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Create it anew under its name."""
        properties = {"Name": request.physical_id, **request.properties}
        parameters = api_parameters("CreateCapacityProvider", properties)
        await self._ecs.call("CreateCapacityProvider", parameters, request.caller)
        return ResourceResult(physical_id=str(properties["Name"]), attributes={})

    async def delete(self, request: ResourceRequest) -> None:
        """Delete it."""
        await _unless_gone(self._ecs, "DeleteCapacityProvider", {"capacityProvider": request.physical_id}, request)


class TaskDefinitionHandler:
    """``AWS::ECS::TaskDefinition``: every change but that of tags registers a new revision."""

    def __init__(self, ecs: EcsService) -> None:
        self._ecs = ecs

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Register a revision."""
        parameters = api_parameters("RegisterTaskDefinition", request.properties)
        parameters.setdefault("family", names.generated(request.stack, request.logical_id))
        answer = await self._ecs.call("RegisterTaskDefinition", parameters, request.caller)
        arn = answer["taskDefinition"]["taskDefinitionArn"]
        return ResourceResult(physical_id=arn, attributes={"TaskDefinitionArn": arn})

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Register a revision unless only tags differ."""
        if _without_tags(request.properties) != _without_tags(request.previous or {}):
            if "Family" not in request.properties:
                family = request.physical_id.rpartition("/")[2].rpartition(":")[0]
                return await self.create(_with(request, "Family", family))
            return await self.create(request)
        tags = api_parameters("TagResource", {"Tags": request.properties.get("Tags") or []})
        await self._ecs.call("TagResource", {**tags, "resourceArn": request.physical_id}, request.caller)
        attributes = {"TaskDefinitionArn": request.physical_id}
        return ResourceResult(physical_id=request.physical_id, attributes=attributes)

    async def delete(self, request: ResourceRequest) -> None:
        """Deregister the revision."""
        await _unless_gone(self._ecs, "DeregisterTaskDefinition", {"taskDefinition": request.physical_id}, request)


class ServiceHandler:
    """``AWS::ECS::Service``: waits for its service deployments, or for its task set under CODE_DEPLOY."""

    def __init__(self, ecs: EcsService, store: Store, task_sets: TaskSets) -> None:
        self._ecs = ecs
        self._store = store
        self._task_sets = task_sets

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Create it and wait until its first service deployment has ended; one that failed is deleted again."""
        parameters = self._parameters("CreateService", request)
        parameters.setdefault("serviceName", names.generated(request.stack, request.logical_id))
        answer = await self._ecs.call("CreateService", parameters, request.caller)
        service = self._store.services[answer["service"]["serviceArn"]]
        if service.by_code_deploy:
            await self._task_sets.until_steady(service)
            return _service_result(service)
        try:
            await _until_ended(service.deployments[-1])
        except ServiceError:
            await self._delete(service, request)
            raise
        return _service_result(service)

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Update it and wait for the service deployment that this starts, if it starts one."""
        old = request.previous or {}
        service = self._store.services[request.physical_id]
        if any(request.properties.get(name) != old.get(name) for name in _REPLACING):
            return await self.create(request)
        parameters = self._parameters(
            "UpdateService", _changed(request) if _by_code_deploy(request, service) else request
        )
        parameters = {key: value for key, value in parameters.items() if key in parameter_names("UpdateService")}
        target: dict[str, Any] = {"cluster": service.cluster.arn, "service": service.arn}
        if request.properties.get("ForceNewDeployment") != old.get("ForceNewDeployment"):
            target["forceNewDeployment"] = _forces(request.properties)
        known = len(service.deployments)
        await self._ecs.call("UpdateService", {**parameters, **target}, request.caller)
        await self._tag(service, request)
        for deployment in service.deployments[known:]:
            await _until_ended(deployment)
        return _service_result(service)

    async def delete(self, request: ResourceRequest) -> None:
        """Delete it and wait until its tasks are gone."""
        service = self._store.services.get(request.physical_id)
        if service is not None and service.status == "ACTIVE":
            await self._delete(service, request)

    async def _delete(self, service: Service, request: ResourceRequest) -> None:
        parameters = {"cluster": service.cluster.arn, "service": service.arn, "force": True}
        await _unless_gone(self._ecs, "DeleteService", parameters, request)
        await service.forgotten.wait()

    async def _tag(self, service: Service, request: ResourceRequest) -> None:
        tags = api_parameters("TagResource", {"Tags": request.properties.get("Tags") or []})
        await self._ecs.call("TagResource", {**tags, "resourceArn": service.arn}, request.caller)

    def _parameters(self, operation: str, request: ResourceRequest) -> dict[str, Any]:
        renamed = {"PlacementStrategies": "PlacementStrategy"}
        properties = {
            renamed.get(key, key): value for key, value in request.properties.items() if key != "ForceNewDeployment"
        }
        return api_parameters(operation, properties)


async def _until_ended(deployment: Deployment) -> None:
    await deployment.ended.wait()
    if deployment.status == "SUCCESSFUL":
        return
    reason = deployment.reason
    if reason.startswith(BREAKER_REASON):
        reason = "ECS Deployment Circuit Breaker was triggered"
    raise ServiceError("GeneralServiceException", f"Error occurred during operation '{reason}'.")


async def _unless_gone(
    ecs: EcsService, operation: str, parameters: Mapping[str, Any], request: ResourceRequest
) -> None:
    try:
        await ecs.call(operation, dict(parameters), request.caller)
    except ServiceError as error:
        if error.code not in _GONE:
            raise


def _service_result(service: Service) -> ResourceResult:
    return ResourceResult(physical_id=service.arn, attributes={"Name": service.name, "ServiceArn": service.arn})


def _forces(properties: Mapping[str, Any]) -> bool:
    return str((properties.get("ForceNewDeployment") or {}).get("EnableForceNewDeployment", "")).lower() == "true"


def _without_tags(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key != "Tags"}


def _by_code_deploy(request: ResourceRequest, service: Service) -> bool:
    wanted = (request.properties.get("DeploymentController") or {}).get("Type")
    return service.by_code_deploy or wanted == "CODE_DEPLOY"


def _changed(request: ResourceRequest) -> ResourceRequest:
    """A request with the properties that changed only, which is what CloudFormation sends under CODE_DEPLOY.

    See: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1529
    """
    old = request.previous or {}
    changed = {name: value for name, value in request.properties.items() if value != old.get(name)}
    return replace(request, properties=changed)


def _with(request: ResourceRequest, name: str, value: str) -> ResourceRequest:
    return replace(request, properties={**request.properties, name: value})
