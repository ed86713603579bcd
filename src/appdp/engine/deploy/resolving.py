"""Find a release's images in every repository that needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from appdp.engine.deploy.content import Contents
from appdp.engine.ports import Registry
from appdp.errors import NotFound, Refused
from appdp.model.environment import DeployerManifest
from appdp.model.handoff import is_release


def resolve_release(
    release: str, used: Sequence[str], deployer: DeployerManifest, contents: Contents, registry: Registry
) -> dict[str, str]:
    """Image name → digest, for every image of the application that carries the release.

    Args:
        release: the release's tag.
        used: the images that some service, schedule or job uses; each must carry the release.

    Raises:
        NotFound: no image carries it; lists the releases that there are.
        Refused: some used images carry it and some do not.
    """
    found = {name: contents.resolve(name, release) for name in sorted(deployer.images)}
    digests = {name: image.digest for name, image in found.items() if image is not None}
    missing = [name for name in used if name not in digests]
    if not digests:
        known = known_releases((*used, *sorted(deployer.images))[0], deployer, registry)
        raise NotFound("release", release, known, hint="List them with 'appdp releases'.")
    if not missing:
        return digests
    faults = [_missing(name, release, deployer, digests) for name in missing]
    raise Refused("\n".join(faults), hint=f"Build and publish {release!r} again, or deploy a release that is complete.")


def known_releases(image: str, deployer: DeployerManifest, registry: Registry) -> tuple[str, ...]:
    """The releases that one image carries, newest first."""
    at = deployer.images[image]
    images = registry.images(at.registry_id, at.region, at.repository)
    return tuple(tag for one in images for tag in one.tags if is_release(tag))


def _missing(name: str, release: str, deployer: DeployerManifest, digests: Mapping[str, str]) -> str:
    at = deployer.images[name]
    have = ", ".join(sorted(digests))
    where = f"{at.registry}/{at.repository}"
    return f"Image {name!r} has no tag {release!r} in repository {where}; these images have it: {have}."
