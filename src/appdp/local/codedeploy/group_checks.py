"""What CreateDeploymentGroup and UpdateDeploymentGroup refuse for the compute platform ECS.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html (Errors) and
https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-groups-create-ecs.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appdp.local.codedeploy.store import Group, Store
from appdp.local.ecs.lookup import Lookup
from appdp.local.ecs.store import Store as EcsStore
from appdp.local.wire import Caller, LoadBalancing, ServiceError

LONGEST_WAIT_MINUTES = 2880
"""Both waits of a deployment to ECS last at most two days.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
"""

ALARMS = 10
"""See: API_AlarmConfiguration.html: "A maximum of 10 alarms"."""

Settings = Mapping[str, Any]


class GroupChecks:
    """Checks the settings of deployment groups."""

    def __init__(self, store: Store, services: EcsStore, balancing: LoadBalancing) -> None:
        self._store = store
        self._services = services
        self._balancing = balancing

    def check(self, settings: Settings, caller: Caller, *, but: Group | None = None) -> None:
        """Check a deployment group's settings.

        Args:
            but: the group that is being changed.

        Raises:
            ServiceError: as CodeDeploy refuses them.
        """
        if not settings.get("serviceRoleArn"):
            raise ServiceError("RoleRequiredException", "The deployment group needs a service role.")
        self._store.config(str(settings["deploymentConfigName"]))
        _check_style(settings)
        self._check_service(settings, caller, but)
        self._check_pair(settings, caller)
        _check_waits(settings.get("blueGreenDeploymentConfiguration"))
        if len((settings.get("alarmConfiguration") or {}).get("alarms") or ()) > ALARMS:
            raise ServiceError("AlarmsLimitExceededException", f"A deployment group can have at most {ALARMS} alarms.")

    def _check_service(self, settings: Settings, caller: Caller, but: Group | None) -> None:
        services = settings.get("ecsServices") or []
        if len(services) != 1 or not services[0].get("serviceName"):
            raise _no_service("A deployment group for ECS needs exactly one ECS service.")
        key = (services[0].get("clusterName") or "default", services[0]["serviceName"])
        taken = [
            group
            for application in self._store.applications.values()
            for group in application.groups.values()
            if group is not but and group.service == key
        ]
        if taken:
            message = f"The ECS service {key[1]} already belongs to the deployment group {taken[0].name}."
            raise ServiceError("ECSServiceMappingLimitExceededException", message)
        try:
            service = Lookup(self._services).service({"cluster": key[0], "service": key[1]}, caller)
        except ServiceError as error:
            raise _no_service(f"The ECS service {key[0]}/{key[1]} was not found: {error.message}") from error
        if not service.by_code_deploy:
            raise _no_service(
                "Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller."
            )

    def _check_pair(self, settings: Settings, caller: Caller) -> None:
        pairs = (settings.get("loadBalancerInfo") or {}).get("targetGroupPairInfoList") or []
        if len(pairs) != 1:
            raise ServiceError(
                "InvalidLoadBalancerInfoException", "A deployment group for ECS needs exactly one target group pair."
            )
        names = [group.get("name", "") for group in pairs[0].get("targetGroups") or ()]
        if len(set(names)) != 2:
            raise _no_pair(f"A target group pair has two target groups, and this has: {', '.join(names) or 'none'}.")
        if missing := [name for name in names if self._balancing.named(name, caller) is None]:
            raise _no_pair(f"The target group {missing[0]} does not exist.")
        for kind, most in (("prodTrafficRoute", 1), ("testTrafficRoute", 0)):
            listeners = (pairs[0].get(kind) or {}).get("listenerArns") or ()
            if not most <= len(listeners) <= 1:
                raise _no_pair(f"The {kind} must name one listener, and names {len(listeners)}.")
            for listener in listeners:
                self._check_listener(listener)

    def _check_listener(self, listener: str) -> None:
        try:
            self._balancing.rules_of(listener)
        except ServiceError as error:
            raise _no_pair(error.message) from error


def _check_style(settings: Settings) -> None:
    style = settings.get("deploymentStyle") or {}
    told = (style.get("deploymentType"), style.get("deploymentOption"))
    if told != ("BLUE_GREEN", "WITH_TRAFFIC_CONTROL"):
        message = "A deployment group for ECS needs the deployment style BLUE_GREEN, WITH_TRAFFIC_CONTROL."
        raise ServiceError("InvalidDeploymentStyleException", message)


def _check_waits(told: Settings | None) -> None:
    code = "InvalidBlueGreenDeploymentConfigurationException"
    if not told:
        raise ServiceError(code, "A deployment group for ECS needs a blueGreenDeploymentConfiguration.")
    waits = {
        "waitTimeInMinutes": (told.get("deploymentReadyOption") or {}).get("waitTimeInMinutes"),
        "terminationWaitTimeInMinutes": (told.get("terminateBlueInstancesOnDeploymentSuccess") or {}).get(
            "terminationWaitTimeInMinutes"
        ),
    }
    for name, minutes in waits.items():
        if minutes is not None and not 0 <= minutes <= LONGEST_WAIT_MINUTES:
            raise ServiceError(code, f"{name} must be between 0 and {LONGEST_WAIT_MINUTES}, and is {minutes}.")


def _no_service(message: str) -> ServiceError:
    return ServiceError("InvalidECSServiceException", message)


def _no_pair(message: str) -> ServiceError:
    return ServiceError("InvalidTargetGroupPairException", message)
