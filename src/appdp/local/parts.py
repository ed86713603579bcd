"""The services that we serve ourselves, put together: load balancing, ECS and what runs its containers."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from typing import Any

from appdp.local.front import Front
from appdp.local.wire import Kernel, ResourceHandler

_LOG = logging.getLogger(__name__)


class Parts:
    """Our own services.

    Args:
        kernel: what they are given.
        docker: the Docker daemon's address; None runs no containers.
    """

    def __init__(self, kernel: Kernel, *, docker: str | None) -> None:
        self._kernel = kernel
        self._docker = docker
        self._started: list[Any] = []

    @property
    def mode(self) -> str:
        """``docker``, or ``control-plane`` when no containers run."""
        return "docker" if self._docker else "control-plane"

    async def start(self, front: Front) -> None:
        """Build, start and mount them."""
        handlers: dict[str, ResourceHandler] = {}
        front.page("listeners", dict)
        module = importlib.import_module("appdp.local.elb")
        if not hasattr(module, "build"):
            return
        balancing = module.build(self._kernel)
        front.page("listeners", balancing.listeners)
        await self._mount(front, balancing, handlers)

    async def stop(self) -> None:
        """Stop them, last started first; one that fails does not keep the others from stopping."""
        for part in reversed(self._started):
            try:
                await part.stop()
            except Exception:  # noqa: BLE001 - the rest must still be stopped
                _LOG.exception("A service did not stop")

    async def _mount(self, front: Front, part: Any, handlers: dict[str, ResourceHandler]) -> None:  # noqa: ANN401
        self._started.append(part)
        await part.start()
        front.mount(part.service)
        handlers.update(part.handlers)
