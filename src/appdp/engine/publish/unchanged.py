"""Which images of a release an environment runs already."""

from __future__ import annotations

from collections.abc import Mapping

from appdp.engine.deploy.content import Contents
from appdp.engine.publish.compose import ReleasedImage
from appdp.engine.publish.ports import PublishPorts
from appdp.model.handoff import SENTINEL, release_parameter
from appdp.model.publication import PipelineManifest


def unchanged_images(
    manifest: PipelineManifest, released: Mapping[str, ReleasedImage], ports: PublishPorts
) -> dict[str, tuple[str, ...]]:
    """Environment → the images whose every platform is what the environment's release has; none before its first."""
    contents = Contents(ports.registry, manifest.images)
    return {name: _in_environment(name, manifest, released, contents, ports) for name in manifest.environments}


def _in_environment(
    environment: str,
    manifest: PipelineManifest,
    released: Mapping[str, ReleasedImage],
    contents: Contents,
    ports: PublishPorts,
) -> tuple[str, ...]:
    running = ports.parameters.get(release_parameter(manifest.application, environment))
    if running is None or running == SENTINEL:
        return ()
    return tuple(name for name, image in released.items() if _same(image, contents, name, running))


def _same(image: ReleasedImage, contents: Contents, name: str, running: str) -> bool:
    found = contents.resolve(name, running)
    return found is not None and all(
        found.platforms.get(platform) == digest for platform, digest in image.platforms.items()
    )
