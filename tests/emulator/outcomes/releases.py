"""The releases: real images of a static busybox, pushed straight to the embedded registry, so that nothing is built.

A good release serves files. The broken ones each break one thing: ``exits`` ends at start, ``unhealthy`` answers its
health check with 503, and ``errors`` is healthy and answers everything else with 500. Where an environment has several
services, each runs an image of its own, and ``breaks_blue_green`` is good but for the image ``blue-green``.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import pytest

from appdp.local.rehearsal.registry import CONFIG, INDEX, LAYER, MANIFEST, Registry, platform_of
from appdp.local.rehearsal.stand_in import find, layer_of
from appdp.model.handoff import repository_name

APPLICATION: Final = "outcomes"
IMAGE: Final = "web"
"""What every service runs that has an environment to itself."""

GOOD: Final[Mapping[str, str]] = {}
EXITS: Final[Mapping[str, str]] = {"EXIT": "3"}
RELEASES: Final[Mapping[str, Mapping[str, str]]] = {
    "one": GOOD,
    "two": GOOD,
    "exits": EXITS,
    "unhealthy": {"HEALTH": "503 Service Unavailable", "TRAFFIC": "200 OK"},
    "errors": {"HEALTH": "200 OK", "TRAFFIC": "500 Internal Server Error"},
}
"""Release → what its process is told; see ``run.sh`` below."""

PATTERN: Final = r"release (\w+)"
"""What an answer says about itself."""

_RUN: Final = """\
if [ -n "$EXIT" ]; then echo "release $RELEASE: no database"; exit "$EXIT"; fi
mkdir -p "/www/$PLACE"
echo "release $RELEASE" > "/www/$PLACE/index.html"
echo ok > "/www/$PLACE/health"
trap 'kill $pid; exit 0' TERM
if [ -n "$HEALTH" ]; then nc -ll -p 8080 -e /bin/sh /answer.sh & pid=$!
else httpd -f -p 8080 -h /www & pid=$!; fi
wait $pid
"""

# The request is read to its end: closing with unread data would reset the connection.
_ANSWER: Final = """\
read -r method path rest
while read -r line && [ -n "${line%?}" ]; do :; done
case "$path" in */health) status=$HEALTH ;; *) status=$TRAFFIC ;; esac
body="release $RELEASE"
printf 'HTTP/1.1 %s\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n%s' "$status" "${#body}" "$body"
"""


def releases_of(image: str, images: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """The releases of one of ``images``, each of which some release breaks."""
    broken = {f"breaks_{other.replace('-', '_')}": EXITS if other == image else GOOD for other in images}
    return {"one": GOOD, "two": GOOD, **broken}


def push_all(endpoint: str, architecture: str, images: Sequence[str]) -> None:
    """Push every release for this machine's architecture; ``images`` are those of the environment with several."""
    found, faults = find(("sh", "httpd", "nc", "mkdir"))
    if architecture not in found:
        pytest.fail(f"No static busybox for {architecture}: {'; '.join(faults)}. apt-get install busybox-static.")
    layers, platform = [layer_of(found[architecture]), _scripts()], platform_of(architecture)
    with closing(Registry(endpoint)) as registry:
        for image, made in {IMAGE: RELEASES, **{image: releases_of(image, images) for image in images}}.items():
            for release, told in made.items():
                _push(registry, image, layers, platform, {"PATH": "/bin", "RELEASE": release, **told})


def _push(
    registry: Registry, image: str, layers: list[bytes], platform: dict[str, str], variables: dict[str, str]
) -> None:
    """Push an image for one platform, and an index over it that carries the release as its tag."""
    repository = repository_name(APPLICATION, image)
    config = {
        **platform,
        "config": {"Env": [f"{key}={value}" for key, value in variables.items()], "Cmd": ["sh", "/run.sh"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]},
    }
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": registry.blob(repository, json.dumps(config).encode(), CONFIG),
        "layers": [registry.blob(repository, gzip.compress(layer, mtime=0), LAYER) for layer in layers],
    }
    entry = {**registry.manifest(repository, manifest), "platform": platform}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    registry.manifest(repository, index, variables["RELEASE"])


def _scripts() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, text in (("run.sh", _RUN), ("answer.sh", _ANSWER)):
            file = tarfile.TarInfo(name)
            file.size, file.mode = len(text.encode()), 0o755
            archive.addfile(file, io.BytesIO(text.encode()))
    return made.getvalue()
