"""Carries one request to a target and its answer back, as a stream in both directions.

WebSockets and HTTP/2 are not carried: the embedded AWS speaks HTTP/1.1 to clients and to targets.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html and
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html (502, 503, 504)
"""

from __future__ import annotations

import functools
import secrets
import time
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from appdp.local.elb.targets import Target
from appdp.local.wire import Address

SERVER = "awselb/2.0"
CONNECT_TIMEOUT_SECONDS = 10
RawHeaders = tuple[tuple[bytes, bytes], ...]
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
# About one connection only, so not for the other side. The body is framed anew, and 100-continue is answered here.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What the proxy must know of the listener that a request came to."""

    protocol: str
    port: int
    idle_timeout_seconds: float
    forwarded_for: str
    """``append``, ``preserve`` or ``remove``: the load balancer's ``routing.http.xff_header_processing.mode``."""


async def forward(
    request: web.BaseRequest, target: Target, address: Address | None, route: Route
) -> web.StreamResponse:
    """Answer a request from a target; 502 when it refuses or breaks off, 504 when it is silent for too long."""
    if address is None:
        return own_answer(HTTPStatus.BAD_GATEWAY)
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        answer = await _ask(request, target, address, route)
    except TimeoutError:
        return own_answer(HTTPStatus.GATEWAY_TIMEOUT)
    except (aiohttp.ClientError, OSError, ValueError):
        return own_answer(HTTPStatus.BAD_GATEWAY)
    async with answer:
        return await _relay(request, answer)


def own_answer(status: int, body: str | None = None, content_type: str = "text/html") -> web.Response:
    """An answer of the load balancer's own; an error page when no body is given."""
    if body is None:
        title = f"{status} {HTTPStatus(status).phrase}"
        body = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
    return web.Response(
        status=status, body=body.encode(), headers={"Server": SERVER, "Content-Type": f"{content_type}; charset=utf-8"}
    )


async def _ask(request: web.BaseRequest, target: Target, address: Address, route: Route) -> aiohttp.ClientResponse:
    send = functools.partial(_send, request, address, route)
    if request.body_exists or request.method not in _REPEATABLE:
        return await send(target.connections.fresh())
    try:
        return await send(target.connections.kept())
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        # Nothing came back on a connection that may have been a kept one, which the target was about to close.
        return await send(target.connections.fresh())


async def _send(
    request: web.BaseRequest, address: Address, route: Route, session: aiohttp.ClientSession
) -> aiohttp.ClientResponse:
    # The path goes on as it came: yarl must not decode and encode it again.
    return await session.request(
        request.method,
        URL(f"http://{address.host}:{address.port}{_origin_form(request)}", encoded=True),
        headers=_request_headers(request, route),
        data=request.content if request.body_exists else None,
        allow_redirects=False,
        timeout=_timeout(route),
    )


class _Relayed(web.StreamResponse):
    """A target's response: nothing is added to its headers but what frames it."""

    async def _prepare_headers(self) -> None:
        kept = {name: self.headers.get(name) for name in ("Server", "Content-Type")}
        await super()._prepare_headers()
        for name, value in kept.items():
            if value is None:
                self.headers.popall(name, None)


async def _relay(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = _Relayed(
        status=answer.status, reason=answer.reason, headers=_passed_on(answer.headers, answer.raw_headers)
    )
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except ConnectionResetError:
        pass  # the client is gone
    except (aiohttp.ClientError, TimeoutError, OSError):
        # The status line is out, so the only way to say that the body is incomplete is to break the connection off.
        if request.transport is not None:
            request.transport.abort()
    return response


def _timeout(route: Route) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_TIMEOUT_SECONDS, sock_read=route.idle_timeout_seconds, ceil_threshold=30
    )


def _origin_form(request: web.BaseRequest) -> str:
    raw = request.raw_path
    # A client that takes us for a proxy sends the whole address.
    return raw if raw.startswith("/") else URL(raw, encoded=True).raw_path_qs


def _passed_on(headers: CIMultiDictProxy[str], raw: RawHeaders) -> CIMultiDict[str]:
    """Headers for the other side, spelled as they came."""
    connection = headers.getall("Connection", ())
    dropped = _HOP_BY_HOP.union(name.strip().lower() for value in connection for name in value.split(","))
    decoded = ((name.decode(), value.decode("utf-8", "surrogateescape")) for name, value in raw)
    return CIMultiDict((name, value) for name, value in decoded if name.lower() not in dropped)


def _request_headers(request: web.BaseRequest, route: Route) -> CIMultiDict[str]:
    headers = _passed_on(request.headers, request.raw_headers)
    if route.forwarded_for == "append":
        client = request.remote or ""
        before = ", ".join(request.headers.getall("X-Forwarded-For", ()))
        headers["X-Forwarded-For"] = f"{before}, {client}" if before else client
    elif route.forwarded_for == "remove":
        headers.popall("X-Forwarded-For", None)
    headers["X-Forwarded-Proto"] = route.protocol
    headers["X-Forwarded-Port"] = str(route.port)
    headers["X-Amzn-Trace-Id"] = _trace(request.headers.get("X-Amzn-Trace-Id", ""))
    return headers


def _trace(given: str) -> str:
    """A new root, or the given one with a ``Self`` of our own in front."""
    own = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    if "Root=" not in given:
        return f"Root={own}" + (f";{given}" if given else "")
    rest = ";".join(part for part in given.split(";") if not part.strip().startswith("Self="))
    return f"Self={own};{rest}"
