"""What each environment runs, and what of it a release changes: images, and the schedules that run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from appdp.engine.deploy.content import Contents
from appdp.engine.publish.compose import ReleasedImage
from appdp.engine.publish.ports import PublishPorts
from appdp.engine.publish.scheduled import repointed_schedules
from appdp.errors import RemoteError
from appdp.model.handoff import is_release, release_parameter
from appdp.model.publication import PipelineManifest


@dataclass(slots=True, kw_only=True)
class Unchanged:
    """What is known about the environments.

    Args:
        images: environment → the images whose every platform is what the environment's release has; none before its
            first, and none when it cannot be read.
        running: environment → the release that it runs; one that had none yet, or that cannot be read, is left out.
        schedules: environment that runs a release → the schedules that would run other images from this release on;
            None where they cannot be read.
        unread: environment → why it cannot be read.
    """

    images: dict[str, tuple[str, ...]] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)
    schedules: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def unchanged_images(
    manifest: PipelineManifest, released: Mapping[str, ReleasedImage], ports: PublishPorts
) -> Unchanged:
    """Compare a release with what each environment runs.

    An environment elsewhere that cannot be read, because its deployer is not there yet or its region does not answer,
    is told and counts as one that runs nothing. The comparison only informs, and the environment's own stage fails with
    the same reason; a publication that failed instead would keep the release from all other environments.

    Raises:
        RemoteError: an environment of the pipeline's own account and region cannot be read.
    """
    contents = Contents(ports.registry, manifest.images)
    found = Unchanged()
    for name in manifest.environments:
        try:
            running = _running(name, manifest, ports)
        except RemoteError as error:
            if name not in manifest.elsewhere:
                raise
            running, found.unread[name] = None, error.message
        found.images[name] = () if running is None else _same_as(running, released, contents)
        if running is not None:
            found.running[name] = running
            found.schedules[name] = repointed_schedules(manifest, name, found.images[name], ports)
    return found


def _running(environment: str, manifest: PipelineManifest, ports: PublishPorts) -> str | None:
    name, place = release_parameter(manifest.application, environment), manifest.elsewhere.get(environment)
    running = ports.parameters.get(name) if place is None else ports.elsewhere.parameter(place, name)
    return running if running is not None and is_release(running) else None


def _same_as(running: str, released: Mapping[str, ReleasedImage], contents: Contents) -> tuple[str, ...]:
    return tuple(name for name, image in released.items() if _same(image, contents, name, running))


def _same(image: ReleasedImage, contents: Contents, name: str, running: str) -> bool:
    found = contents.resolve(name, running)
    return found is not None and all(
        found.platforms.get(platform) == digest for platform, digest in image.platforms.items()
    )
