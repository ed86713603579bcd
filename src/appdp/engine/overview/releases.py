"""Which releases an application has, and where they run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from appdp.engine.deploy.releases import recorded_release
from appdp.engine.overview.applications import deployers
from appdp.engine.ports import Ports, RegistryImage
from appdp.model.environment import DeployerManifest
from appdp.model.handoff import is_release


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A tag that every image of the application carries.

    Args:
        tag: the release.
        pushed_at: when its last image was pushed, in seconds since the epoch.
        environments: the environments that run it.
        digests: image name → digest.
    """

    tag: str
    pushed_at: float
    environments: tuple[str, ...]
    digests: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def releases(application: str, ports: Ports) -> tuple[Release, ...]:
    """All releases that are complete in at least one environment's repositories, newest first.

    Raises:
        NotFound: there is no such application.
        Refused: a repository does not exist.
    """
    manifests = deployers(ports.parameters, application)
    runs = {environment: recorded_release(application, environment, ports) for environment in manifests}
    found: dict[str, Release] = {}
    for tags in _listings(manifests.values(), ports):
        for tag in set.intersection(*(set(images) for images in tags.values())):
            found[tag] = Release(
                tag=tag,
                pushed_at=max(images[tag].pushed_at for images in tags.values()),
                environments=tuple(sorted(environment for environment, release in runs.items() if release == tag)),
                digests={name: images[tag].digest for name, images in sorted(tags.items())},
            )
    return tuple(sorted(found.values(), key=lambda release: (release.pushed_at, release.tag), reverse=True))


def _listings(manifests: Iterable[DeployerManifest], ports: Ports) -> Iterable[dict[str, dict[str, RegistryImage]]]:
    """Image name → tag → image, once for each set of repositories: environments usually share them."""
    seen: list[Mapping[str, object]] = []
    for manifest in manifests:
        if manifest.images in seen:
            continue
        seen.append(manifest.images)
        tags: dict[str, dict[str, RegistryImage]] = defaultdict(dict)
        for name, at in manifest.images.items():
            for image in ports.registry.images(at.registry_id, at.region, at.repository):
                tags[name] |= {tag: image for tag in image.tags if is_release(tag)}
            tags.setdefault(name, {})
        yield tags
