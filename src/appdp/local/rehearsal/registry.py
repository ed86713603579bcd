"""Pushes to the embedded registry without Docker.

See: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push
"""

from __future__ import annotations

import hashlib
import json
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from appdp.errors import LocalError
from appdp.local.roles import registry_login

INDEX: Final = "application/vnd.oci.image.index.v1+json"
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"


class Registry:
    """The three calls of the distribution API that pushing needs.

    Args:
        endpoint: the registry's address, such as ``http://127.0.0.1:4566``.
    """

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._connection = HTTPConnection(str(address.hostname), address.port, timeout=30)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def blob(self, repository: str, content: bytes, kind: str) -> dict[str, Any]:
        """Push a blob; returns its descriptor.

        Raises:
            LocalError: the registry refused it.
        """
        descriptor = _describe(content, kind)
        place = self._call("POST", f"/v2/{repository}/blobs/uploads/", 202)
        place += ("&" if "?" in place else "?") + urlencode({"digest": descriptor["digest"]})
        self._call("PUT", place, 201, content, "application/octet-stream")
        return descriptor

    def manifest(self, repository: str, manifest: dict[str, Any], tag: str | None = None) -> dict[str, Any]:
        """Push a manifest or an index, under a tag or its digest alone; returns its descriptor.

        Raises:
            LocalError: the registry refused it.
        """
        content = json.dumps(manifest, separators=(",", ":")).encode()
        descriptor = _describe(content, manifest["mediaType"])
        place = f"/v2/{repository}/manifests/{tag or descriptor['digest']}"
        self._call("PUT", place, 201, content, manifest["mediaType"])
        return descriptor

    def _call(self, method: str, path: str, expected: int, content: bytes = b"", kind: str = "") -> str:
        headers = {**registry_login(), **({"Content-Type": kind} if kind else {})}
        self._connection.request(method, path, body=content, headers=headers)
        answer = self._connection.getresponse()
        text = answer.read().decode(errors="replace")
        if answer.status != expected:
            raise LocalError(f"The registry answered {answer.status} instead of {expected} to {method} {path}: {text}")
        location = urlsplit(answer.headers.get("Location", ""))
        return location.path + (f"?{location.query}" if location.query else "")


def platform_of(architecture: str) -> dict[str, str]:
    """The platform of a Linux image, as descriptors have it."""
    return {"os": "linux", "architecture": architecture}


def _describe(content: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}
