"""A registry on loopback that takes no push, and whose only image is for a platform that nobody has."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

INDEX: Final = "application/vnd.oci.image.index.v1+json"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"


@contextmanager
def refusing_registry() -> Iterator[str]:
    """Its host and port. ``base`` is an image for ``linux/s390x``; any other repository answers 403 to everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Registry(BaseHTTPRequestHandler):
    # Docker first tries TLS on loopback; only an answer with a status line makes it fall back to plain HTTP.
    default_request_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/v2/base/"):
            self._send(200, _index(), INDEX)
        elif self.path == "/v2/":
            self._send(200, b"{}")
        else:
            self._send(403, b'{"errors":[{"code":"DENIED","message":"not authorized to perform: ecr:PutImage"}]}')

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def _send(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Docker-Content-Digest", f"sha256:{hashlib.sha256(content).hexdigest()}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _index() -> bytes:
    entry = {
        "mediaType": _MANIFEST,
        "digest": f"sha256:{'a' * 64}",
        "size": 100,
        "platform": {"os": "linux", "architecture": "s390x"},
    }
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
