"""A small HTTP server that speaks AWS's JSON protocol, so that tests see the bytes that adapters send."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

Answer = Callable[[dict[str, Any]], dict[str, Any]]
RegistryAnswer = tuple[int, bytes, dict[str, str]]
"""Status, content and headers."""


class AwsSays(Exception):
    """An answer that says no."""

    def __init__(self, code: str, message: str = "no", *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request. ``operation`` is its method and path where it is one to a registry."""

    operation: str
    payload: dict[str, Any]
    body: bytes
    headers: dict[str, str]


@dataclass
class AwsServer:
    """What is answered, and what was asked.

    ``answers`` maps an operation such as ``GetParameter`` to what makes its answer; ``files`` a path to a download,
    ``registry`` a method and path such as ``PUT /v2/shop/api/manifests/c1`` to what is said to one request after the
    other, the last one again and again.
    """

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    registry: dict[str, list[RegistryAnswer]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    def operations(self) -> list[str]:
        """The names of the operations that were called, in order."""
        return [request.operation for request in self.received]

    def last(self, operation: str) -> Received:
        """The newest request of one operation."""
        return next(request for request in reversed(self.received) if request.operation == operation)


@contextmanager
def serving() -> Iterator[AwsServer]:
    """Run a server on loopback for as long as the block lasts."""
    aws = AwsServer()

    class Handler(_Handler):
        server_state = aws

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    aws.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    """The same, and boto3 calls it."""
    with serving() as server:
        for name, value in environment(server.url).items():
            monkeypatch.setenv(name, value)
        yield server


def environment(url: str) -> dict[str, str]:
    """What makes boto3 call ``url``, whatever the machine's own configuration says."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


class _Handler(BaseHTTPRequestHandler):
    # One request per connection: nothing is left open for the garbage collector to complain about.
    protocol_version = "HTTP/1.0"
    server_state: AwsServer

    def do_PUT(self) -> None:
        if self.path.startswith("/schedules/"):
            self._rest("UpdateSchedule")
            return
        self._registry("PUT", self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        if self.path.startswith("/v2/"):
            self._registry("GET", b"")
            return
        if self.path.startswith("/schedules/"):
            self._rest("GetSchedule")
            return
        content = self.server_state.files.get(self.path)
        self._send(200 if content is not None else 404, content or b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if not operation:
            self._send(200, _IDENTITY, "text/xml")
            return
        received = Received(
            operation=operation, payload=json.loads(body or b"{}"), body=body, headers=dict(self.headers.items())
        )
        self.server_state.received.append(received)
        self._answer(received)

    def _rest(self, operation: str) -> None:
        """An operation of EventBridge Scheduler: the schedule's name is in the path, its group in the query or body."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        payload = {**dict(parse_qsl(query)), **json.loads(body or b"{}"), "Name": path.rpartition("/")[2]}
        received = Received(operation=operation, payload=payload, body=body, headers=dict(self.headers.items()))
        self.server_state.received.append(received)
        self._answer(received)

    def _answer(self, received: Received) -> None:
        try:
            answer = self.server_state.answers[received.operation](received.payload)
        except AwsSays as said:
            self._send(said.status, json.dumps({"__type": said.code, "message": said.message}).encode())
        else:
            self._send(200, json.dumps(answer).encode())

    def _registry(self, method: str, body: bytes) -> None:
        name = f"{method} {self.path}"
        headers = dict(self.headers.items())
        self.server_state.received.append(Received(operation=name, payload={}, body=body, headers=headers))
        said = self.server_state.registry[name]
        status, content, extra = said.pop(0) if len(said) > 1 else said[0]
        self._send(status, content, **extra)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def _send(self, status: int, content: bytes, kind: str = "application/x-amz-json-1.1", **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


_IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::000000000000:assumed-role/dev/alice</Arn><UserId>A:alice</UserId><Account>000000000000</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
