"""The services that we serve ourselves, put together: load balancing, ECS and its containers, CodeDeploy, pipelines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from appdp.local import codedeploy, ecs, elb, ministack_patches, ministack_process, network_resources, pipeline
from appdp.local.cloudformation import Bridge
from appdp.local.codedeploy import CodeDeployParts
from appdp.local.ecs import EcsParts
from appdp.local.ecs.containers import ContainerRuntime
from appdp.local.ecs.simulated_runtime import SimulatedRuntime
from appdp.local.elb import ElbParts
from appdp.local.front import Front
from appdp.local.pipeline import PipelineParts
from appdp.local.recorded_resources import RecordedResources
from appdp.local.schedules import Schedules
from appdp.local.simulated_images import SimulatedImages
from appdp.local.wire import Kernel, ResourceHandler

_LOG = logging.getLogger(__name__)
_Part = ElbParts | EcsParts | CodeDeployParts | PipelineParts


class Parts:
    """Our own services.

    Args:
        kernel: what they are given.
        docker: the Docker daemon's address; None runs no containers.
        repositories: ``owner/name`` on GitHub → the git repository on this machine that stands for it.
    """

    def __init__(self, kernel: Kernel, *, docker: str | None, repositories: Mapping[str, str]) -> None:
        self._kernel = kernel
        self._docker = docker
        self._repositories = repositories
        self._started: list[_Part | Schedules] = []

    @property
    def mode(self) -> str:
        """``docker``, or ``control-plane`` when no containers run."""
        return "docker" if self._docker else "control-plane"

    async def start(self, front: Front) -> None:
        """Build, start and mount them, and put their resource types into CloudFormation."""
        recorded = RecordedResources()
        bridge = Bridge(asyncio.get_running_loop(), ministack_process.current_caller)
        front.page("listeners", dict)
        front.page("unsimulated", recorded.page)
        _register(bridge, network_resources.handlers(self._kernel.clients), keep=True)
        _register(bridge, recorded.handlers(), keep=True)
        balancing = elb.build(self._kernel)
        front.page("listeners", balancing.listeners)
        await self._mount(front, bridge, balancing)
        containers = ecs.build(self._kernel, balancing.load_balancing, self._containers())
        await self._mount(front, bridge, containers)
        deploying = codedeploy.build(self._kernel, balancing.load_balancing, containers.control)
        await self._mount(front, bridge, deploying)
        front.calls.deployment_group = deploying.group_of
        await self._mount(
            front, bridge, pipeline.build(self._kernel, docker=self._docker, repositories=self._repositories)
        )
        schedules = Schedules(self._kernel)
        self._started.append(schedules)
        await schedules.start()
        _register(bridge, schedules.handlers)

    def _containers(self) -> ContainerRuntime:
        if self._docker is None:
            return SimulatedRuntime(SimulatedImages(self._kernel.endpoint).behaviour)
        from appdp.local.ecs.docker_runtime import DockerRuntime  # so that the control plane alone needs no Docker SDK

        return DockerRuntime(self._kernel.instance, self._docker)

    async def stop(self) -> None:
        """Stop them, last started first; one that fails does not keep the others from stopping."""
        for part in reversed(self._started):
            try:
                await part.stop()
            except Exception:  # noqa: BLE001 - the rest must still be stopped
                _LOG.exception("A service did not stop")

    async def _mount(self, front: Front, bridge: Bridge, part: _Part) -> None:
        self._started.append(part)
        await part.start()
        front.mount(part.service)
        _register(bridge, part.handlers)


def _register(bridge: Bridge, handlers: Mapping[str, ResourceHandler], *, keep: bool = False) -> None:
    ministack_patches.register_types({name: bridge.functions(handler) for name, handler in handlers.items()}, keep=keep)
