"""ECS Exec: a session is opened, and leads nowhere, as there is no Session Manager here.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html
"""

from __future__ import annotations

import secrets
from typing import Any

from appdp.local.ecs import names
from appdp.local.ecs.lookup import Lookup, Params
from appdp.local.ecs.store import Container, Store, Task
from appdp.local.wire import Caller, ServiceError


class ExecApi:
    """The operation of ECS Exec."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._find = Lookup(store)

    def execute_command(self, params: Params, caller: Caller) -> dict[str, Any]:
        """Open a session with a container of a running task that was started for it."""
        cluster = self._find.cluster(params, caller)
        given = str(params["task"])
        arn = given if given.startswith("arn:") else names.arn(caller, f"task/{cluster.name}/{given}")
        task = self._store.task(arn)
        if task is None:
            raise ServiceError("InvalidParameterException", "The task provided in the request was not found.")
        container = _container(task, params.get("container"))
        if not params["interactive"]:
            raise ServiceError("InvalidParameterException", "Interactive is the only mode supported currently.")
        runs = {task.desired_status, task.last_status, container.last_status} == {"RUNNING"}
        if not runs or not task.request.get("enableExecuteCommand"):
            raise ServiceError(
                "InvalidParameterException",
                "The execute command failed because execute command was not enabled when the task was run or the "
                "execute command agent isn't running.",
            )
        session = f"ecs-execute-command-{secrets.token_hex(9)}"
        return {
            "clusterArn": cluster.arn,
            "containerArn": container.arn,
            "containerName": container.name,
            "interactive": True,
            "session": {
                "sessionId": session,
                "streamUrl": f"wss://ssmmessages.{caller.region}.localhost/v1/data-channel/{session}",
                "tokenValue": secrets.token_urlsafe(24),
            },
            "taskArn": task.arn,
        }


def _container(task: Task, name: str | None) -> Container:
    if name is None and len(task.containers) > 1:
        raise ServiceError("InvalidParameterException", "A container name is required: the task has several.")
    found = [container for container in task.containers if name in (None, container.name)]
    if not found:
        raise ServiceError("InvalidParameterException", f"The container {name} was not found in the task.")
    return found[0]
