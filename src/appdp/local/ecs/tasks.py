"""The life of a task: PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING, DEPROVISIONING, STOPPED.

One coroutine per task. Nothing cancels it: whoever wants the task gone calls :meth:`TaskLife.stop`, which says why, and
the coroutine takes the task down in order: out of the load balancer first, then SIGTERM, then the containers go.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from appdp.local.ecs import names, orders, secret_values
from appdp.local.ecs.containers import ContainerOrder, ContainerRuntime, PullFailure, StartFailure
from appdp.local.ecs.images import Images
from appdp.local.ecs.journal import Journal
from appdp.local.ecs.logs import LogDriver, LogFailure, LogStream
from appdp.local.ecs.store import Container, Task
from appdp.local.ecs.supervision import Calls, Supervisor
from appdp.local.wire import AddressBook, LoadBalancing

ESSENTIAL_EXITED = "Essential container in task exited"


class _NotStarted(Exception):
    """The task could not be started; the text is its stopped reason."""


class _StopAsked(Exception):
    """Somebody wants the task gone while it is still coming up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskParts:
    """What a task's life touches."""

    containers: ContainerRuntime
    balancing: LoadBalancing
    addresses: AddressBook
    images: Images
    logs: LogDriver
    calls: Calls
    journal: Journal
    supervisor: Supervisor


