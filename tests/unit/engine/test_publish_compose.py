"""The index of a release: its bytes, what it is made of, and what cannot be one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appdp.engine.publish.compose import index_of, release_images
from appdp.engine.publish.manifests import INDEX_TYPE, entries, listing, platform_of
from appdp.engine.publish.ports import Manifest, TagTaken
from appdp.errors import Refused
from appdp.model.environment import ImageRepository
from tests.fakes.distribution import MANIFEST_TYPE, FakeDistribution, attestation, entry, sha256
from tests.fakes.publishing import BOTH, CREATED, HOST, FakePublishing, published_image

GOLDEN = (
    b'{"annotations":{"org.opencontainers.image.created":"2026-11-24T09:30:00+00:00",'
    b'"org.opencontainers.image.revision":"c1","org.opencontainers.image.source":"https://github.com/acme/shop"},'
    b'"manifests":['
    b'{"digest":"sha256:%(amd)s","mediaType":"application/vnd.oci.image.manifest.v1+json",'
    b'"platform":{"architecture":"amd64","os":"linux"},"size":3},'
    b'{"digest":"sha256:%(arm)s","mediaType":"application/vnd.oci.image.manifest.v1+json",'
    b'"platform":{"architecture":"arm64","os":"linux"},"size":3}],'
    b'"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}'
)


def composed(publishing: FakePublishing, name: str, commit: str = "c1") -> dict[str, Any]:
    """The index that a release's tag names."""
    found = publishing.distribution.manifest(published_image(name), commit)
    assert found is not None
    assert found.media_type == INDEX_TYPE
    return dict(json.loads(found.content))


def refused(publishing: FakePublishing, commit: str = "c1") -> str:
    """Why a release cannot be made; nothing may be pushed for it."""
    before = list(publishing.distribution.pushed)
    with pytest.raises(Refused) as raised:
        release_images(publishing.begin(commit), publishing.manifest.images, publishing.ports)
    assert publishing.distribution.pushed == before
    assert raised.value.hint
    return raised.value.message


def test_the_bytes_are_the_same_for_the_same_parts() -> None:
    state = FakePublishing().begin("c1")
    content = index_of(state, [entry(b"amd", BOTH[0]), entry(b"arm", BOTH[1])])
    wanted = GOLDEN % {b"amd": sha256(b"amd")[7:].encode(), b"arm": sha256(b"arm")[7:].encode()}
    assert content == wanted
    assert sha256(content) == "sha256:df502b2306ce84da2bcb1f1726570609ab313aecb9386357f0e4a937f99d0ee8"


def test_a_source_that_is_not_known_is_left_out_and_an_address_kept() -> None:
    state = FakePublishing().begin("c1")
    assert "source" not in index_of(replace(state, source=""), []).decode()
    other = index_of(replace(state, source="https://git.example/x"), []).decode()
    assert '"org.opencontainers.image.source":"https://git.example/x"' in other


def test_images_follow_the_declared_order_and_attestations_their_image() -> None:
    publishing = FakePublishing("web")
    publishing.build("c1")
    released = release_images(publishing.begin("c1"), publishing.manifest.images, publishing.ports)
    index = composed(publishing, "web")
    shown = [platform_of(one) or one["annotations"]["vnd.docker.reference.digest"] for one in index["manifests"]]
    amd, arm = (publishing.platform_digest("web", "c1", platform) for platform in BOTH)
    assert shown == [BOTH[0], amd, BOTH[1], arm]
    assert index["annotations"]["org.opencontainers.image.created"] == CREATED
    assert released["web"].platforms == {BOTH[0]: amd, BOTH[1]: arm}
    assert released["web"].digest == publishing.distribution.digest("shop/web", "c1")


def test_an_image_that_did_not_change_keeps_its_digests_in_another_index() -> None:
    publishing = FakePublishing("web")
    for commit in ("c1", "c2"):
        publishing.build(commit, web="same")
    first, second = (
        release_images(publishing.begin(commit), publishing.manifest.images, publishing.ports)["web"]
        for commit in ("c1", "c2")
    )
    assert first.platforms == second.platforms
    assert first.digest != second.digest


def test_plain_images_get_their_platform_from_their_configuration() -> None:
    publishing = FakePublishing("web")
    publishing.build("c1", attested=False)
    release_images(publishing.begin("c1"), publishing.manifest.images, publishing.ports)
    found = composed(publishing, "web")["manifests"]
    assert [one["platform"] for one in found] == [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm64"},
    ]
    held = publishing.distribution.manifests["shop/web"]
    assert [one["size"] for one in found] == [len(held[one["digest"]].content) for one in found]
    assert {one["mediaType"] for one in found} == {MANIFEST_TYPE}


def test_a_soci_index_stays_with_its_image() -> None:
    image, soci = entry(b"i", "linux/amd64"), {**entry(b"s", "linux/amd64"), "artifactType": "soci"}
    soci["annotations"] = {"com.amazon.soci.image-manifest-digest": image["digest"]}
    assert listing([soci, image]).parts("linux/amd64") == (image, soci)


def test_what_belongs_to_nothing_is_no_image() -> None:
    image = entry(b"i", "linux/amd64")
    listed = listing([attestation(b"about nothing"), {**entry(b"a", "linux/arm64"), "artifactType": "sbom"}, image])
    assert listed.digests == {"linux/amd64": image["digest"]}
    assert listed.attached == {}


