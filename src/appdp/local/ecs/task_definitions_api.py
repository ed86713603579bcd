"""Task definitions, kept as they came: fields that no SDK knows yet survive registering and describing.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from __future__ import annotations

from typing import Any

from appdp.local.ecs import fargate, names
from appdp.local.ecs.lookup import Lookup, Params, page, tag_list, tags
from appdp.local.ecs.store import Store, TaskDefinition
from appdp.local.wire import Caller, ServiceError

Answer = dict[str, Any]

_LISTS = ("volumes", "placementConstraints")
_CONTAINER_LISTS = ("environment", "mountPoints", "portMappings", "volumesFrom", "systemControls")


class TaskDefinitionsApi:
    """Operations on task definitions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._find = Lookup(store)

    def register_task_definition(self, params: Params, caller: Caller) -> Answer:
        """Register the next revision of a family."""
        family = str(params["family"])
        if not params.get("containerDefinitions"):
            raise ServiceError("ClientException", "Container list cannot be empty.")
        _check_containers(list(params["containerDefinitions"]))
        fargate.check_definition(params)
        known = self._find.family(family, caller)
        revision = known[-1].revision + 1 if known else 1
        arn = names.arn(caller, f"task-definition/{family}:{revision}")
        record = TaskDefinition(
            arn=arn,
            family=family,
            revision=revision,
            raw=_with_defaults({key: value for key, value in params.items() if key != "tags"}),
            registered_at=names.now(),
            registered_by=f"arn:aws:iam::{caller.account}:root",
            tags=tags(params),
        )
        self._store.definitions[arn] = record
        return {"taskDefinition": view(record), "tags": tag_list(record.tags)}

    def describe_task_definition(self, params: Params, caller: Caller) -> Answer:
        """Describe one; its tags only when they are asked for."""
        record = self._find.definition(str(params["taskDefinition"]), caller)
        answer: Answer = {"taskDefinition": view(record)}
        return answer | ({"tags": tag_list(record.tags)} if "TAGS" in (params.get("include") or ()) else {})

    def deregister_task_definition(self, params: Params, caller: Caller) -> Answer:
        """Make one INACTIVE. Services and tasks that use it go on."""
        record = self._find.definition(str(params["taskDefinition"]), caller)
        record.status = "INACTIVE"
        record.deregistered_at = names.now()
        return {"taskDefinition": view(record)}

    def list_task_definitions(self, params: Params, caller: Caller) -> Answer:
        """ARNs by family, status and order."""
        wanted = str(params.get("status") or "ACTIVE")
        prefix = str(params.get("familyPrefix") or "")
        mine = names.arn(caller, "task-definition/")
        found = [
            item
            for item in self._store.definitions.values()
            if item.status == wanted and item.arn.startswith(mine) and prefix in ("", item.family)
        ]
        found.sort(key=lambda item: (item.family, item.revision), reverse=params.get("sort") == "DESC")
        items, more = page([item.arn for item in found], params)
        return {"taskDefinitionArns": items, **more}

    def list_task_definition_families(self, params: Params, caller: Caller) -> Answer:
        """Families that have an ACTIVE revision, unless another status is asked for."""
        wanted = str(params.get("status") or "ACTIVE")
        prefix = str(params.get("familyPrefix") or "")
        mine = names.arn(caller, "task-definition/")
        statuses: dict[str, set[str]] = {}
        for item in self._store.definitions.values():
            if item.arn.startswith(mine) and item.family.startswith(prefix):
                statuses.setdefault(item.family, set()).add(item.status)
        families = [
            family for family, has in statuses.items() if wanted == "ALL" or (wanted == "ACTIVE") == ("ACTIVE" in has)
        ]
        items, more = page(sorted(families), params)
        return {"families": items, **more}

    def delete_task_definitions(self, params: Params, caller: Caller) -> Answer:
        """Delete INACTIVE revisions."""
        deleted, failures = [], []
        for reference in params["taskDefinitions"]:
            record = self._find.definition(str(reference), caller)
            if record.status == "ACTIVE":
                failures.append(
                    {"arn": record.arn, "reason": "The specified task definition is still in ACTIVE status."}
                )
                continue
            record.status = "DELETE_IN_PROGRESS"
            deleted.append(view(record))
            del self._store.definitions[record.arn]
        return {"taskDefinitions": deleted, "failures": failures}


def view(record: TaskDefinition) -> Answer:
    """One task definition, as DescribeTaskDefinition has it."""
    answer: Answer = {
        **record.raw,
        "taskDefinitionArn": record.arn,
        "family": record.family,
        "revision": record.revision,
        "status": record.status,
        "registeredAt": record.registered_at,
        "registeredBy": record.registered_by,
        "compatibilities": ["EC2", "FARGATE"],
        "requiresAttributes": [],
    }
    return answer | ({"deregisteredAt": record.deregistered_at} if record.deregistered_at else {})


def _with_defaults(raw: dict[str, Any]) -> dict[str, Any]:
    """What ECS adds to a registered task definition."""
    filled = {name: raw.get(name) or [] for name in _LISTS}
    containers = [
        {
            "cpu": 0,
            "essential": True,
            **{name: [] for name in _CONTAINER_LISTS},
            **{key: value for key, value in container.items() if value is not None},
        }
        for container in raw["containerDefinitions"]
    ]
    for container in containers:
        container["portMappings"] = [
            {"hostPort": port.get("containerPort"), "protocol": "tcp", **port} for port in container["portMappings"]
        ]
    return {**raw, **filled, "containerDefinitions": containers}


def _check_containers(containers: list[dict[str, Any]]) -> None:
    named = [container.get("name") for container in containers]
    if len(set(named)) != len(named) or None in named:
        raise ServiceError("ClientException", "Container names must be given and differ within a task definition.")
    if not any(container.get("essential", True) for container in containers):
        raise ServiceError("ClientException", "A task definition must have at least one essential container.")
    for container in containers:
        if not container.get("image"):
            raise ServiceError("ClientException", "Container.image should not be null or empty.")
