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
``scheduler``
    Makes it so: starts, watches, replaces and stops tasks, and slows down when they keep failing.
``tasks``
    The life of one task, from PROVISIONING to STOPPED.
``containers``
    What runs containers, as a Protocol: Docker, or a play in this process.
``cloudformation``
    The resource types of ECS. A service is created or updated when its service deployment has ended well.

State lives in ``store`` and belongs to the event loop; calls to AWS and to Docker go to threads. Background work is
supervised: a fault of ours ends the service deployment that it hits, with the fault as its reason.

What it does not do: placement on instances, Service Connect, volumes, CloudWatch alarms as a reason to roll back, early
success criteria, spread over capacity providers and zones, and scaling policies (they are stored, not acted on).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from appdp.local.ecs.api import EcsService
from appdp.local.ecs.cloudformation import handlers
from appdp.local.ecs.clusters_api import ClustersApi
from appdp.local.ecs.containers import ContainerRuntime
from appdp.local.ecs.deployments_api import DeploymentsApi
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
from appdp.local.ecs.tasks import TaskLife, TaskParts
from appdp.local.ecs.tasks_api import TasksApi
from appdp.local.wire import AwsService, Kernel, LoadBalancing, ResourceHandler

__all__ = ["EcsParts", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsParts:
    """The embedded ECS: its API, its CloudFormation types by name, and how to start and stop it."""

    service: AwsService
    handlers: Mapping[str, ResourceHandler]
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]


def build(kernel: Kernel, load_balancing: LoadBalancing, containers: ContainerRuntime) -> EcsParts:
    """Wire the embedded ECS.

    Args:
        kernel: the embedded AWS around it.
        load_balancing: where tasks are registered, and where traffic is shifted.
        containers: what runs containers. It is closed with the ECS.
    """
    store = Store()
    supervisor = Supervisor()
    calls = Calls(kernel.clients)
    journal = Journal(kernel.events)
    images = Images(calls, kernel.endpoint)
    logs = LogDriver(calls)
    life = TaskLife(
        TaskParts(
            containers=containers,
            balancing=load_balancing,
            addresses=kernel.addresses,
            images=images,
            logs=logs,
            calls=calls,
            journal=journal,
            supervisor=supervisor,
        )
    )
    scheduling = SchedulerParts(
        store=store,
        tasks=life,
        balancing=load_balancing,
        journal=journal,
        time_scale=kernel.time_scale,
    )
    services = Services(
        ServicesParts(
            store=store,
            scheduling=scheduling,
            balancing=load_balancing,
            images=images,
            hooks=Hooks(calls, journal, minute=MINUTE_SECONDS * kernel.bake_scale),
            journal=journal,
            supervisor=supervisor,
            bake_scale=kernel.bake_scale,
        )
    )
    api = EcsService(
        ClustersApi(store),
        TaskDefinitionsApi(store),
        ServicesApi(store, services, supervisor),
        DeploymentsApi(store, services),
        TasksApi(store, life, images),
    )

    async def start() -> None:
        supervisor.spawn(logs.ship, what="log driver")

    async def stop() -> None:
        await supervisor.stop()
        await containers.close()
        calls.close()

    return EcsParts(service=api, handlers=handlers(api, store), start=start, stop=stop)
