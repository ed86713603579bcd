"""What a simulated container does, read from the image that it would run: an annotation on its manifest or index."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from appdp.local.ecs.containers import Behaviour, PullFailure
from appdp.local.ecs.simulated_runtime import behaviour_from
from appdp.local.roles import registry_login
from appdp.local.wire import Endpoint

_REFERENCE = re.compile(
    r"localhost:(?P<port>\d+)/(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class SimulatedImages:
    """Reads images from our own registry.

    Args:
        endpoint: serves the registry's HTTP API.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._address = urlsplit(endpoint.url)

    def behaviour(self, reference: str) -> Behaviour:
        """What a container of the image does; blocks.

        Args:
            reference: ``localhost:port/repository:tag`` or ``localhost:port/repository@sha256:…``.

        Raises:
            PullFailure: there is no such image, or it is of another registry.
        """
        found = _REFERENCE.fullmatch(reference)
        if found is None or found["port"] != str(self._address.port):
            raise PullFailure(f"failed to resolve ref {reference}: only images of the embedded registry are simulated")
        repository, name = found["repository"], found["digest"] or found["tag"] or "latest"
        manifest = self._manifest(repository, name, reference)
        annotations: Mapping[str, str] = manifest.get("annotations") or {}
        if not annotations and manifest.get("manifests"):
            child = self._manifest(repository, manifest["manifests"][0]["digest"], reference)
            annotations = child.get("annotations") or {}
        return behaviour_from(annotations)

    def _manifest(self, repository: str, name: str, reference: str) -> dict[str, Any]:
        connection = HTTPConnection(str(self._address.hostname), self._address.port, timeout=10)
        try:
            connection.request("GET", f"/v2/{repository}/manifests/{name}", headers=registry_login())
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            raise PullFailure(f"failed to resolve ref {reference}: {error}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise PullFailure(f"failed to resolve ref {reference}: not found")
        return dict(json.loads(body))
