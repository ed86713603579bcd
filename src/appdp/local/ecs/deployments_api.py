"""Service deployments and service revisions: list, describe, stop and continue.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html,
API_DescribeServiceDeployments.html, API_DescribeServiceRevisions.html, API_StopServiceDeployment.html and
API_ContinueServiceDeployment.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from appdp.local.ecs import service_views
from appdp.local.ecs.lookup import Lookup, Params, described, page
from appdp.local.ecs.services import Services
from appdp.local.ecs.store import Deployment, Store
from appdp.local.wire import Caller, ServiceError

Answer = dict[str, Any]

DESCRIBE_LIMIT = 20
"""See: API_DescribeServiceDeployments.html and API_DescribeServiceRevisions.html: "a maximum of 20 ARNs"."""


class DeploymentsApi:
    """Operations on service deployments and revisions."""

    def __init__(self, store: Store, services: Services) -> None:
        self._store = store
        self._services = services
        self._find = Lookup(store)

    def list_service_deployments(self, params: Params, caller: Caller) -> Answer:
        """A service's deployments, newest first."""
        service = self._find.service(params, caller)
        wanted = set(params.get("status") or ())
        found = [
            service_views.deployment_brief(deployment)
            for deployment in reversed(service.deployments)
            if (not wanted or deployment.status in wanted)
            and _created_within(deployment, params.get("createdAt") or {})
        ]
        items, more = page(found, params)
        return {"serviceDeployments": items, **more}

    def describe_service_deployments(self, params: Params, caller: Caller) -> Answer:
        """Describe up to twenty service deployments; unknown ones are told as failures."""
        arns = _limited(params["serviceDeploymentArns"], "serviceDeploymentArns")
        found, failures = described(arns, self._store.deployments, partial(service_views.deployment, self._store))
        return {"serviceDeployments": found, "failures": failures}

    def describe_service_revisions(self, params: Params, caller: Caller) -> Answer:
        """Describe up to twenty service revisions; unknown ones are told as failures."""
        arns = _limited(params["serviceRevisionArns"], "serviceRevisionArns")
        found, failures = described(arns, self._store.revisions, service_views.revision)
        return {"serviceRevisions": found, "failures": failures}

    def stop_service_deployment(self, params: Params, caller: Caller) -> Answer:
        """Roll a service deployment back. Only the stop type ROLLBACK exists."""
        if params.get("stopType", "ROLLBACK") != "ROLLBACK":
            raise ServiceError("InvalidParameterException", "The stopType must be ROLLBACK.")
        deployment = self._running(str(params["serviceDeploymentArn"]))
        self._services.stop_deployment(deployment)
        return {"serviceDeploymentArn": deployment.arn}

    def continue_service_deployment(self, params: Params, caller: Caller) -> Answer:
        """Decide a PAUSE hook that awaits action."""
        action = str(params.get("action") or "CONTINUE")
        if action not in ("CONTINUE", "ROLLBACK"):
            raise ServiceError("InvalidParameterException", f"The action must be CONTINUE or ROLLBACK, not {action}.")
        deployment = self._known(str(params["serviceDeploymentArn"]))
        hook = next((detail for detail in deployment.hooks if detail.id == params["hookId"]), None)
        if hook is None or hook.decision is None or hook.decision.done() or hook.status != "AWAITING_ACTION":
            message = f"The hook {params['hookId']} does not await an action."
            raise ServiceError("InvalidParameterException", message)
        hook.status = "SUCCEEDED" if action == "CONTINUE" else "FAILED"
        hook.decision.set_result(action)
        return {"serviceDeploymentArn": deployment.arn}

    def _known(self, arn: str) -> Deployment:
        deployment = self._store.deployments.get(arn)
        if deployment is None:
            raise ServiceError("ServiceDeploymentNotFoundException", "Service deployment not found.")
        return deployment

    def _running(self, arn: str) -> Deployment:
        deployment = self._known(arn)
        if not deployment.running:
            message = f"The service deployment cannot be changed in the state {deployment.status}."
            raise ServiceError("ConflictException", message)
        return deployment


def _limited(arns: list[str], name: str) -> list[str]:
    if len(arns) > DESCRIBE_LIMIT:
        raise ServiceError("InvalidParameterException", f"{name} cannot have more than {DESCRIBE_LIMIT} elements.")
    return arns


def _created_within(deployment: Deployment, bounds: dict[str, Any]) -> bool:
    before, after = _moment(bounds.get("before")), _moment(bounds.get("after"))
    return (before is None or deployment.created_at < before) and (after is None or deployment.created_at > after)


def _moment(value: Any) -> datetime | None:  # noqa: ANN401 - seconds since the epoch, or a datetime
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromtimestamp(float(value), UTC)
