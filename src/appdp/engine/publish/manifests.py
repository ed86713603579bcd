"""Read what a registry holds: one image, or an index over images and what is attached to them.

See: https://github.com/opencontainers/image-spec/blob/main/image-index.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from appdp.engine.publish.ports import Manifest
from appdp.errors import Refused

Descriptor = Mapping[str, Any]

INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"

ATTACHED_TO: Final = ("vnd.docker.reference.digest", "com.amazon.soci.image-manifest-digest")
"""Annotations of an index's entries that name the image which the entry belongs to: attestations, and SOCI indexes.

See: https://docs.docker.com/build/metadata/attestations/attestation-storage/ and
https://github.com/awslabs/soci-snapshotter/blob/main/docs/soci-index-manifest-v2.md
"""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What an index holds.

    Args:
        images: platform → the entry of its image.
        attached: digest of an image → the entries that belong to it, in the index's order.
    """

    images: Mapping[str, Descriptor]
    attached: Mapping[str, tuple[Descriptor, ...]]

    @property
    def digests(self) -> dict[str, str]:
        """Platform → digest of its image."""
        return {platform: str(entry["digest"]) for platform, entry in self.images.items()}

    def parts(self, platform: str) -> tuple[Descriptor, ...]:
        """A platform's image, followed by what is attached to it."""
        image = self.images[platform]
        return (image, *self.attached.get(str(image["digest"]), ()))


def entries(manifest: Manifest) -> tuple[Descriptor, ...] | None:
    """The entries of an index, or None for a plain image.

    Raises:
        Refused: the content is neither.
    """
    try:
        data = json.loads(manifest.content)
    except ValueError:  # a UnicodeDecodeError is one, too
        data = None
    if not isinstance(data, dict):
        raise Refused(f"{manifest.digest} is not a manifest: {manifest.content[:80]!r}.")
    listed = data.get("manifests")
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(_is_descriptor(entry) for entry in listed):
        raise Refused(f"The index {manifest.digest} has entries that are not descriptors.")
    return tuple(listed)


def listing(found: Sequence[Descriptor]) -> Listing:
    """Sort an index's entries into images and what is attached to them."""
    images: dict[str, Descriptor] = {}
    attached: dict[str, tuple[Descriptor, ...]] = {}
    for entry in found:
        subject = _subject(entry)
        platform = platform_of(entry)
        if subject:
            attached[subject] = (*attached.get(subject, ()), entry)
        elif platform and not entry.get("artifactType"):
            images.setdefault(platform, entry)
    return Listing(images=images, attached=attached)


def plain(manifest: Manifest, platform: str) -> Listing:
    """A plain image as an index would list it."""
    system, _, architecture = platform.partition("/")
    entry = {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.content),
        "platform": {"architecture": architecture, "os": system},
    }
    return Listing(images={platform: entry}, attached={})


def platform_of(entry: Descriptor) -> str:
    """Such as ``linux/arm64``; empty for what has no platform, as attestations."""
    fields = entry.get("platform") or {}
    system, architecture = fields.get("os"), fields.get("architecture")
    if not system or not architecture or "unknown" in (system, architecture):
        return ""
    # v8 is the only arm64 there is, and tools differ in whether they write it.
    variant = fields.get("variant") if architecture == "arm" else ""
    return f"{system}/{architecture}/{variant}" if variant else f"{system}/{architecture}"


def _subject(entry: Descriptor) -> str:
    annotations = entry.get("annotations") or {}
    return next((str(annotations[name]) for name in ATTACHED_TO if annotations.get(name)), "")


def _is_descriptor(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("mediaType"), str)
        and isinstance(entry.get("size"), int)
        and isinstance(entry.get("digest"), str)
        and _DIGEST.fullmatch(entry["digest"]) is not None
        and isinstance(entry.get("platform") or {}, dict)
        and isinstance(entry.get("annotations") or {}, dict)
    )
