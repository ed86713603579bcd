"""The ASGI application that listens: our own services and ``/_appdp/`` first, MiniStack for everything else."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from appdp.local.calls import CallRecord
from appdp.local.protocol import Answer, ServedService, Signature, signature
from appdp.local.registry_requests import RegistryRequest, challenge
from appdp.local.roles import calling_role, role_of
from appdp.local.schedule_calls import schedule_action
from appdp.local.wire import AwsService, Caller

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

ADMIN_PATH = "/_appdp/"

_OUR_NAMES: Final = ("127.0.0.1", "localhost")
_OUR_SUFFIXES: Final = (".localhost", ".amazonaws.com")
_REFUSAL: Final = Answer(
    status=403,
    headers={"content-type": "text/plain"},
    body=b"The embedded AWS answers commands and SDKs on this machine, not web pages.\n",
)


class Front:
    """Routes each request by the service that its signature names.

    Args:
        fallback: the application that answers what we do not serve ourselves.
        default: the account and region of requests that name none.

    Attributes:
        calls: what roles asked for.
    """

    def __init__(self, fallback: AsgiApp, default: Caller) -> None:
        self._fallback = fallback
        self._default = default
        self.calls = CallRecord(default)
        self._services: dict[str, ServedService] = {}
        self._pages: dict[str, Callable[[], object]] = {}

    def mount(self, service: AwsService) -> None:
        """Serve an AWS service ourselves."""
        self._services[service.signing_name] = ServedService(service)

    def page(self, name: str, content: Callable[[], object]) -> None:
        """Serve ``content()`` as JSON at ``/_appdp/{name}``."""
        self._pages[name] = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http" and _from_a_web_page(_headers(scope)):
            await _send(send, _REFUSAL)
        elif scope["type"] != "http":
            await self._fallback(scope, receive, send)
        elif scope["path"].startswith(ADMIN_PATH):
            await _send(send, self._admin(scope["path"].removeprefix(ADMIN_PATH)))
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        role = role_of(headers)
        calling_role.set(role)
        request = RegistryRequest.read(scope["method"], scope["path"], headers)
        if request is not None:
            await self._registry(request, scope, receive, send)
            return
        signed = signature(headers, self._default)
        service = self._services.get(signed.service) if signed else None
        if signed is None or (service is None and not role):
            await self._fallback(scope, receive, send)
            return
        body = await _body(receive)
        if role:
            self._note(role, signed, scope, headers, body)
        if service is None:
            await self._fallback(scope, _again(body, receive), send)
            return
        await _send(send, await service.handle(headers, body, signed.caller))

    def _note(self, role: str, signed: Signature, scope: Scope, headers: Mapping[str, str], body: bytes) -> None:
        if signed.service == "scheduler":
            found = schedule_action(scope["method"], scope["path"], scope.get("query_string", b"").decode(), body)
            if found is not None:
                self.calls.note_schedule(role, signed, *found, body)
                return
        self.calls.note_call(role, signed, headers, body)

    async def _registry(self, request: RegistryRequest, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        refusal = challenge(headers, scope["query_string"].decode("latin-1"))
        if refusal is not None:
            await _send(send, refusal)
            return
        if role := role_of(headers):
            self.calls.note_request(role, request)
        await self._fallback(scope, receive, send)

    def _admin(self, name: str) -> Answer:
        page = self._pages.get(name)
        known = sorted(self._pages)
        content = page() if page else {"error": f"No page is called {name!r}. There are: {', '.join(known)}."}
        body = json.dumps(content).encode()
        return Answer(status=200 if page else 404, headers={"content-type": "application/json"}, body=body)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _from_a_web_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser asks on behalf of a page, perhaps one whose name was made to point at loopback.

    Nothing here is verified by a password, and a Lambda function is a program on this machine, so no page may reach it.
    See: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
    """
    if "origin" in headers or headers.get("sec-fetch-site", "none") != "none":
        return True
    host = headers.get("host", "localhost").rsplit(":", 1)[0].lower()
    return host not in _OUR_NAMES and not host.endswith(_OUR_SUFFIXES)


async def _lifespan(receive: Receive, send: Send) -> None:
    """The server starts and stops its parts itself, so that it can say when they are ready."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Receives what was received already, and then what comes."""
    first = iter(({"type": "http.request", "body": body, "more_body": False},))

    async def received() -> dict[str, Any]:
        for message in first:
            return message
        return await receive()

    return received


async def _send(send: Send, answer: Answer) -> None:
    headers: Mapping[str, str] = {**answer.headers, "content-length": str(len(answer.body))}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})
