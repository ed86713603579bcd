"""Applications, deployment groups and deployment configurations.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateApplication.html,
API_CreateDeploymentGroup.html, API_CreateDeploymentConfig.html and their siblings
"""

from __future__ import annotations

from typing import Any

from appdp.local.codedeploy import app_spec, configs, group_checks
from appdp.local.codedeploy.store import Application, Deployment, Group, Store
from appdp.local.ecs.store import Store as EcsStore
from appdp.local.wire import Caller, LoadBalancing, ServiceError

Answer = dict[str, Any]
Params = dict[str, Any]


class Catalogue:
    """Operations on what deployments are made from."""

    def __init__(self, store: Store, services: EcsStore, balancing: LoadBalancing) -> None:
        self._store = store
        self._checks = group_checks.GroupChecks(store, services, balancing)

    def create_application(self, params: Params, caller: Caller) -> Answer:
        """Create an application for ECS."""
        name = str(params["applicationName"])
        if name in self._store.applications:
            message = f"An Application already exists with name: {name}"
            raise ServiceError("ApplicationAlreadyExistsException", message)
        platform = params.get("computePlatform", "Server")
        if platform != "ECS":
            message = f"The embedded CodeDeploy deploys to the compute platform ECS only, not to {platform}."
            raise ServiceError("InvalidComputePlatformException", message)
        made = self._store.applications[name] = Application(name, caller, list(params.get("tags") or ()))
        return {"applicationId": made.id}

    def get_application(self, params: Params, _caller: Caller) -> Answer:
        """One application."""
        found = self._store.application(str(params["applicationName"]))
        view = {"applicationId": found.id, "applicationName": found.name, "createTime": found.created}
        return {"application": {**view, "linkedToGitHub": False, "computePlatform": "ECS"}}

    def list_applications(self, _params: Params, _caller: Caller) -> Answer:
        """Names of all applications."""
        return {"applications": list(self._store.applications)}

    def delete_application(self, params: Params, _caller: Caller) -> Answer:
        """Delete an application with its groups; deployments are remembered."""
        self._store.applications.pop(str(params["applicationName"]), None)
        return {}

    def create_deployment_group(self, params: Params, caller: Caller) -> Answer:
        """Create a deployment group of one ECS service."""
        application = self._store.application(str(params["applicationName"]))
        name = str(params["deploymentGroupName"])
        if name in application.groups:
            message = f"Deployment group already exists with name: {name}"
            raise ServiceError("DeploymentGroupAlreadyExistsException", message)
        settings = _settings(params)
        self._checks.check(settings, caller)
        made = application.groups[name] = Group(application, name, settings)
        return {"deploymentGroupId": made.id}

    def update_deployment_group(self, params: Params, caller: Caller) -> Answer:
        """Change a deployment group: what is not given stays."""
        group = self._store.group(str(params["applicationName"]), str(params["currentDeploymentGroupName"]))
        settings = {**group.settings, **_settings({"deploymentConfigName": group.config, **params})}
        self._checks.check(settings, caller, but=group)
        name = str(params.get("newDeploymentGroupName") or group.name)
        groups = group.application.groups
        if name != group.name and name in groups:
            message = f"Deployment group already exists with name: {name}"
            raise ServiceError("DeploymentGroupAlreadyExistsException", message)
        del groups[group.name]
        group.name, group.settings = name, settings
        groups[name] = group
        return {"hooksNotCleanedUp": []}

    def get_deployment_group(self, params: Params, _caller: Caller) -> Answer:
        """One deployment group."""
        return {"deploymentGroupInfo": self._view(self._named(params))}

    def batch_get_deployment_groups(self, params: Params, _caller: Caller) -> Answer:
        """Several deployment groups of an application; the message tells which there are not."""
        groups = self._store.application(str(params["applicationName"])).groups
        names = [str(name) for name in params["deploymentGroupNames"]]
        missing = [name for name in names if name not in groups]
        told = {"errorMessage": f"No Deployment Group found for name: {', '.join(missing)}"} if missing else {}
        return {"deploymentGroupsInfo": [self._view(groups[name]) for name in names if name in groups], **told}

    def list_deployment_groups(self, params: Params, _caller: Caller) -> Answer:
        """Names of an application's deployment groups."""
        application = self._store.application(str(params["applicationName"]))
        return {"applicationName": application.name, "deploymentGroups": list(application.groups)}

    def delete_deployment_group(self, params: Params, _caller: Caller) -> Answer:
        """Delete a deployment group; its deployments go on."""
        application = self._store.applications.get(str(params["applicationName"]))
        if application is not None:
            application.groups.pop(str(params["deploymentGroupName"]), None)
        return {"hooksNotCleanedUp": []}

    def create_deployment_config(self, params: Params, _caller: Caller) -> Answer:
        """Create a deployment configuration."""
        name = str(params["deploymentConfigName"])
        if name in self._store.configs:
            message = f"Deployment Configuration already exists with name: {name}"
            raise ServiceError("DeploymentConfigAlreadyExistsException", message)
        if params.get("computePlatform") != "ECS":
            message = "The embedded CodeDeploy has deployment configurations for the compute platform ECS only."
            raise ServiceError("InvalidComputePlatformException", message)
        made = self._store.configs[name] = configs.parse(name, params.get("trafficRoutingConfig"))
        return {"deploymentConfigId": made.id}

    def get_deployment_config(self, params: Params, _caller: Caller) -> Answer:
        """One deployment configuration."""
        found = self._store.config(str(params["deploymentConfigName"]))
        return {
            "deploymentConfigInfo": {
                "deploymentConfigId": found.id,
                "deploymentConfigName": found.name,
                "createTime": found.created,
                "computePlatform": "ECS",
                "trafficRoutingConfig": dict(found.routing),
            }
        }

    def list_deployment_configs(self, _params: Params, _caller: Caller) -> Answer:
        """Names of all deployment configurations."""
        return {"deploymentConfigsList": list(self._store.configs)}

    def delete_deployment_config(self, params: Params, _caller: Caller) -> Answer:
        """Delete a custom deployment configuration that no group uses."""
        name = str(params["deploymentConfigName"])
        groups = [group for application in self._store.applications.values() for group in application.groups.values()]
        if name in configs.BUILT_IN:
            raise ServiceError("InvalidOperationException", f"{name} is predefined and cannot be deleted.")
        if any(group.config == name for group in groups):
            message = f"The deployment configuration {name} is in use."
            raise ServiceError("DeploymentConfigInUseException", message)
        self._store.configs.pop(name, None)
        return {}

    def _named(self, params: Params) -> Group:
        return self._store.group(str(params["applicationName"]), str(params["deploymentGroupName"]))

    def _view(self, group: Group) -> Answer:
        attempted = self._store.of_group(group.application.name, group.name)
        succeeded = [deployment for deployment in attempted if deployment.status == "Succeeded"]
        view = {
            **group.settings,
            "applicationName": group.application.name,
            "deploymentGroupId": group.id,
            "deploymentGroupName": group.name,
            "computePlatform": "ECS",
        }
        if attempted:
            view["lastAttemptedDeployment"] = _last(attempted[0])
        if succeeded:
            view |= {"lastSuccessfulDeployment": _last(succeeded[0])}
            view |= {"targetRevision": app_spec.shown(succeeded[0].revision)} if succeeded[0].revision else {}
        return view


def _settings(params: Params) -> Params:
    names = ("applicationName", "deploymentGroupName", "currentDeploymentGroupName", "newDeploymentGroupName", "tags")
    settings = {name: value for name, value in params.items() if name not in names and value is not None}
    settings.setdefault("deploymentConfigName", configs.DEFAULT)
    return settings


def _last(deployment: Deployment) -> Answer:
    ended = {} if deployment.completed is None else {"endTime": deployment.completed}
    return {
        "deploymentId": deployment.id,
        "status": deployment.status,
        "createTime": deployment.created,
        **ended,
    }
