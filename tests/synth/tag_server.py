"""A registry's HTTP API on loopback, as far as questions about tags go: real HTTP, so that tests see what is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question."""

    path: str
    authorization: str
    accepts: tuple[str, ...]


@dataclass
class TagServer:
    """The tags that there are, as ``repository:tag``, and what was asked.

    ``refuses`` maps a tag to the status of its answer, or to 0, where the connection is closed instead; with
    ``refuses_once`` only the first question about it is refused.
    """

    port: int = 0
    tags: set[str] = field(default_factory=set)
    refuses: dict[str, int] = field(default_factory=dict)
    refuses_once: bool = False
    asked: list[Asked] = field(default_factory=list)

    def status(self, tag: str) -> int:
        """What is answered about a tag."""
        status = 200 if tag in self.tags else 404
        if self.refuses_once:
            return self.refuses.pop(tag, status)
        return self.refuses.get(tag, status)


@contextmanager
def serving() -> Iterator[TagServer]:
    """Run a server for as long as the block lasts."""
    state = TagServer()

    class Handler(_Handler):
        server_state = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_state: TagServer

    def do_GET(self) -> None:
        accepts = tuple(kind for line in self.headers.get_all("Accept", []) for kind in line.split(", "))
        asked = Asked(path=self.path, authorization=self.headers.get("Authorization", ""), accepts=accepts)
        self.server_state.asked.append(asked)
        tag = self.path.removeprefix("/v2/").replace("/manifests/", ":")
        status = self.server_state.status(tag)
        if status == 0:
            return
        refused = f'{{"errors":[{{"code":"REFUSED","message":"{tag}: {status}"}}]}}\n'
        body = b"{}" if status == 200 else refused.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""
