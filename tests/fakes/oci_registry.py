"""A registry's OCI distribution API on loopback: what a push needs, with the checks that real ones make."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from appdp.engine.publish.ports import Manifest

PASSWORD: Final = "from-ecr"  # noqa: S105 - of a fake


class FakeOciRegistry:
    """Repositories with immutable tags, served until :meth:`close`.

    ``calls`` lists what was changed, in order; ``failures`` are HTTP statuses that the next requests of a push get
    instead.
    """

    def __init__(self) -> None:
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.manifests: dict[tuple[str, str], Manifest] = {}
        self.tags: dict[tuple[str, str], str] = {}
        self.calls: list[str] = []
        self.failures: list[int] = []
        registry = self

        class Handler(_Handler):
            fake = registry

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        """Its address, as in an image's name."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def tagged(self, repository: str, tag: str) -> Manifest | None:
        """What a tag names."""
        digest = self.tags.get((repository, tag), "")
        return self.manifests.get((repository, digest))

    def read(self, repository: str, digest: str) -> dict[str, Any]:
        """A manifest by its digest."""
        loaded: dict[str, Any] = json.loads(self.manifests[(repository, digest)].content)
        return loaded

    def put_blob(self, repository: str, digest: str, content: bytes) -> int:
        """Store a blob; returns the HTTP status."""
        if digest != _digest(content):
            return 400
        self.blobs[(repository, digest)] = content
        self.calls.append(f"blob {repository} {digest}")
        return 201

    def put_manifest(self, repository: str, reference: str, content: bytes, media_type: str) -> int:
        """Store a manifest; returns the HTTP status. What it names must be there already."""
        data, digest = json.loads(content), _digest(content)
        blobs = [entry["digest"] for entry in (*data.get("layers", ()), data.get("config")) if entry]
        children = [entry["digest"] for entry in data.get("manifests", ())]
        if not all((repository, blob) in self.blobs for blob in blobs):
            return 404
        if not all((repository, child) in self.manifests for child in children):
            return 404
        if reference.startswith("sha256:") and reference != digest:
            return 400
        if not reference.startswith("sha256:"):
            if self.tags.get((repository, reference), digest) != digest:
                return 409
            self.tags[(repository, reference)] = digest
        self.manifests[(repository, digest)] = Manifest(content=content, media_type=media_type, digest=digest)
        self.calls.append(f"manifest {repository} {reference}")
        return 201


class _Handler(BaseHTTPRequestHandler):
    fake: FakeOciRegistry
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        repository, _, tag = self.path.removeprefix("/v2/").partition("/manifests/")
        found = self.fake.tagged(repository, tag)
        self._answer(404 if found is None else 200)

    def do_HEAD(self) -> None:
        _, _, rest = self.path.partition("/v2/")
        repository, _, digest = rest.partition("/blobs/")
        self._answer(200 if (repository, digest) in self.fake.blobs else 404)

    def do_POST(self) -> None:
        # A relative address, as some registries give.
        self._answer(202, Location=f"{urlsplit(self.path).path}1?state=x")

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/v2/")
        if "/blobs/uploads/" in path:
            repository, query = path.partition("/blobs/uploads/")[0], parse_qs(parts.query)
            self._answer(self.fake.put_blob(repository, query["digest"][0], content) if "state" in query else 400)
        else:
            repository, _, reference = path.partition("/manifests/")
            kind = self.headers["Content-Type"]
            self._answer(self.fake.put_manifest(repository, reference, content, kind))

    def _answer(self, status: int, **headers: str) -> None:
        wanted = "Basic " + b64encode(f"AWS:{PASSWORD}".encode()).decode()
        if self.headers["Authorization"] != wanted:
            status = 401
        elif self.fake.failures and self.command != "GET":
            status = self.fake.failures.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        said = b"" if self.command == "HEAD" else f"said {status}".encode()
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
