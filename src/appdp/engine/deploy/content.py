"""Whether two image digests are the same content.

Every release has an index of its own, because the index's annotations name the commit. What a task runs is the
manifest of its platform, and that one keeps its digest when the image did not change. So images are compared by their
platform's manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appdp.engine.ports import Registry, RegistryImage
from appdp.model.environment import ImageRepository

_PLATFORMS: Final = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}
"""See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html (cpuArchitecture)."""


def platform_of(definition: Mapping[str, Any]) -> str:
    """The platform that a task definition runs on; X86_64 is ECS's default."""
    runtime = definition.get("runtimePlatform") or {}
    architecture = runtime.get("cpuArchitecture", "X86_64")
    return _PLATFORMS.get(architecture, f"linux/{architecture.lower()}")


class Contents:
    """What tags and digests of an application's images stand for; remembers what the registry answered.

    Args:
        registry: where to ask.
        repositories: image name → where it lives.
    """

    def __init__(self, registry: Registry, repositories: Mapping[str, ImageRepository]) -> None:
        self._registry = registry
        self._repositories = repositories
        self._known: dict[tuple[str, str], RegistryImage | None] = {}

    def resolve(self, image: str, reference: str) -> RegistryImage | None:
        """The image that a tag or digest names in the image's repository, or None."""
        key = (image, reference)
        if key not in self._known:
            at = self._repositories[image]
            self._known[key] = self._registry.resolve(at.registry_id, at.region, at.repository, reference)
        return self._known[key]

    def same(self, image: str, running: str, wanted: str, platform: str) -> bool:
        """Whether the digest that runs holds what the wanted one holds, on one platform."""
        if running == wanted:
            return True
        return self._manifest(image, running, platform) == self._manifest(image, wanted, platform)

    def _manifest(self, image: str, digest: str, platform: str) -> str:
        found = self.resolve(image, digest)
        return digest if found is None else found.platforms.get(platform, digest)
