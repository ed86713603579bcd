"""Images where no Docker is: manifests without content, which say how the simulated ECS must play them.

They go through the registry's own HTTP API, as Docker's would, so the engine finds real digests for both platforms.

See: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from appdp.errors import LocalError
from appdp.local.rehearsal.scenario import ImageBuild, Scenario
from appdp.local.roles import registry_login
from appdp.model.application import PLATFORMS
from appdp.model.handoff import repository_name

ANNOTATION: Final = "appdp.local.behaviour"
"""The manifest annotation from which the embedded ECS reads how a container behaves."""

_INDEX: Final = "application/vnd.oci.image.index.v1+json"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_CONFIG: Final = "application/vnd.oci.image.config.v1+json"


def push_all(scenario: Scenario, tags: Mapping[str, str], endpoint: str) -> None:
    """Push every image of the releases that ``tags`` (name → image tag) names.

    Raises:
        LocalError: the registry refused something.
    """
    with closing(_Registry(endpoint)) as registry:
        for release in scenario.releases:
            for image in release.images if release.name in tags else ():
                _push(registry, repository_name(scenario.application, image.image), tags[release.name], image)


def _push(registry: _Registry, repository: str, tag: str, image: ImageBuild) -> None:
    annotations = {
        ANNOTATION: json.dumps(image.plays.to_dict(), separators=(",", ":")),
        "appdp.rehearsal.build": json.dumps([image.image, sorted(image.build_args.items())]),
    }
    manifests = []
    for platform in PLATFORMS:
        system, architecture = platform.split("/")
        config = {
            "architecture": architecture,
            "os": system,
            "rootfs": {"type": "layers", "diff_ids": []},
            "config": {},
        }
        described = registry.blob(repository, json.dumps(config).encode(), _CONFIG)
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": described,
            "layers": [],
            "annotations": annotations,
        }
        put = registry.manifest(repository, manifest, _MANIFEST)
        manifests.append({**put, "platform": {"os": system, "architecture": architecture}})
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests, "annotations": annotations}
    registry.manifest(repository, index, _INDEX, tag)


class _Registry:
    """The three calls of the distribution API that pushing needs."""

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._connection = HTTPConnection(str(address.hostname), address.port, timeout=30)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def blob(self, repository: str, content: bytes, kind: str) -> dict[str, Any]:
        descriptor = _describe(content, kind)
        place = self._call("POST", f"/v2/{repository}/blobs/uploads/", 202)
        place += ("&" if "?" in place else "?") + urlencode({"digest": descriptor["digest"]})
        self._call("PUT", place, 201, content, "application/octet-stream")
        return descriptor

    def manifest(self, repository: str, manifest: dict[str, Any], kind: str, tag: str | None = None) -> dict[str, Any]:
        content = json.dumps(manifest, separators=(",", ":")).encode()
        descriptor = _describe(content, kind)
        self._call("PUT", f"/v2/{repository}/manifests/{tag or descriptor['digest']}", 201, content, kind)
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


def _describe(content: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}