def test_what_carries_the_tag_already_is_taken_as_it_is() -> None:
    publishing = FakePublishing("web")
    publishing.build("c1", web="first")
    state = publishing.begin("c1")
    first = release_images(state, publishing.manifest.images, publishing.ports)
    publishing.distribution.tags["shop/web"].pop("c1-amd64")
    publishing.distribution.pushed.clear()
    assert release_images(state, publishing.manifest.images, publishing.ports) == first
    assert publishing.distribution.pushed == []


class Racing(FakeDistribution):
    """Another run pushes its index between our look and our push."""

    def __init__(self, *, shown: bool = True) -> None:
        super().__init__()
        self.shown = shown

    def put(self, at: ImageRepository, tag: str, content: bytes, media_type: str) -> str:
        if tag != "c1":
            return super().put(at, tag, content, media_type)
        if self.shown:
            super().put(at, tag, content + b" ", media_type)
        raise TagTaken("The registry refused the tag")


@pytest.mark.parametrize("shown", [True, False])
def test_an_index_that_somebody_else_pushed_meanwhile_is_taken(shown: bool) -> None:
    publishing = FakePublishing("web", distribution=Racing(shown=shown))
    publishing.build("c1")
    if shown:
        released = release_images(publishing.begin("c1"), publishing.manifest.images, publishing.ports)
        assert released["web"].digest == publishing.distribution.digest("shop/web", "c1")
    else:
        with pytest.raises(TagTaken):
            release_images(publishing.begin("c1"), publishing.manifest.images, publishing.ports)


def test_every_missing_build_is_told_at_once_and_nothing_is_pushed() -> None:
    publishing = FakePublishing("web", "api", "job")
    publishing.build("c1")
    publishing.distribution.tags["shop/api"].pop("c1-arm64")
    publishing.distribution.tags["shop/job"].clear()
    lines = refused(publishing).splitlines()
    assert [line.partition(" in ")[0] for line in lines] == [
        "Image 'api' has no tag 'c1-arm64'",
        "Image 'job' has no tag 'c1-amd64'",
        "Image 'job' has no tag 'c1-arm64'",
    ]
    assert f"in {HOST}/shop/api: the build for linux/arm64 did not push it" in lines[0]


@pytest.mark.parametrize("attested", [True, False])
def test_a_build_for_the_wrong_platform(attested: bool) -> None:
    publishing = FakePublishing("web")
    image = published_image("web")
    publishing.distribution.build(image, "c1-amd64", "linux/amd64", content="x", attested=attested)
    publishing.distribution.build(image, "c1-arm64", "linux/amd64", content="x", attested=attested)
    said = refused(publishing)
    assert f"the tag 'c1-arm64' in {HOST}/shop/web is for linux/amd64, not for linux/arm64" in said
    assert "FROM follow the platform" in said


def test_a_build_that_is_no_image() -> None:
    publishing = FakePublishing("web")
    publishing.build("c1", attested=False)
    publishing.distribution.configured.clear()
    assert "is for no platform, not for linux/amd64" in refused(publishing)


def test_a_released_tag_that_lacks_a_platform() -> None:
    publishing = FakePublishing("web")
    index = json.dumps({"manifests": [entry(b"amd", BOTH[0])]}).encode()
    publishing.distribution.put(published_image("web"), "c1", index, INDEX_TYPE)
    said = refused(publishing)
    assert f"names {sha256(index)}, which is for linux/amd64, not for linux/arm64" in said
    assert "delete that tag and publish again" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "is not a manifest"),
        (b"[]", "is not a manifest"),
        (b'{"manifests": 1}', "entries that are not descriptors"),
        (b'{"manifests": [{"digest": "sha256:1"}]}', "entries that are not descriptors"),
    ],
)
def test_content_that_is_no_manifest(content: bytes, said: str) -> None:
    publishing = FakePublishing("web")
    publishing.distribution.put(published_image("web"), "c1-amd64", content, INDEX_TYPE)
    publishing.distribution.put(published_image("web"), "c1-arm64", content, INDEX_TYPE)
    assert said in refused(publishing)


@pytest.mark.parametrize(
    ("platform", "shown"),
    [
        ({"os": "linux", "architecture": "arm64", "variant": "v8"}, "linux/arm64"),
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, "linux/arm/v7"),
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "unknown", "architecture": "unknown"}, ""),
        ({"os": "linux"}, ""),
        (None, ""),
    ],
)
def test_platforms(platform: dict[str, str] | None, shown: str) -> None:
    assert platform_of({"platform": platform}) == shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(sha256(b"x")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["manifests", "digest", "mediaType", "size", "platform", "annotations", "os", "variant"]),
            inner,
            max_size=8,
        )
    ),
    max_leaves=20,
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
def test_any_content_is_read_or_refused(content: bytes) -> None:
    try:
        found = entries(Manifest(content=content, media_type="", digest=sha256(content)))
    except Refused:
        return
    listed = listing(found or ())
    assert set(listed.digests) == set(listed.images)


@given(st.lists(st.sampled_from(range(4)), max_size=6), st.randoms())
def test_nothing_of_an_index_is_lost_or_doubled(numbers: list[int], chance: Any) -> None:  # noqa: ANN401 - a Random
    listed: list[dict[str, Any]] = []
    for number in dict.fromkeys(numbers):
        image = entry(f"image {number}".encode(), f"linux/arch{number}")
        about = attestation(f"about {number}".encode())
        about["annotations"]["vnd.docker.reference.digest"] = image["digest"]
        listed += [image, about]
    chance.shuffle(listed)
    found = listing(listed)
    parts = [part["digest"] for platform in found.images for part in found.parts(platform)]
    assert sorted(parts) == sorted(one["digest"] for one in listed)
