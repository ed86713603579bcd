"""Real containers, through the Docker daemon that this machine's environment names.

Calls run in a bounded pool of threads. One more thread reads the daemon's events, so that exits and health changes
arrive by themselves; each container whose log somebody reads has a thread that follows it.

Ports are published on 127.0.0.1 only, with a number that Docker chooses, so this works the same with Docker Desktop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from appdp.local.ecs.containers import ContainerOrder, Exit, PullFailure, Started, StartFailure
from appdp.local.ecs.docker_options import INSTANCE_LABEL, create_options
from appdp.local.roles import REGISTRY_PASSWORD, REGISTRY_USER
from appdp.local.wire import Address

_LOG = logging.getLogger(__name__)

CALLS_AT_ONCE = 8
LOG_DRAIN_SECONDS = 15.0
"""How long the end of a container waits for its last log lines, which Docker sends by themselves."""
CLOSE_SECONDS = 5.0

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"

Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Running:
    """What is known of one container."""

    ended: asyncio.Future[Exit]
    health: str = "UNKNOWN"
    out_of_memory: bool = False
    dying: asyncio.Task[None] | None = None
    log_ended: asyncio.Event = field(default_factory=asyncio.Event)


class DockerRuntime:
    """Runs containers with Docker. Images that it pulled go when it closes.

    Args:
        instance: id of this embedded AWS; every container carries it as the label ``appdp.local.instance``.
        daemon: the Docker daemon's address; by default the one that the environment names.
    """

    def __init__(self, instance: str, daemon: str | None = None) -> None:
        self._instance = instance
        self._client = _client(daemon)
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="docker")
        self._known: dict[str, _Running] = {}
        self._pulls: dict[str, asyncio.Task[None]] = {}
        self._pulled: set[str] = set()
        self._closing = False
        self._events: Any = None
        self._listening = asyncio.Lock()

    async def pull(self, image: str) -> None:
        """Pull from a registry on this machine always; any other image only when the daemon does not have it."""
        if image not in self._pulls:
            self._pulls[image] = asyncio.create_task(self._call(self._pull, image))
            self._pulls[image].add_done_callback(lambda _done: self._pulls.pop(image, None))
        await asyncio.shield(self._pulls[image])

    async def start(self, order: ContainerOrder) -> Started:
        """Create, start, and find out where its ports are published."""
        await self._listen()
        container = await self._call(self._create, order)
        ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        running = _Running(ended)
        self._known[str(container.id)] = running
        try:
            addresses = await self._call(_begin, container, order)
        except StartFailure:
            await self.remove(str(container.id))
            raise
        self._follow(container, order, running)
        return Started(id=str(container.id), addresses=addresses)

    async def wait(self, container: str) -> Exit:
        """Return when the daemon said that it died."""
        return await asyncio.shield(self._known[container].ended)

    def health(self, container: str) -> str:
        """As the daemon last said."""
        known = self._known.get(container)
        return known.health if known else "UNKNOWN"

    async def stop(self, container: str, timeout_seconds: float) -> None:
        """SIGTERM, wait, SIGKILL; no thread is held meanwhile."""
        known = self._known.get(container)
        if known is None or known.ended.done():
            return
        await self._signal(container, "SIGTERM")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await asyncio.shield(known.ended)
        if not known.ended.done():
            await self._signal(container, "SIGKILL")
            await asyncio.shield(known.ended)

    async def remove(self, container: str) -> None:
        """Remove it with its anonymous volumes."""
        known = self._known.pop(container, None)
        await self._call(self._remove, container)
        if known is not None and not known.ended.done():
            known.ended.set_result(Exit(code=137))

    async def close(self) -> None:
        """Remove every container of this instance and what it pulled, and let the threads go."""
        self._closing = True
        found = await self._call(self._mine)
        await asyncio.gather(*(self.remove(container) for container in found))
        await asyncio.gather(*(self._call(self._forget, image) for image in tuple(self._pulled)))
        self._threads.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.to_thread(self._remove_late_ones)
        if self._events is not None:
            self._events.close()
        self._client.close()

    async def _call(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _pull(self, image: str) -> None:
        try:
            login = None
            if image.startswith("localhost:"):
                login = {"username": REGISTRY_USER, "password": REGISTRY_PASSWORD}
            else:
                with contextlib.suppress(ImageNotFound):
                    self._client.images.get(image)
                    return
            self._client.images.pull(image, auth_config=login)
            self._pulled.add(image)
        except (DockerException, requests.RequestException) as error:
            raise PullFailure(_text(error)) from error

    def _forget(self, image: str) -> None:
        with contextlib.suppress(APIError):
            self._client.images.remove(image)

    def _remove_late_ones(self) -> None:
        """Remove what a call that was under way created meanwhile."""
        self._threads.shutdown(wait=True)
        for container in self._mine():
            self._remove(container)

    def _create(self, order: ContainerOrder) -> Container:
        if self._closing:
            raise StartFailure("the embedded AWS is stopping")
        try:
            return self._client.containers.create(**create_options(order, self._instance))
        except (DockerException, requests.RequestException) as error:
            raise StartFailure(_text(error)) from error

    def _remove(self, container: str) -> None:
        with contextlib.suppress(NotFound):
            try:
                self._client.api.remove_container(container, force=True, v=True)
            except APIError as error:
                if error.status_code != requests.codes.conflict:
                    raise

    def _mine(self) -> list[str]:
        found = self._client.containers.list(
            all=True, ignore_removed=True, filters={"label": f"{INSTANCE_LABEL}={self._instance}"}
        )
        return [str(container.id) for container in found]

    async def _signal(self, container: str, name: str) -> None:
        def send() -> None:
            with contextlib.suppress(APIError):
                self._client.api.kill(container, name)

        await self._call(send)

    async def _listen(self) -> None:
        """Start to read the daemon's events, before the first container can die."""
        async with self._listening:
            if self._events is not None:
                return
            loop = asyncio.get_running_loop()
            self._events = await self._call(self._subscribe)
        threading.Thread(target=self._read_events, args=(loop,), name="docker-events", daemon=True).start()

    def _subscribe(self) -> Any:  # noqa: ANN401 - the SDK's stream has no type
        filters = {"type": "container", "label": f"{INSTANCE_LABEL}={self._instance}"}
        return self._client.events(decode=True, filters=filters)

    def _read_events(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            for event in self._events:
                loop.call_soon_threadsafe(self._heard, event)
        except (requests.RequestException, OSError, ValueError, AttributeError, RuntimeError) as error:
            _LOG.debug("Docker's events ended: %s", error)

    def _heard(self, event: dict[str, Any]) -> None:
        known = self._known.get(str(event.get("id")))
        action = str(event.get("Action", ""))
        if known is None:
            return
        if action == "oom":
            known.out_of_memory = True
        elif action == "die":
            code = int(event["Actor"]["Attributes"].get("exitCode", 0))
            known.dying = asyncio.create_task(self._died(known, code))
        elif action.startswith("health_status"):
            known.health = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}.get(action.rpartition(": ")[2], "UNKNOWN")

    async def _died(self, known: _Running, code: int) -> None:
        """Tell the end once the last log line is through."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOG_DRAIN_SECONDS):
                await known.log_ended.wait()
        if not known.ended.done():
            known.ended.set_result(Exit(code=code, reason=OUT_OF_MEMORY if known.out_of_memory else ""))

    def _follow(self, container: Container, order: ContainerOrder, running: _Running) -> None:
        if order.on_line is None:
            running.log_ended.set()
            return
        loop = asyncio.get_running_loop()
        on_line = order.on_line

        def follow() -> None:
            _read_log(container, on_line)
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(running.log_ended.set)

        threading.Thread(target=follow, name="docker-log", daemon=True).start()


def _client(daemon: str | None) -> docker.DockerClient:
    if daemon is None:
        return docker.from_env(max_pool_size=64, timeout=120)
    return docker.DockerClient(base_url=daemon, max_pool_size=64, timeout=120)


def _begin(container: Container, order: ContainerOrder) -> dict[int, Address]:
    try:
        container.start()
        return _published(container, order) if order.publish else {}
    except (DockerException, requests.RequestException) as error:
        raise StartFailure(_text(error)) from error


def _published(container: Container, order: ContainerOrder) -> dict[int, Address]:
    container.reload()
    bound = container.attrs["NetworkSettings"]["Ports"] or {}
    found = {port: bound.get(f"{port}/tcp") or [] for port in order.publish}
    return {port: Address(host="127.0.0.1", port=int(where[0]["HostPort"])) for port, where in found.items() if where}


def _read_log(container: Container, on_line: Callable[[str], None]) -> None:
    """Hand on each line, whatever pieces the daemon sends it in."""
    rest = b""
    try:
        for piece in container.logs(stream=True, follow=True):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                on_line(line.decode(errors="replace").rstrip("\r"))
    except (DockerException, requests.RequestException, OSError, ValueError) as error:
        _LOG.debug("log of %s ended: %s", container.id, error)
    if rest:
        on_line(rest.decode(errors="replace"))


def _text(error: Exception) -> str:
    explanation = getattr(error, "explanation", None)
    return str(explanation or error)
