"""Tasks: list, describe, stop, and run one by hand.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html, API_DescribeTasks.html,
API_StopTask.html and API_RunTask.html
"""

from __future__ import annotations

from typing import Any

from appdp.local.ecs import names, new_tasks, task_views
from appdp.local.ecs.images import Images
from appdp.local.ecs.lookup import Lookup, Params, cluster_arn, page
from appdp.local.ecs.new_tasks import TaskOrder
from appdp.local.ecs.store import Cluster, Store, TaskDefinition
from appdp.local.ecs.tasks import TaskLife
from appdp.local.wire import Caller, ServiceError

Answer = dict[str, Any]

DESCRIBE_LIMIT = 100
"""See: API_DescribeTasks.html: "A list of up to 100 task IDs or full ARN entries"."""

RUN_LIMIT = 10
"""See: API_RunTask.html: "You can specify up to 10 tasks for each call"."""


class TasksApi:
    """Operations on tasks."""

    def __init__(self, store: Store, life: TaskLife, images: Images) -> None:
        self._store = store
        self._life = life
        self._images = images
        self._find = Lookup(store)

    def list_tasks(self, params: Params, caller: Caller) -> Answer:
        """Task ARNs by cluster, service, family, starter and desired status, which is RUNNING unless given."""
        cluster = self._find.cluster(params, caller)
        service = params.get("serviceName")
        if service is not None:
            self._find.service(params, caller, key="serviceName")
        wanted = {
            "desired_status": params.get("desiredStatus") or "RUNNING",
            "started_by": params.get("startedBy"),
            "group": f"service:{names.last(service)}" if service else None,
            "launch_type": params.get("launchType"),
        }
        found = [
            task.arn
            for task in self._store.tasks()
            if task.cluster_arn == cluster.arn
            and all(value is None or getattr(task, name) == value for name, value in wanted.items())
            and params.get("family") in (None, task.definition.family)
        ]
        items, more = page(found, params)
        return {"taskArns": items, **more}

    def describe_tasks(self, params: Params, caller: Caller) -> Answer:
        """Describe up to a hundred tasks; unknown ones are told as failures."""
        cluster = self._find.cluster(params, caller)
        if len(params["tasks"]) > DESCRIBE_LIMIT:
            raise ServiceError("InvalidParameterException", "Tasks cannot have more than 100 elements.")
        found, failures = [], []
        for given in params["tasks"]:
            arn = _task_arn(str(given), cluster, caller)
            task = self._store.task(arn)
            if task is None:
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                self._life.look(task)
                found.append(task_views.task(task))
        return {"tasks": found, "failures": failures}

    def stop_task(self, params: Params, caller: Caller) -> Answer:
        """Stop a task. A service replaces it."""
        arn = _task_arn(str(params["task"]), self._find.cluster(params, caller), caller)
        task = self._store.task(arn)
        if task is None:
            raise ServiceError("InvalidParameterException", "The referenced task was not found.")
        self._life.stop(task, code="UserInitiated", reason=str(params.get("reason") or "Task stopped by user"))
        return {"task": task_views.task(task)}

    async def run_task(self, params: Params, caller: Caller) -> Answer:
        """Run tasks that belong to no service. ``clientToken`` gives back the tasks that it started before.

        See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
        """
        cluster = self._find.cluster({"cluster": cluster_arn(params.get("cluster"), caller)}, caller)
        count = int(params.get("count") or 1)
        if count > RUN_LIMIT:
            raise ServiceError("InvalidParameterException", "Count cannot be greater than 10.")
        token = params.get("clientToken")
        known = [
            task
            for task in self._store.tasks()
            if token and task.request.get("clientToken") == token and task.cluster_arn == cluster.arn
        ]
        if known:
            _check_same_request(known[0].request, params)
            return {"tasks": [task_views.task(task) for task in known], "failures": []}
        definition = self._find.definition(str(params["taskDefinition"]), caller, active=True)
        _check_overrides(definition, params)
        digests = await self._images.digests(definition, caller)
        order = TaskOrder(
            cluster=cluster,
            caller=caller,
            definition=definition,
            group=str(params.get("group") or f"family:{definition.family}"),
            started_by=str(params.get("startedBy") or ""),
            launch_type=str(params.get("launchType") or "FARGATE"),
            digests=digests,
            request=dict(params),
        )
        tasks = [new_tasks.add(self._store, order) for _ in range(count)]
        for task in tasks:
            self._life.begin(task, _nobody)
        return {"tasks": [task_views.task(task) for task in tasks], "failures": []}


def _task_arn(given: str, cluster: Cluster, caller: Caller) -> str:
    return given if given.startswith("arn:") else names.arn(caller, f"task/{cluster.name}/{given}")


def _check_same_request(first: Params, again: Params) -> None:
    if dict(first) != dict(again):
        message = "The provided clientToken is already in use with a different RunTask request."
        raise ServiceError("ConflictException", message)


def _check_overrides(definition: TaskDefinition, params: Params) -> None:
    known = {container["name"] for container in definition.containers}
    for override in (params.get("overrides") or {}).get("containerOverrides") or ():
        if override.get("name") not in known:
            message = f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
            raise ServiceError("InvalidParameterException", message)


def _nobody() -> None:
    """Nobody waits for changes of a task that has no service."""
