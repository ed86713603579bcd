"""Releases of images that were converted to SOCI: Fargate finds each SOCI index where the conversion put it."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from appdp.engine.publish.compose import release_images
from appdp.engine.publish.manifests import INDEX_TYPE
from tests.fakes.distribution import attestation, entry
from tests.fakes.publishing import BOTH, FakePublishing, published_image

SOCI = "application/vnd.amazon.soci.index.v2+json"


def built(publishing: FakePublishing, platform: str, order: Random, *, converted: bool, attested: bool) -> list[Any]:
    """What a build with SOCI pushes for one platform; returns its entries."""
    at = published_image("web")

    def stored(text: str, kind: str) -> dict[str, Any]:
        content = f"{text} {platform}".encode()
        publishing.distribution.store(at.repository, content)
        return entry(content, kind)

    image = stored("image", platform)
    entries = [image]
    if converted:
        index = {**stored("soci", platform), "artifactType": SOCI}
        image["annotations"] = {"com.amazon.soci.index-digest": index["digest"]}
        entries.append({**index, "annotations": {"com.amazon.soci.image-manifest-digest": image["digest"]}})
    if attested:
        about = attestation(b"about " + platform.encode())
        publishing.distribution.store(at.repository, b"about " + platform.encode())
        about["annotations"]["vnd.docker.reference.digest"] = image["digest"]
        entries.append(about)
    order.shuffle(entries)
    content = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}).encode()
    publishing.distribution.put(at, f"c1-{platform.rpartition('/')[2]}", content, INDEX_TYPE)
    return entries


@given(st.tuples(st.booleans(), st.booleans()), st.booleans(), st.randoms())
def test_a_release_keeps_every_entry_of_its_builds_as_it_was(
    converted: tuple[bool, bool], attested: bool, order: Random
) -> None:
    publishing = FakePublishing("web")
    # An image may be over the threshold on one platform, and under it on the other.
    wanted = [
        one
        for platform, soci in zip(BOTH, converted, strict=True)
        for one in built(publishing, platform, order, converted=soci, attested=attested)
    ]
    released = release_images(publishing.begin("c1"), publishing.manifest.images, publishing.ports)["web"]
    index = json.loads(publishing.distribution.manifests["shop/web"][released.digest].content)
    listed = index["manifests"]
    assert sorted(listed, key=_digest) == sorted(wanted, key=_digest)
    for one in listed:
        about = one.get("annotations", {}).get("com.amazon.soci.image-manifest-digest")
        if about:
            # A client that takes the first entry of its platform must get the image, not its SOCI index.
            image = next(other for other in listed if other["platform"] == one["platform"])
            assert image["digest"] == about == released.platforms[f"linux/{one['platform']['architecture']}"]
            assert image["annotations"]["com.amazon.soci.index-digest"] == one["digest"]


def _digest(one: dict[str, Any]) -> str:
    return str(one["digest"])
