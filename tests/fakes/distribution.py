"""A registry's distribution API in dictionaries, and the registry that looks into the same repositories."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from appdp.engine.ports import RegistryImage
from appdp.engine.publish.manifests import INDEX_TYPE, entries, listing
from appdp.engine.publish.ports import Manifest, TagTaken
from appdp.model.environment import ImageRepository

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def sha256(content: bytes) -> str:
    """The digest of some content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class FakeDistribution:
    """Repositories by name, with immutable tags.

    ``pushed`` lists what was stored anew, as (repository, tag, digest); ``configured`` says what platform a plain image
    is for.
    """

    def __init__(self) -> None:
        self.manifests: dict[str, dict[str, Manifest]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.pushed: list[tuple[str, str, str]] = []
        self.configured: dict[str, str] = {}

    def manifest(self, at: ImageRepository, reference: str) -> Manifest | None:
        digest = reference if reference.startswith("sha256:") else self.tags.get(at.repository, {}).get(reference, "")
        return self.manifests.get(at.repository, {}).get(digest)

    def put(self, at: ImageRepository, tag: str, content: bytes, media_type: str) -> str:
        digest = sha256(content)
        tags = self.tags.setdefault(at.repository, {})
        if tags.get(tag, digest) != digest:
            raise TagTaken(f"The registry refused the tag of {at.repository}:{tag}: the tag is immutable")
        if tag not in tags:
            self.pushed.append((at.repository, tag, digest))
        self.store(at.repository, content, media_type)
        tags[tag] = digest
        return digest

    def store(self, repository: str, content: bytes, media_type: str = MANIFEST_TYPE) -> str:
        """Hold a manifest without a tag."""
        digest = sha256(content)
        found = Manifest(content=content, media_type=media_type, digest=digest)
        self.manifests.setdefault(repository, {})[digest] = found
        return digest

    def build(self, at: ImageRepository, tag: str, platform: str, *, content: str, attested: bool = True) -> str:
        """What a build for one architecture pushes; returns the digest of the image that runs."""
        image = json.dumps({"image": f"{at.repository} {content} {platform}"}).encode()
        digest = self.store(at.repository, image)
        if not attested:
            self.configured[digest] = platform
            self.tags.setdefault(at.repository, {})[tag] = digest
            return digest
        about = json.dumps({"attestation": digest}).encode()
        self.store(at.repository, about)
        index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry(image, platform), attestation(about)]}
        index["manifests"][1]["annotations"]["vnd.docker.reference.digest"] = digest  # type: ignore[index]  # as made above
        self.put(at, tag, json.dumps(index).encode(), INDEX_TYPE)
        return digest

    def digest(self, repository: str, tag: str) -> str | None:
        """What a tag names."""
        return self.tags.get(repository, {}).get(tag)


class FakeDistributionRegistry:
    """Amazon ECR's own API over a :class:`FakeDistribution`."""

    def __init__(self, distribution: FakeDistribution) -> None:
        self._distribution = distribution

    def resolve(self, registry_id: str, region: str, repository: str, tag: str) -> RegistryImage | None:
        at = ImageRepository(registry="", repository=repository, registry_id=registry_id, region=region)
        found = self._distribution.manifest(at, tag)
        if found is None:
            return None
        listed = entries(found)
        if listed is not None:
            return RegistryImage(digest=found.digest, platforms=listing(listed).digests)
        platform = self._distribution.configured.get(found.digest)
        return RegistryImage(digest=found.digest, platforms={platform: found.digest} if platform else {})

    def images(self, registry_id: str, region: str, repository: str) -> tuple[RegistryImage, ...]:
        tags = self._distribution.tags.get(repository, {})
        return tuple(RegistryImage(digest=digest, tags=(tag,)) for tag, digest in tags.items())

    def move_tag(self, registry_id: str, region: str, repository: str, *, digest: str, tag: str) -> None:
        self._distribution.tags.setdefault(repository, {})[tag] = digest


def entry(content: bytes, platform: str) -> dict[str, Any]:
    """An index's entry for one image."""
    system, architecture = platform.split("/")
    return {
        "mediaType": MANIFEST_TYPE,
        "digest": sha256(content),
        "size": len(content),
        "platform": {"os": system, "architecture": architecture},
    }


def attestation(content: bytes) -> dict[str, Any]:
    """An index's entry for an attestation, as BuildKit writes it; what it is about is to be added."""
    return {**entry(content, "unknown/unknown"), "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
