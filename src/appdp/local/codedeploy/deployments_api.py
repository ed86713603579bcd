"""Deployments: create, look at, let go on, stop.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html,
API_ContinueDeployment.html, API_StopDeployment.html and API_PutLifecycleEventHookExecutionStatus.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from appdp.local.codedeploy import app_spec, views
from appdp.local.codedeploy.forward import rolls_back_on
from appdp.local.codedeploy.runs import Runs
from appdp.local.codedeploy.store import Deployment, Revision, Store
from appdp.local.ecs.lookup import page
from appdp.local.ecs.store import Store as EcsStore
from appdp.local.wire import Caller, ServiceError

Answer = dict[str, Any]
Params = dict[str, Any]

TARGETS = 25
"""See: API_BatchGetDeploymentTargets.html: "The maximum number of targets that can be returned is 25"."""


BATCH = 25
"""See: API_BatchGetDeployments.html: "The maximum number of deployment IDs you can specify is 25"."""


class DeploymentsApi:
    """Operations on deployments and their targets."""

    def __init__(self, store: Store, services: EcsStore, runs: Runs) -> None:
        self._store = store
        self._services = services
        self._runs = runs

    def create_deployment(self, params: Params, caller: Caller) -> Answer:
        """Start a deployment; one at a time in each deployment group."""
        group = self._store.group(str(params["applicationName"]), str(params.get("deploymentGroupName") or ""))
        config = self._store.config(str(params.get("deploymentConfigName") or group.config))
        spec, revision = app_spec.parse(params.get("revision"))
        before = self._store.of_group(group.application.name, group.name)
        if running := [deployment for deployment in before if deployment.running]:
            message = f"The Deployment Group '{group.name}' already has an active Deployment '{running[0].id}'"
            raise ServiceError("DeploymentLimitExceededException", message)
        settings = group.settings
        made = Deployment(
            application=group.application.name,
            group=group.name,
            settings=settings,
            config=config,
            revision=revision,
            spec=spec,
            caller=caller,
            target_id=":".join(group.service),
            auto_rollback=params.get("autoRollbackConfiguration") or settings.get("autoRollbackConfiguration") or {},
            alarms=params.get("overrideAlarmConfiguration") or settings.get("alarmConfiguration") or {},
            previous_revision=next((item.revision for item in before if item.status == "Succeeded"), None),
            description=str(params.get("description") or ""),
        )
        used = group.application.revisions.setdefault(app_spec.hash_of(revision), Revision(revision))
        used.first_used, used.last_used = used.first_used or made.created, made.created
        self._runs.begin(made)
        return {"deploymentId": made.id}

    def get_deployment(self, params: Params, _caller: Caller) -> Answer:
        """One deployment."""
        return {"deploymentInfo": views.deployment(self._store.deployment(str(params["deploymentId"])))}

    def batch_get_deployments(self, params: Params, _caller: Caller) -> Answer:
        """Several deployments; unknown ones are left out."""
        names = list(params["deploymentIds"])
        if len(names) > BATCH:
            raise ServiceError("BatchLimitExceededException", f"The maximum number of deployments is {BATCH}.")
        known = self._store.deployments
        return {"deploymentsInfo": [views.deployment(known[name]) for name in names if name in known]}

    def list_deployments(self, params: Params, _caller: Caller) -> Answer:
        """Ids of deployments, newest first."""
        application, group = params.get("applicationName"), params.get("deploymentGroupName")
        if group and not application:
            raise ServiceError("ApplicationNameRequiredException", "Application name is missing")
        if group:
            self._store.group(str(application), str(group))
        wanted = set(params.get("includeOnlyStatuses") or ())
        found = [
            deployment.id
            for deployment in reversed(self._store.deployments.values())
            if (not application or deployment.application == application)
            and (not group or deployment.group == group)
            and (not wanted or deployment.status in wanted)
            and _created_within(deployment, params.get("createTimeRange") or {})
        ]
        try:
            items, more = page(found, params)
        except ServiceError as error:
            raise ServiceError("InvalidNextTokenException", error.message) from error
        return {"deployments": items, **more}

    def continue_deployment(self, params: Params, _caller: Caller) -> Answer:
        """Let traffic shift (READY_WAIT), or the original task set go (TERMINATION_WAIT)."""
        deployment = self._running(params)
        wait = params.get("deploymentWaitType") or "READY_WAIT"
        if wait == "READY_WAIT" and deployment.status == "Ready":
            deployment.traffic_may_shift.set()
        elif wait == "TERMINATION_WAIT" and deployment.waits_for_termination:
            deployment.blue_may_go.set()
        elif wait not in ("READY_WAIT", "TERMINATION_WAIT"):
            raise ServiceError("InvalidDeploymentWaitTypeException", f"There is no deployment wait type {wait}.")
        else:
            message = f"The deployment {deployment.id} does not wait for {wait}; its status is {deployment.status}."
            raise ServiceError("DeploymentIsNotInReadyStateException", message)
        return {}

    def stop_deployment(self, params: Params, _caller: Caller) -> Answer:
        """Stop a deployment. Without ``autoRollbackEnabled``, its rollback configuration says whether it goes back."""
        deployment = self._running(params)
        if deployment.creator == "codeDeployRollback":
            message = f"The deployment {deployment.id} is a rollback, which cannot be stopped."
            raise ServiceError("UnsupportedActionForDeploymentTypeException", message)
        told = params.get("autoRollbackEnabled")
        asked = rolls_back_on(deployment, "DEPLOYMENT_STOP_ON_REQUEST") if told is None else bool(told)
        deployment.stop_rolls_back = asked
        deployment.stop.set()
        return {"status": "Pending", "statusMessage": "The deployment is being stopped."}

    def list_deployment_targets(self, params: Params, _caller: Caller) -> Answer:
        """The one target of a deployment: its ECS service, as ``cluster:service``."""
        return {"targetIds": [self._started(params).target_id]}

    def get_deployment_target(self, params: Params, _caller: Caller) -> Answer:
        """The target of a deployment: its lifecycle events and task sets."""
        deployment = self._started(params)
        return {"deploymentTarget": self._target(deployment, str(params["targetId"]))}

    def batch_get_deployment_targets(self, params: Params, _caller: Caller) -> Answer:
        """Targets of a deployment."""
        deployment, names = self._started(params), list(params["targetIds"])
        if len(names) > TARGETS:
            message = f"The maximum number of targets is {TARGETS}."
            raise ServiceError("DeploymentTargetListSizeExceededException", message)
        return {"deploymentTargets": [self._target(deployment, str(name)) for name in names]}

    def put_lifecycle_event_hook_execution_status(self, params: Params, _caller: Caller) -> Answer:
        """A hook's function says how it went."""
        self._store.deployment(str(params.get("deploymentId") or ""))
        execution = str(params.get("lifecycleEventHookExecutionId") or "")
        status = params.get("status")
        if status not in ("Succeeded", "Failed"):
            message = f"The status of a hook must be Succeeded or Failed, and is {status}."
            raise ServiceError("InvalidLifecycleEventHookExecutionStatusException", message)
        reported = self._store.hooks.get(execution)
        if reported is None:
            message = f"No hook with the execution id {execution} is running."
            raise ServiceError("InvalidLifecycleEventHookExecutionIdException", message)
        if reported.done():
            message = f"The hook with the execution id {execution} has reported its status already."
            raise ServiceError("LifecycleEventAlreadyCompletedException", message)
        reported.set_result(str(status))
        return {"lifecycleEventHookExecutionId": execution}

    def _target(self, deployment: Deployment, name: str) -> Answer:
        if name != deployment.target_id:
            message = f"The deployment {deployment.id} has no target {name}; it has {deployment.target_id}."
            raise ServiceError("DeploymentTargetDoesNotExistException", message)
        return {"deploymentTargetType": "ECSTarget", "ecsTarget": views.target(self._services, deployment)}

    def _started(self, params: Params) -> Deployment:
        deployment = self._store.deployment(str(params["deploymentId"]))
        if deployment.started is None:
            raise ServiceError("DeploymentNotStartedException", f"The deployment {deployment.id} has not started.")
        return deployment

    def _running(self, params: Params) -> Deployment:
        deployment = self._store.deployment(str(params.get("deploymentId") or ""))
        if not deployment.running:
            message = f"The deployment {deployment.id} can't be changed because it is already completed."
            raise ServiceError("DeploymentAlreadyCompletedException", message)
        return deployment


def _created_within(deployment: Deployment, bounds: Params) -> bool:
    start, end = _moment(bounds.get("start")), _moment(bounds.get("end"))
    return (start is None or deployment.created >= start) and (end is None or deployment.created <= end)


def _moment(value: Any) -> datetime | None:  # noqa: ANN401 - seconds since the epoch, or a datetime
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromtimestamp(float(value), UTC)
