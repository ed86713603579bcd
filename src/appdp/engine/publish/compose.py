"""One index for each image of a release, over the images that were built for each architecture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appdp.engine.publish.manifests import INDEX_TYPE, Descriptor, Listing, entries, listing, plain
from appdp.engine.publish.ports import Manifest, PublishPorts, TagTaken
from appdp.engine.publish.state import Publication
from appdp.errors import Refused
from appdp.model.publication import PublishedImage


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedImage:
    """One image of the release, as the registry holds it.

    Args:
        digest: digest of the index.
        platforms: platform → digest of the image that runs there.
    """

    digest: str
    platforms: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """What is there already, or the index that is to be pushed."""

    there: ReleasedImage | None = None
    content: bytes = b""
    platforms: Mapping[str, str]


def release_images(
    state: Publication, images: Mapping[str, PublishedImage], ports: PublishPorts
) -> dict[str, ReleasedImage]:
    """Image name → what the release's tag names. What carries the tag already is taken, the rest composed and pushed.

    Nothing is pushed before everything was found, so that a build which is incomplete leaves no half of a release.

    Raises:
        Refused: an image, or one of its platforms, is missing; tells all of them.
    """
    prepared: dict[str, _Prepared] = {}
    faults: list[str] = []
    for name, image in images.items():
        try:
            prepared[name] = _prepare(state, name, image, ports)
        except Refused as fault:
            faults.append(fault.message)
    if faults:
        raise Refused("\n".join(faults), hint="Correct this and release the change again; nothing was registered.")
    return {name: one.there or _push(state, name, images[name], one, ports) for name, one in prepared.items()}


def index_of(state: Publication, parts: Iterable[Descriptor]) -> bytes:
    """The index's bytes: the same for the same parts and commit, so that doing it again gives the same digest.

    See: https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    annotations = {
        "org.opencontainers.image.created": state.created,
        "org.opencontainers.image.revision": state.commit,
        "org.opencontainers.image.source": state.source_url,
    }
    index = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [dict(part) for part in parts],
        "annotations": {name: value for name, value in annotations.items() if value},
    }
    return json.dumps(index, sort_keys=True, separators=(",", ":")).encode()


def _prepare(state: Publication, name: str, image: PublishedImage, ports: PublishPorts) -> _Prepared:
    there = ports.distribution.manifest(image, state.commit)
    if there is not None:
        taken = _taken(state, name, image, there, ports)
        return _Prepared(there=taken, platforms=taken.platforms)
    parts: list[Descriptor] = []
    platforms: dict[str, str] = {}
    faults: list[str] = []
    for platform in image.platforms:
        try:
            built = _built(state, name, image, platform, ports)
        except Refused as fault:
            faults.append(fault.message)
            continue
        parts += built.parts(platform)
        platforms[platform] = built.digests[platform]
    if faults:
        raise Refused("\n".join(faults))
    return _Prepared(content=index_of(state, parts), platforms=platforms)


def _push(
    state: Publication, name: str, image: PublishedImage, prepared: _Prepared, ports: PublishPorts
) -> ReleasedImage:
    try:
        digest = ports.distribution.put(image, state.commit, prepared.content, INDEX_TYPE)
    except TagTaken:
        # Somebody else published this commit meanwhile, or we did and were killed: what is there is the release.
        there = ports.distribution.manifest(image, state.commit)
        if there is None:
            raise
        return _taken(state, name, image, there, ports)
    return ReleasedImage(digest=digest, platforms=prepared.platforms)


def _taken(state: Publication, name: str, image: PublishedImage, there: Manifest, ports: PublishPorts) -> ReleasedImage:
    have = _listed(image, there, ports).digests
    missing = [platform for platform in image.platforms if platform not in have]
    if missing:
        raise Refused(
            f"Image {name!r}: the tag {state.commit!r} in {image.registry}/{image.repository} names {there.digest}, "
            f"which is for {_shown(have)}, not for {', '.join(missing)}. An immutable tag cannot be corrected: delete "
            f"that tag and publish again, or publish a new commit."
        )
    return ReleasedImage(digest=there.digest, platforms={platform: have[platform] for platform in image.platforms})


def _built(state: Publication, name: str, image: PublishedImage, platform: str, ports: PublishPorts) -> Listing:
    """What was built for one architecture."""
    tag = f"{state.commit}-{platform.rpartition('/')[2]}"
    where = f"{image.registry}/{image.repository}"
    found = ports.distribution.manifest(image, tag)
    if found is None:
        raise Refused(
            f"Image {name!r} has no tag {tag!r} in {where}: the build for {platform} did not push it. "
            f"Look at that build's log, and run the build again."
        )
    have = _listed(image, found, ports)
    if platform not in have.images:
        raise Refused(
            f"Image {name!r}: the tag {tag!r} in {where} is for {_shown(have.images)}, not for {platform}. "
            f"Make the Dockerfile's FROM follow the platform, delete that tag, and run the build again."
        )
    return have


def _listed(image: PublishedImage, manifest: Manifest, ports: PublishPorts) -> Listing:
    found = entries(manifest)
    if found is not None:
        return listing(found)
    # A plain image says what it is for in its configuration, which is a blob of its own.
    known = ports.registry.resolve(image.registry_id, image.region, image.repository, manifest.digest)
    platform = next(iter(known.platforms), "") if known else ""
    return plain(manifest, platform) if platform else Listing(images={}, attached={})


def _shown(platforms: Iterable[str]) -> str:
    return ", ".join(sorted(platforms)) or "no platform"
