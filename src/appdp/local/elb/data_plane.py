"""The listeners: one loopback port for each, open from the listener's creation to its deletion.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from appdp.local.elb.actions import FixedResponse, Forward, Redirect
from appdp.local.elb.connections import MAX_HEADER_BYTES
from appdp.local.elb.proxy import Route, forward, own_answer
from appdp.local.elb.rules import RequestView
from appdp.local.elb.store import Listener, LoadBalancer, Store
from appdp.local.wire import AddressBook

LOOPBACK = "127.0.0.1"
# Requests in flight get this long to end when their listener goes.
_CLOSING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Open:
    server: web.Server
    socket: asyncio.Server
    port: int


class DataPlane:
    """Serves every listener in the store that was opened."""

    def __init__(self, store: Store, addresses: AddressBook) -> None:
        self._store = store
        self._addresses = addresses
        self._open: dict[str, _Open] = {}

    async def open(self, listener: Listener) -> None:
        """Serve a listener on a free port."""
        # Headers are passed on in any number and bodies as they are; 16 KiB is ELB's own limit for one header.
        server = web.Server(
            self._handler(listener),
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            keepalive_timeout=float(
                self._store.load_balancer(listener.load_balancer).attributes["client_keep_alive.seconds"]
            ),
        )
        socket = await asyncio.get_running_loop().create_server(server, LOOPBACK, 0)
        self._open[listener.arn] = _Open(server, socket, socket.sockets[0].getsockname()[1])

    async def close(self, listener: str) -> None:
        """Stop serving a listener; requests in flight get a moment to end."""
        opened = self._open.pop(listener, None)
        if opened is not None:
            opened.socket.close()
            opened.server.pre_shutdown()  # idle connections close at once
            await opened.server.shutdown(_CLOSING_SECONDS)

    async def stop(self) -> None:
        """Stop serving."""
        await asyncio.gather(*(self.close(listener) for listener in list(self._open)))

    def listeners(self) -> dict[str, str]:
        """``<load balancer name>:<listener port>`` → URL on loopback."""
        served = (self._store.listeners[arn] for arn in self._open)
        return {
            f"{self._store.load_balancers[listener.load_balancer].name}:{listener.port}": self.url(listener.arn)
            for listener in served
        }

    def url(self, listener: str) -> str:
        """Where a listener is reached."""
        return f"http://{LOOPBACK}:{self._open[listener].port}"

    def _handler(self, listener: Listener) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        load_balancer = self._store.load_balancer(listener.load_balancer)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if request.method == "TRACE":
                return own_answer(HTTPStatus.METHOD_NOT_ALLOWED)
            view = _view(request)
            match listener.rule_for(view).answer:
                case Forward(choice):
                    return await self._forward(request, choice.next(), _route(load_balancer, listener))
                case FixedResponse() as fixed:
                    return own_answer(fixed.status, fixed.body, fixed.content_type)
                case Redirect() as redirect:
                    return self._redirect(redirect, view, listener)

        return handle

    async def _forward(self, request: web.BaseRequest, group: str | None, route: Route) -> web.StreamResponse:
        target = self._store.target_groups[group].pick() if group else None
        if target is None:
            return own_answer(HTTPStatus.SERVICE_UNAVAILABLE)
        # Nothing is awaited between the choice of the target and its being counted, so a target that starts to drain
        # is either not chosen or waits for this request.
        target.enter()
        try:
            return await forward(request, target, self._addresses.find(target.ip, target.port), route)
        finally:
            target.leave()

    def _redirect(self, redirect: Redirect, view: RequestView, listener: Listener) -> web.StreamResponse:
        published = {
            sibling.port: self._open[sibling.arn].port
            for sibling in self._store.listeners_of(listener.load_balancer)
            if sibling.arn in self._open
        }
        parts = {
            "protocol": listener.protocol.lower(),
            "host": view.host,
            "port": str(listener.port),
            "path": view.path.removeprefix("/"),
            "query": view.query,
        }
        response = own_answer(redirect.status)
        response.headers["Location"] = redirect.location(parts, published.get)
        return response


def _view(request: web.BaseRequest) -> RequestView:
    path, _, query = request.raw_path.partition("?")
    return RequestView(
        method=request.method,
        path=path,
        query=query,
        host=request.headers.get("Host", "").partition(":")[0].lower(),
        headers=request.headers,
        source_ip=request.remote or LOOPBACK,
    )


def _route(load_balancer: LoadBalancer, listener: Listener) -> Route:
    return Route(
        protocol=listener.protocol.lower(),
        port=listener.port,
        idle_timeout_seconds=float(load_balancer.attributes["idle_timeout.timeout_seconds"]),
        forwarded_for=load_balancer.attributes["routing.http.xff_header_processing.mode"],
    )
