"""Register a release: the parameter that names the latest one, and the event that others wait for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from appdp.engine.publish.compose import ReleasedImage
from appdp.engine.publish.ports import PublishPorts
from appdp.engine.publish.state import Publication
from appdp.errors import ConfigurationError
from appdp.model.handoff import release_registry_parameter
from appdp.model.publication import LatestRelease, PipelineManifest

PUBLISHED: Final = "Release Published"
"""The event's detail type. It is sent at least once: a publication that was killed and resumed may send it again."""


def register(
    state: Publication,
    manifest: PipelineManifest,
    released: Mapping[str, ReleasedImage],
    unchanged: Mapping[str, tuple[str, ...]],
    ports: PublishPorts,
) -> None:
    """Write the parameter, then send the event: whoever gets the event finds the parameter."""
    name = release_registry_parameter(manifest.application)
    # Written only when it differs: every write is an entry of its history.
    if _named(ports.parameters.get(name)) != state.commit:
        latest = LatestRelease(release=state.commit, published_at=ports.clock.now(), pipeline=manifest.pipeline)
        ports.parameters.put(name, latest.to_json())
    ports.events.put(
        PUBLISHED,
        {
            "application": manifest.application,
            "pipeline": manifest.pipeline,
            "commit": state.commit,
            "source": state.source,
            "created": state.created,
            "images": {image: one.digest for image, one in released.items()},
            "unchanged": {environment: list(images) for environment, images in unchanged.items()},
        },
    )


def _named(text: str | None) -> str | None:
    """The release that the parameter names; None also for a value that is none, which is then replaced."""
    try:
        return None if text is None else LatestRelease.from_json(text).release
    except ConfigurationError:
        return None
