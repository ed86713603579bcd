"""CodeDeploy's resource types in CloudFormation.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codedeploy-deploymentgroup.html
and its siblings
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from appdp.local.casing import api_parameters
from appdp.local.codedeploy.api import CodeDeploy
from appdp.local.wire import ResourceHandler, ResourceRequest, ResourceResult


def handlers(service: CodeDeploy) -> Mapping[str, ResourceHandler]:
    """CloudFormation type → handler."""
    return {
        "AWS::CodeDeploy::Application": _Applications(service),
        "AWS::CodeDeploy::DeploymentGroup": _Groups(service),
        "AWS::CodeDeploy::DeploymentConfig": _Configs(service),
    }


def _name(request: ResourceRequest, prop: str) -> str:
    return str(request.properties.get(prop) or f"{request.stack}-{request.logical_id}-{secrets.token_hex(6)}")


def _parameters(operation: str, request: ResourceRequest) -> dict[str, Any]:
    return api_parameters(operation, request.properties, service="codedeploy")


def _made(name: str) -> ResourceResult:
    return ResourceResult(physical_id=name, attributes={"Id": name})


class _Applications:
    def __init__(self, service: CodeDeploy) -> None:
        self._service = service

    async def create(self, request: ResourceRequest) -> ResourceResult:
        name = _name(request, "ApplicationName")
        parameters = {**_parameters("CreateApplication", request), "applicationName": name}
        await self._service.call("CreateApplication", parameters, request.caller)
        return _made(name)

    async def update(self, request: ResourceRequest) -> ResourceResult:
        named = request.properties.get("ApplicationName")
        if named and named != request.physical_id:
            return await self.create(request)
        return _made(request.physical_id)

    async def delete(self, request: ResourceRequest) -> None:
        await self._service.call("DeleteApplication", {"applicationName": request.physical_id}, request.caller)


class _Groups:
    def __init__(self, service: CodeDeploy) -> None:
        self._service = service

    async def create(self, request: ResourceRequest) -> ResourceResult:
        name = _name(request, "DeploymentGroupName")
        parameters = {**_parameters("CreateDeploymentGroup", request), "deploymentGroupName": name}
        await self._service.call("CreateDeploymentGroup", parameters, request.caller)
        return _made(name)

    async def update(self, request: ResourceRequest) -> ResourceResult:
        old = request.previous or {}
        replacing = ("ApplicationName", "DeploymentGroupName")
        if any(request.properties.get(name) != old.get(name) for name in replacing):
            return await self.create(request)
        parameters = _parameters("UpdateDeploymentGroup", request)
        parameters.pop("deploymentGroupName", None)
        parameters["currentDeploymentGroupName"] = request.physical_id
        await self._service.call("UpdateDeploymentGroup", parameters, request.caller)
        return _made(request.physical_id)

    async def delete(self, request: ResourceRequest) -> None:
        application = str(request.properties["ApplicationName"])
        parameters = {"applicationName": application, "deploymentGroupName": request.physical_id}
        await self._service.call("DeleteDeploymentGroup", parameters, request.caller)


class _Configs:
    def __init__(self, service: CodeDeploy) -> None:
        self._service = service

    async def create(self, request: ResourceRequest) -> ResourceResult:
        name = _name(request, "DeploymentConfigName")
        parameters = {**_parameters("CreateDeploymentConfig", request), "deploymentConfigName": name}
        await self._service.call("CreateDeploymentConfig", parameters, request.caller)
        return _made(name)

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Every change of a deployment configuration replaces it."""
        return await self.create(request)

    async def delete(self, request: ResourceRequest) -> None:
        parameters = {"deploymentConfigName": request.physical_id}
        await self._service.call("DeleteDeploymentConfig", parameters, request.caller)
