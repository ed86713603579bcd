"""Our own Amazon ECS, as small as it can be while it behaves as AWS documents.

How a service deployment comes about, from the outside in:

``api``, ``*_api``
    The operations, by noun. They check what callers send, find records and answer with views; they decide nothing.
``services``
    Decides whether a change starts a service deployment, and which one replaces which. One scheduler per service, at
    most one service deployment at work.
``run``
    Takes a service deployment from PENDING to its end: forward by its strategy, and back when anything fails.
``rolling``, ``shifting``, ``hooks``
    The strategies, and the lifecycle hooks that hold them. They only say how many tasks of which revision they want,
    and where the traffic goes.
``alarms``
    CloudWatch alarms that send a service deployment back.
``scheduler``
    Makes it so: starts, watches, replaces and stops tasks, and slows down when they keep failing.
``task_sets``, ``controllers``
    Services that CodeDeploy deploys instead: what they consist of, and how they come and go.
``tasks``
    The life of one task, from PROVISIONING to STOPPED.
``containers``
    What runs containers, as a Protocol: Docker, or a play in this process.
``cloudformation``
    The resource types of ECS. A service is created or updated when its service deployment has ended well.

State lives in ``store`` and belongs to the event loop; calls to AWS and to Docker go to threads. Background work is
supervised: a fault of ours ends the service deployment that it hits, with the fault as its reason.

What it does not do: placement on instances, Service Connect, volumes, early success criteria, spread over capacity
providers and zones, scaling policies (they are stored, not acted on), and ECS Exec's sessions (they lead nowhere).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from appdp.local.ecs.alarms import Alarms
from appdp.local.ecs.api import EcsService
from appdp.local.ecs.cloudformation import handlers
from appdp.local.ecs.clusters_api import ClustersApi
from appdp.local.ecs.containers import ContainerRuntime
from appdp.local.ecs.deployments_api import DeploymentsApi
from appdp.local.ecs.exec_api import ExecApi
from appdp.local.ecs.hooks import Hooks
from appdp.local.ecs.images import Images
from appdp.local.ecs.journal import Journal
from appdp.local.ecs.logs import LogDriver
from appdp.local.ecs.scheduler import SchedulerParts
from appdp.local.ecs.services import MINUTE_SECONDS, Services, ServicesParts
from appdp.local.ecs.services_api import ServicesApi
from appdp.local.ecs.store import Store
from appdp.local.ecs.supervision import Calls, Supervisor
from appdp.local.ecs.task_definitions_api import TaskDefinitionsApi
from appdp.local.ecs.task_sets import TaskSets
from appdp.local.ecs.tasks import TaskLife, TaskParts
from appdp.local.ecs.tasks_api import TasksApi
from appdp.local.wire import AwsService, Kernel, LoadBalancing, ResourceHandler

__all__ = ["EcsControl", "EcsParts", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsParts:
    """The embedded ECS: its API, its CloudFormation types by name, and how to start and stop it."""

    service: AwsService
    handlers: Mapping[str, ResourceHandler]
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    control: EcsControl


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsControl:
    """What CodeDeploy uses of ECS."""

    store: Store
    task_sets: TaskSets
    alarms: Alarms
    calls: Calls
    supervisor: Supervisor


def build(kernel: Kernel, load_balancing: LoadBalancing, containers: ContainerRuntime) -> EcsParts:
    """Wire the embedded ECS.

    Args:
        kernel: the embedded AWS around it.
        load_balancing: where tasks are registered, and where traffic is shifted.
        containers: what runs containers. It is closed with the ECS.
    """
    shared = _share(kernel)
    life = _task_life(kernel, load_balancing, containers, shared)
    services = _services(kernel, load_balancing, life, shared)
    api = EcsService(
        ClustersApi(shared.store),
        TaskDefinitionsApi(shared.store),
        ServicesApi(shared.store, services, shared.supervisor),
        DeploymentsApi(shared.store, services),
        TasksApi(shared.store, life, shared.images),
        ExecApi(shared.store),
    )

    async def start() -> None:
        shared.supervisor.spawn(shared.logs.ship, what="log driver")

    async def stop() -> None:
        await shared.supervisor.stop()
        await containers.close()
        shared.calls.close()

    return EcsParts(
        service=api,
        handlers=handlers(api, shared.store, shared.task_sets),
        start=start,
        stop=stop,
        control=EcsControl(
            store=shared.store,
            task_sets=shared.task_sets,
            alarms=shared.alarms,
            calls=shared.calls,
            supervisor=shared.supervisor,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What several parts use."""

    store: Store
    supervisor: Supervisor
    calls: Calls
    journal: Journal
    images: Images
    logs: LogDriver
    alarms: Alarms
    task_sets: TaskSets


def _share(kernel: Kernel) -> _Shared:
    calls = Calls(kernel.clients)
    store, supervisor, journal = Store(), Supervisor(), Journal(kernel.events)
    images = Images(calls, kernel.endpoint)
    return _Shared(
        store=store,
        supervisor=supervisor,
        calls=calls,
        journal=journal,
        images=images,
        logs=LogDriver(calls),
        alarms=Alarms(calls, time_scale=kernel.time_scale, bake_scale=kernel.bake_scale),
        task_sets=TaskSets(store, images, journal, supervisor),
    )


def _task_life(kernel: Kernel, balancing: LoadBalancing, containers: ContainerRuntime, shared: _Shared) -> TaskLife:
    return TaskLife(
        TaskParts(
            containers=containers,
            balancing=balancing,
            addresses=kernel.addresses,
            images=shared.images,
            logs=shared.logs,
            calls=shared.calls,
            journal=shared.journal,
            supervisor=shared.supervisor,
        )
    )


def _services(kernel: Kernel, balancing: LoadBalancing, life: TaskLife, shared: _Shared) -> Services:
    scheduling = SchedulerParts(
        store=shared.store,
        tasks=life,
        balancing=balancing,
        journal=shared.journal,
        time_scale=kernel.time_scale,
    )
    return Services(
        ServicesParts(
            store=shared.store,
            scheduling=scheduling,
            balancing=balancing,
            images=shared.images,
            hooks=Hooks(
                shared.calls,
                shared.journal,
                note=kernel.note_call,
                minute=MINUTE_SECONDS * kernel.bake_scale,
            ),
            alarms=shared.alarms,
            task_sets=shared.task_sets,
            journal=shared.journal,
            supervisor=shared.supervisor,
            bake_scale=kernel.bake_scale,
        )
    )
