"""CreateService, UpdateService, DeleteService, DescribeServices and ListServices.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
"""

from __future__ import annotations

from typing import Any

from appdp.local.ecs import controllers, names, service_checks, service_views, task_set_views
from appdp.local.ecs.lookup import Lookup, Params, page, tags
from appdp.local.ecs.services import Services, merged
from appdp.local.ecs.store import Service, Store
from appdp.local.ecs.supervision import Supervisor
from appdp.local.wire import Caller, ServiceError

Answer = dict[str, Any]

DESCRIBE_LIMIT = 10
"""See: API_DescribeServices.html: "You may specify up to 10 services"."""

_NOT_PROPERTIES = ("cluster", "serviceName", "taskDefinition", "desiredCount", "clientToken", "tags")


class ServicesApi:
    """Operations on services."""

    def __init__(self, store: Store, services: Services, supervisor: Supervisor) -> None:
        self._store = store
        self._services = services
        self._supervisor = supervisor
        self._find = Lookup(store)

    def create_service(self, params: Params, caller: Caller) -> Answer:
        """Create a service, which starts its first service deployment."""
        cluster = self._find.cluster(params, caller)
        name = str(params["serviceName"])
        arn = names.arn(caller, f"service/{cluster.name}/{name}")
        existing = self._store.services.get(arn)
        if existing is not None and existing.status != "INACTIVE":
            raise ServiceError("InvalidParameterException", "Creation of service was not idempotent.")
        definition = self._find.definition(str(params.get("taskDefinition") or ""), caller, active=True)
        service_checks.check(params, definition)
        service = Service(
            arn=arn,
            name=name,
            cluster=cluster,
            caller=caller,
            definition=definition,
            properties={k: v for k, v in params.items() if k not in _NOT_PROPERTIES and v is not None},
            desired=int(params.get("desiredCount") or 0),
            created_at=names.now(),
            tags=tags(params),
        )
        self._services.create(service)
        return {"service": self._view(service, with_tags=True)}

    def update_service(self, params: Params, caller: Caller) -> Answer:
        """Change a service."""
        service = self._active(params, caller)
        controllers.check_update(service, params)
        params = controllers.completed(service, params)
        reference = params.get("taskDefinition")
        definition = self._find.definition(str(reference), caller) if reference else None
        if definition is not None and definition is not service.definition and definition.status != "ACTIVE":
            raise ServiceError("ClientException", f"TaskDefinition is inactive: {definition.arn}")
        service_checks.check(merged(service.properties, params), definition or service.definition)
        self._services.update(service, params, definition)
        return {"service": self._view(service)}

    def delete_service(self, params: Params, caller: Caller) -> Answer:
        """Drain a service and delete it, in the background."""
        service = self._active(params, caller)
        if service.desired > 0 and not params.get("force"):
            message = "The service cannot be stopped while it is scaled above 0."
            raise ServiceError("InvalidParameterException", message)
        self._supervisor.spawn(lambda: self._services.delete(service), what=f"deletion of {service.name}")
        service.status = "DRAINING"
        return {"service": self._view(service)}

    def describe_services(self, params: Params, caller: Caller) -> Answer:
        """Describe up to ten services; unknown ones are told as failures."""
        wanted = list(params["services"])
        if len(wanted) > DESCRIBE_LIMIT:
            raise ServiceError("InvalidParameterException", "Services cannot have more than 10 elements.")
        found, failures = [], []
        for name in wanted:
            service = self._find.service_or_none(str(name), params, caller)
            if service is None:
                arn = name if name.startswith("arn:") else self._arn(name, params, caller)
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                with_tags = "TAGS" in (params.get("include") or ())
                found.append(self._view(service, with_tags=with_tags))
        return {"services": found, "failures": failures}

    def list_services(self, params: Params, caller: Caller) -> Answer:
        """ARNs of a cluster's services."""
        cluster = self._find.cluster(params, caller)
        arns = [s.arn for s in self._store.services.values() if s.cluster is cluster and s.status != "INACTIVE"]
        items, more = page(arns, {"maxResults": 10, **params})
        return {"serviceArns": items, **more}

    def _view(self, service: Service, *, with_tags: bool = False) -> Answer:
        view = service_views.service(self._store, service, with_tags=with_tags)
        return view | task_set_views.overlay(self._store, service) if service.by_code_deploy else view

    def _active(self, params: Params, caller: Caller) -> Service:
        service = self._find.service(params, caller)
        if service.status != "ACTIVE":
            raise ServiceError("ServiceNotActiveException", "Service was not ACTIVE.")
        return service

    def _arn(self, name: str, params: Params, caller: Caller) -> str:
        return names.arn(caller, f"service/{self._find.cluster(params, caller).name}/{name}")
