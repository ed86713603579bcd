"""Images where no Docker is: manifests without content, which say how the simulated ECS must play them.

They go through the registry's own HTTP API, as Docker's would, so the engine finds real digests for both platforms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from appdp.local.rehearsal.registry import CONFIG, INDEX, MANIFEST, Registry, platform_of
from appdp.local.rehearsal.scenario import ImagePlay, Scenario
from appdp.model.application import PLATFORMS
from appdp.model.handoff import repository_name

ANNOTATION: Final = "appdp.local.behaviour"
"""The manifest annotation from which the embedded ECS reads how a container behaves."""


def push_all(scenario: Scenario, tags: Mapping[str, str], endpoint: str) -> None:
    """Push every image of the releases that ``tags`` (name → image tag) names.

    Raises:
        LocalError: the registry refused something.
    """
    with closing(Registry(endpoint)) as registry:
        for release in scenario.releases:
            for image in release.images if release.name in tags else ():
                _push(registry, repository_name(scenario.application, image.image), tags[release.name], image)


def _push(registry: Registry, repository: str, tag: str, image: ImagePlay) -> None:
    annotations = {
        ANNOTATION: json.dumps(image.to_dict(), separators=(",", ":")),
        "appdp.rehearsal.image": f"{image.image} since release {image.since}",
    }
    manifests: list[dict[str, Any]] = []
    for name in PLATFORMS:
        platform = platform_of(name.rpartition("/")[2])
        config = {**platform, "rootfs": {"type": "layers", "diff_ids": []}, "config": {}}
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": registry.blob(repository, json.dumps(config).encode(), CONFIG),
            "layers": [],
            "annotations": annotations,
        }
        manifests.append({**registry.manifest(repository, manifest), "platform": platform})
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, "annotations": annotations}
    registry.manifest(repository, index, tag)
