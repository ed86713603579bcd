"""Containers that are played in this process, for when there is no Docker.

The control plane is then the same to the last line: tasks start, fail and are replaced, targets are checked over real
connections on loopback, deployments shift and return. Only the program inside the container is missing; what it would
do is told by a :data:`~appdp.local.ecs.containers.Behaviour` per image.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appdp.local.ecs.containers import (
    Behaviour,
    ContainerOrder,
    Exit,
    Exits,
    PullFailure,
    Runs,
    Started,
    Unhealthy,
)
from appdp.local.wire import Address

ANNOTATION = "appdp.local.behaviour"
"""OCI manifest annotation that says, as JSON, how a simulated container of the image behaves."""


def behaviour_from(annotations: Mapping[str, str]) -> Behaviour:
    """Read a manifest's annotations; an image that says nothing runs.

    Accepted: ``{"kind": "runs"}``, ``{"kind": "exits", "code": 1, "log": ["…"]}`` and
    ``{"kind": "unhealthy", "status": 503}``; each with ``"commands"``: the first word of a command → one of these, for
    containers that are started with it instead of the image's own.

    Raises:
        PullFailure: the annotation is something else.
    """
    text = annotations.get(ANNOTATION)
    if text is None:
        return Runs()
    try:
        told = json.loads(text)
        commands = {str(word): _one(each) for word, each in told.get("commands", {}).items()}
        own = _one(told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PullFailure(f"the annotation {ANNOTATION} is not readable: {text}") from error
    return replace(own, commands=commands)


def _one(told: Mapping[str, Any]) -> Behaviour:
    match told["kind"]:
        case "runs":
            return Runs()
        case "exits":
            return Exits(code=int(told.get("code", 1)), log=tuple(map(str, told.get("log", ()))))
        case "unhealthy":
            return Unhealthy(status=int(told.get("status", 503)))
    raise PullFailure(f"the annotation {ANNOTATION} names an unknown kind: {told['kind']}")


@dataclass(slots=True, eq=False)
class _Played:
    behaviour: Behaviour
    order: ContainerOrder
    ended: asyncio.Future[Exit]
    servers: list[asyncio.Server] = field(default_factory=list)
    script: asyncio.Task[None] | None = None

    def end(self, how: Exit) -> None:
        if not self.ended.done():
            self.ended.set_result(how)
        for server in self.servers:
            server.close()


class SimulatedRuntime:
    """Plays containers.

    Args:
        behaviour: what the image of a reference does; called in a thread, so it may block. Raises
            :class:`~appdp.local.ecs.containers.PullFailure` for an image that does not exist.
    """

    def __init__(self, behaviour: Callable[[str], Behaviour]) -> None:
        self._behaviour = behaviour
        self._pulled: dict[str, Behaviour] = {}
        self._played: dict[str, _Played] = {}

    async def pull(self, image: str) -> None:
        """Learn what the image does."""
        self._pulled[image] = await asyncio.to_thread(self._behaviour, image)

    async def start(self, order: ContainerOrder) -> Started:
        """Open its ports, and begin its script."""
        container = secrets.token_hex(32)
        behaviour = self._pulled.get(order.image, Runs())
        if order.command:
            behaviour = behaviour.commands.get(order.command[0], behaviour)
        played = _Played(behaviour, order, asyncio.get_running_loop().create_future())
        self._played[container] = played
        addresses: dict[int, Address] = {}
        if not isinstance(behaviour, Exits):
            addresses = {port: await self._listen(played) for port in order.publish}
        else:
            played.script = asyncio.create_task(self._exit(played, behaviour))
        return Started(id=container, addresses=addresses)

    async def wait(self, container: str) -> Exit:
        """Return when it has ended."""
        return await asyncio.shield(self._played[container].ended)

    def health(self, container: str) -> str:
        """As its behaviour says, at once."""
        played = self._played.get(container)
        if played is None or played.order.health_check is None or played.ended.done():
            return "UNKNOWN"
        return "UNHEALTHY" if isinstance(played.behaviour, Unhealthy) else "HEALTHY"

    async def stop(self, container: str, timeout_seconds: float) -> None:
        """End it, as by SIGTERM."""
        self._played[container].end(Exit(code=143))

    async def remove(self, container: str) -> None:
        """Forget it."""
        played = self._played.pop(container, None)
        if played is None:
            return
        played.end(Exit(code=137))
        if played.script is not None:
            played.script.cancel()

    async def close(self) -> None:
        """End everything."""
        for container in tuple(self._played):
            await self.remove(container)

    async def _exit(self, played: _Played, behaviour: Exits) -> None:
        await asyncio.sleep(behaviour.after_seconds)
        for line in behaviour.log:
            if played.order.on_line is not None:
                played.order.on_line(line)
        played.end(Exit(code=behaviour.code))

    async def _listen(self, played: _Played) -> Address:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(played))
                await writer.drain()
            writer.close()

        # Whoever is cancelled while a server starts must leave it where it is closed.
        server = await asyncio.start_server(answer, "127.0.0.1", 0, start_serving=False)
        played.servers.append(server)
        await server.start_serving()
        return Address(host="127.0.0.1", port=server.sockets[0].getsockname()[1])


def _response(played: _Played) -> bytes:
    status = played.behaviour.status if isinstance(played.behaviour, Unhealthy) else 200
    body = json.dumps({"simulated": played.order.image, "container": played.order.name}).encode()
    head = f"HTTP/1.1 {status} Simulated\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body
