"""An image registry in dictionaries, which also knows how each image's containers behave."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from enum import StrEnum

from appdp.engine.ports import RegistryImage

BOTH = ("linux/amd64", "linux/arm64")


class Behaviour(StrEnum):
    """What the containers of an image do."""

    RUNS = "runs"
    EXITS = "exits"
    UNHEALTHY = "unhealthy"
    NEVER_STARTS = "never_starts"
    CANNOT_BE_PULLED = "cannot_be_pulled"
    DIES_LATER = "dies_later"
    """Is healthy for some seconds, then ends."""


def digest_of(text: str) -> str:
    """A digest, the same for the same text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class FakeRegistry:
    """Repositories by name. Every pushed image is an index over its platforms."""

    def __init__(self) -> None:
        self._images: dict[str, dict[str, RegistryImage]] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self._pushes = 0

    def push(
        self,
        repository: str,
        tag: str,
        *,
        content: str = "",
        platforms: tuple[str, ...] = BOTH,
        behaviour: Behaviour = Behaviour.RUNS,
    ) -> str:
        """Push an image; returns the index's digest. The same ``content`` gives the same platform manifests."""
        self._pushes += 1
        manifests = {name: digest_of(f"{repository} {content or tag} {name}") for name in platforms}
        digest = digest_of(f"{repository} {tag} {sorted(manifests.values())}")
        image = RegistryImage(digest=digest, platforms=manifests, pushed_at=float(self._pushes))
        self._images.setdefault(repository, {})[digest] = image
        self._tags.setdefault(repository, {})[tag] = digest
        self._behaviours[digest] = behaviour
        return digest

    def resolve(self, registry_id: str, region: str, repository: str, tag: str) -> RegistryImage | None:
        digest = tag if tag.startswith("sha256:") else self._tags.get(repository, {}).get(tag, "")
        return self._images.get(repository, {}).get(digest)

    def images(self, registry_id: str, region: str, repository: str) -> tuple[RegistryImage, ...]:
        tags: dict[str, list[str]] = {}
        for tag, digest in self._tags.get(repository, {}).items():
            tags.setdefault(digest, []).append(tag)
        found = [
            replace(self._images[repository][digest], tags=tuple(names), platforms={}) for digest, names in tags.items()
        ]
        return tuple(sorted(found, key=lambda image: image.pushed_at, reverse=True))

    def move_tag(self, registry_id: str, region: str, repository: str, *, digest: str, tag: str) -> None:
        self._tags.setdefault(repository, {})[tag] = digest

    def forget(self, repository: str, tag: str) -> None:
        """Delete a tag."""
        self._tags.get(repository, {}).pop(tag, None)

    def tag(self, repository: str, tag: str) -> str | None:
        """The digest that a tag names."""
        return self._tags.get(repository, {}).get(tag)

    def pull(self, reference: str) -> str | None:
        """The digest that an image reference (``host/repository:tag`` or ``…@digest``) stands for, or None."""
        _, _, path = reference.partition("/")
        repository, _, tag = path.partition("@" if "@" in path else ":")
        found = self.resolve("", "", repository, tag)
        return found.digest if found else None

    def behaviour(self, digest: str | None) -> Behaviour:
        """How containers of an image behave; one that does not exist cannot be pulled."""
        return Behaviour.CANNOT_BE_PULLED if digest is None else self._behaviours.get(digest, Behaviour.RUNS)