class TaskLife:
    """Brings tasks up and takes them down."""

    def __init__(self, parts: TaskParts) -> None:
        self._parts = parts
        self._streams: dict[str, list[LogStream]] = {}

    def begin(self, task: Task, changed: Callable[[], None]) -> None:
        """Start a task's life. ``changed`` is called each time its status changes."""
        self._parts.supervisor.spawn(
            lambda: self._live(task, changed),
            what=f"task {task.id}",
            crashed=lambda error: _lost(task, changed, error),
        )

    def stop(self, task: Task, *, code: str, reason: str) -> None:
        """Want a task gone; the first to say so says why."""
        if task.stop.is_set():
            return
        task.desired_status = "STOPPED"
        task.stop_code = code
        task.stopped_reason = reason
        task.stop.set()

    def look(self, task: Task) -> None:
        """Bring the health of a task's containers up to date."""
        for container in task.containers:
            if container.runtime_id and "healthCheck" in container.definition and task.desired_status == "RUNNING":
                container.health = self._parts.containers.health(container.runtime_id)

    async def _live(self, task: Task, changed: Callable[[], None]) -> None:
        def reach(status: str, *times: str) -> None:
            task.last_status = status
            task.version += 1
            task.times |= {name: names.now() for name in times}
            self._parts.journal.task(task)
            changed()

        self._streams[task.id] = []
        try:
            await self._come_up(task, reach)
            await task.stop.wait()
        except _NotStarted as failure:
            self.stop(task, code="TaskFailedToStart", reason=str(failure))
        except _StopAsked:
            pass
        await self._go_down(task, reach)

    async def _come_up(self, task: Task, reach: Callable[..., None]) -> None:
        reach("PENDING", "pullStartedAt")
        await self._pull(task)
        task.times["pullStoppedAt"] = names.now()
        by_name = {container.name: container for container in task.containers}
        owner = orders.network_owner(task.definition.containers)
        for definition in orders.in_start_order(task.definition.containers):
            await self._dependencies(task, definition, by_name)
            _still_wanted(task)
            await self._start(task, by_name[definition["name"]], by_name[owner])
        reach("ACTIVATING", "connectivityAt")
        _still_wanted(task)
        for target in task.revision.targets if task.revision else ():
            self._parts.balancing.register(target.group, task.address, target.port)
        task.running_since = asyncio.get_running_loop().time()
        reach("RUNNING", "startedAt")

    async def _pull(self, task: Task) -> None:
        for container in task.containers:
            reference = self._parts.images.pull_reference(container.image, container.digest)
            try:
                await self._parts.containers.pull(reference)
            except PullFailure as failure:
                raise _NotStarted(
                    f"CannotPullContainerError: pull image manifest has been retried 1 time(s): {failure}"
                ) from failure
            _still_wanted(task)

    async def _start(self, task: Task, container: Container, owner: Container) -> None:
        order = await self._order(task, container, owner)
        try:
            started = await self._parts.containers.start(order)
        except StartFailure as failure:
            container.reason = f"CannotStartContainerError: {failure}"
            raise _NotStarted(container.reason) from failure
        container.runtime_id = started.id
        container.last_status = "RUNNING"
        for port, address in started.addresses.items():
            self._parts.addresses.publish(task.address, port, address)
        self._parts.supervisor.spawn(
            lambda: self._watch(task, container, started.id), what=f"container {container.name} of task {task.id}"
        )

    async def _order(self, task: Task, container: Container, owner: Container) -> ContainerOrder:
        definition = container.definition
        try:
            stream = await self._parts.logs.open(definition, task.id, task.caller)
            secrets = await secret_values.read(definition, self._parts.calls, task.caller)
        except (LogFailure, secret_values.SecretFailure) as failure:
            raise _NotStarted(str(failure)) from failure
        if stream is not None:
            self._streams[task.id].append(stream)
        override = _override(task, container.name)
        owns = container is owner
        base = ContainerOrder(
            task=task.id,
            service=task.group.rpartition(":")[2],
            name=container.name,
            image=self._parts.images.pull_reference(container.image, container.digest),
            environment=orders.environment(definition, override, secrets),
            publish=orders.ports(task.definition.containers) if owns else (),
            network_of=None if owns else owner.runtime_id,
            on_line=stream.add if stream else None,
        )
        return orders.order(definition, override, base)

    async def _dependencies(self, task: Task, definition: Mapping[str, Any], by_name: Mapping[str, Container]) -> None:
        for dependency in definition.get("dependsOn") or ():
            container = by_name[dependency["containerName"]]
            while not _satisfied(container, str(dependency.get("condition", "START")), self._parts.containers):
                _still_wanted(task)
                await asyncio.sleep(0.05)

    async def _watch(self, task: Task, container: Container, runtime_id: str) -> None:
        ended = await self._parts.containers.wait(runtime_id)
        container.exit_code = ended.code
        container.reason = ended.reason or container.reason
        container.last_status = "STOPPED"
        if container.essential:
            self.stop(task, code="EssentialContainerExited", reason=ESSENTIAL_EXITED)

    async def _go_down(self, task: Task, reach: Callable[..., None]) -> None:
        task.desired_status = "STOPPED"
        targets = task.revision.targets if task.revision and task.running_since else ()
        if targets:
            reach("DEACTIVATING", "stoppingAt")
            drain = self._parts.balancing.deregister
            await asyncio.gather(*(drain(target.group, task.address, target.port) for target in targets))
        reach("STOPPING", *(() if targets else ("stoppingAt",)))
        await asyncio.gather(*(self._end(container) for container in task.containers))
        reach("DEPROVISIONING", "executionStoppedAt")
        self._parts.addresses.withdraw(task.address)
        await asyncio.gather(*(self._parts.logs.close(stream) for stream in self._streams.pop(task.id, [])))
        for container in task.containers:
            if container.runtime_id:
                await self._parts.containers.remove(container.runtime_id)
        task.times["stoppedAt"] = names.now()
        task.ended.set()
        reach("STOPPED")

    async def _end(self, container: Container) -> None:
        if container.runtime_id is not None:
            container.health = self._parts.containers.health(container.runtime_id)
            await self._parts.containers.stop(container.runtime_id, orders.stop_timeout(container.definition))
            ended = await self._parts.containers.wait(container.runtime_id)
            container.exit_code = ended.code
            container.reason = ended.reason or container.reason
        container.last_status = "STOPPED"


def _lost(task: Task, changed: Callable[[], None], error: Exception) -> None:
    """A fault of ours: the task is over, and says so."""
    task.desired_status = task.last_status = "STOPPED"
    task.stop_code = "TaskFailedToStart"
    task.stopped_reason = f"The embedded ECS failed: {error!r}"
    task.times.setdefault("stoppedAt", names.now())
    task.stop.set()
    task.ended.set()
    changed()


def _still_wanted(task: Task) -> None:
    if task.stop.is_set():
        raise _StopAsked


def _override(task: Task, container: str) -> Mapping[str, Any]:
    overrides = task.request.get("overrides", {}).get("containerOverrides", [])
    return next((item for item in overrides if item.get("name") == container), {})


def _satisfied(container: Container, condition: str, runtime: ContainerRuntime) -> bool:
    if container.runtime_id is None:
        return False
    match condition:
        case "COMPLETE":
            return container.exit_code is not None
        case "SUCCESS":
            return container.exit_code == 0
        case "HEALTHY":
            return runtime.health(container.runtime_id) == "HEALTHY"
        case _:
            return True
