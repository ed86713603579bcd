"""What each environment runs, and which images of a release are the same there."""

from __future__ import annotations

from collections.abc import Mapping

from appdp.engine.deploy.content import Contents
from appdp.engine.publish.compose import ReleasedImage
from appdp.engine.publish.ports import PublishPorts
from appdp.model.handoff import is_release, release_parameter
from appdp.model.publication import PipelineManifest


def running_releases(manifest: PipelineManifest, ports: PublishPorts) -> dict[str, str]:
    """Environment → the release that it runs; one that had none yet is left out."""
    found = {
        name: ports.parameters.get(release_parameter(manifest.application, name)) for name in manifest.environments
    }
    return {name: release for name, release in found.items() if release is not None and is_release(release)}


def unchanged_images(
    manifest: PipelineManifest,
    released: Mapping[str, ReleasedImage],
    running: Mapping[str, str],
    ports: PublishPorts,
) -> dict[str, tuple[str, ...]]:
    """Environment → the images whose every platform is what the environment's release has; none before its first."""
    contents = Contents(ports.registry, manifest.images)
    return {
        environment: tuple(
            name
            for name, image in released.items()
            if environment in running and _same(image, contents, name, running[environment])
        )
        for environment in manifest.environments
    }


def _same(image: ReleasedImage, contents: Contents, name: str, running: str) -> bool:
    found = contents.resolve(name, running)
    return found is not None and all(
        found.platforms.get(platform) == digest for platform, digest in image.platforms.items()
    )
