"""Amazon ECR."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.engine.ports import RegistryImage
from appdp.errors import Refused, RemoteError

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef, ImageIdentifierTypeDef, ImageTypeDef

    from appdp.aws.session import Session

INDEX_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
CONFIG_TYPES: Final = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
"""Configurations of images that can run. Other artifacts (signatures, SBOMs, SOCI indexes) have types of their own.

See: https://github.com/opencontainers/image-spec/blob/main/manifest.md
"""

_BLOB_SECONDS: Final = 30


class EcrRegistry:
    """Implements :class:`appdp.engine.ports.Registry`. Needs ``ecr:BatchGetImage``, ``ecr:GetDownloadUrlForLayer``,
    ``ecr:DescribeImages`` and, to move a tag, ``ecr:PutImage``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("ecr")
    def resolve(self, registry_id: str, region: str, repository: str, tag: str) -> RegistryImage | None:
        """The image that a tag (or a digest ``sha256:…``) names, or None.

        Raises:
            Refused: there is no such repository.
        """
        name: ImageIdentifierTypeDef = {"imageDigest": tag} if tag.startswith("sha256:") else {"imageTag": tag}
        found = self._get(registry_id, region, repository, name)
        if found is None:
            return None
        digest = found.get("imageId", {}).get("imageDigest", "")
        manifest = json.loads(found.get("imageManifest", "{}"))
        if "manifests" in manifest:
            platforms = _of_index(manifest["manifests"])
        else:
            platforms = self._of_plain(registry_id, region, repository, manifest, digest)
        return RegistryImage(digest=digest, platforms=platforms, tags=(tag,) if "imageTag" in name else ())

    @translated("ecr")
    def images(self, registry_id: str, region: str, repository: str) -> tuple[RegistryImage, ...]:
        """All tagged images of a repository, newest first, without their platforms.

        Raises:
            Refused: there is no such repository.
        """
        pages = self._ecr(region).get_paginator("describe_images")
        try:
            found = [
                _image(item)
                for page in pages.paginate(
                    registryId=registry_id, repositoryName=repository, filter={"tagStatus": "TAGGED"}
                )
                for item in page["imageDetails"]
            ]
        except ClientError as error:
            raise _no_repository(error, registry_id, region, repository) from error
        return tuple(sorted(found, key=lambda image: image.pushed_at, reverse=True))

    @translated("ecr")
    def move_tag(self, registry_id: str, region: str, repository: str, *, digest: str, tag: str) -> None:
        """Make ``tag`` name ``digest``. Doing it again changes nothing.

        The manifest is put back exactly as it came, because the digest covers its bytes.

        Raises:
            Refused: there is no such image, or the repository does not let this tag move.
        """
        found = self._get(registry_id, region, repository, {"imageDigest": digest})
        if found is None:
            raise Refused(f"Repository {repository!r} holds no image {digest}, so the tag {tag!r} cannot name it.")
        try:
            self._ecr(region).put_image(
                registryId=registry_id,
                repositoryName=repository,
                imageManifest=found.get("imageManifest", ""),
                imageManifestMediaType=found.get("imageManifestMediaType", ""),
                imageTag=tag,
                imageDigest=digest,
            )
        except ClientError as error:
            if code_of(error) == "ImageTagAlreadyExistsException":
                raise Refused(
                    f"Repository {repository!r} does not let the tag {tag!r} move.",
                    hint="Add the filter 'env-*' to the repository's tag mutability exclusions.",
                ) from error
            # The tag names this image already: done before, perhaps by a run that was killed.
            if code_of(error) != "ImageAlreadyExistsException":
                raise

    def _ecr(self, region: str) -> ECRClient:
        return self._session.ecr(region)

    def _get(self, registry_id: str, region: str, repository: str, name: ImageIdentifierTypeDef) -> ImageTypeDef | None:
        try:
            answer = self._ecr(region).batch_get_image(
                registryId=registry_id,
                repositoryName=repository,
                imageIds=[name],
                acceptedMediaTypes=[*INDEX_TYPES, *MANIFEST_TYPES],
            )
        except ClientError as error:
            raise _no_repository(error, registry_id, region, repository) from error
        if answer["images"]:
            return answer["images"][0]
        failure = answer["failures"][0] if answer.get("failures") else {}
        code = failure.get("failureCode", "ImageNotFound")
        if code != "ImageNotFound":
            raise RemoteError(
                f"Amazon ECR cannot give {repository}:{_shown(name)} ({code}): {failure.get('failureReason', '')}",
                code=code,
            )
        return None

    def _of_plain(
        self, registry_id: str, region: str, repository: str, manifest: dict[str, Any], digest: str
    ) -> dict[str, str]:
        config = manifest.get("config", {})
        if config.get("mediaType") not in CONFIG_TYPES:
            return {}
        url = self._ecr(region).get_download_url_for_layer(
            registryId=registry_id, repositoryName=repository, layerDigest=config["digest"]
        )["downloadUrl"]
        platform = _platform(json.loads(_fetched(url)))
        return {platform: digest} if platform else {}


def _image(item: ImageDetailTypeDef) -> RegistryImage:
    pushed = item.get("imagePushedAt")
    return RegistryImage(
        digest=item.get("imageDigest", ""),
        tags=tuple(item.get("imageTags", ())),
        pushed_at=pushed.timestamp() if pushed else 0.0,
    )


def _of_index(entries: Iterable[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        platform = _platform(entry.get("platform", {}))
        # Attestations are entries too, marked by an artifact type or by the platform unknown/unknown.
        if platform and not entry.get("artifactType"):
            found.setdefault(platform, entry["digest"])
    return found


def _platform(fields: dict[str, Any]) -> str:
    system, architecture = fields.get("os", ""), fields.get("architecture", "")
    if not system or not architecture or "unknown" in (system, architecture):
        return ""
    variant = fields.get("variant", "")
    # v8 is the only arm64 there is, and tools differ in whether they write it.
    suffix = f"/{variant}" if variant and architecture == "arm" else ""
    return f"{system}/{architecture}{suffix}"


def _fetched(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise RemoteError(f"Amazon ECR gave a download address that is not HTTP: {url[:40]!r}.")
    try:
        with urllib.request.urlopen(url, timeout=_BLOB_SECONDS) as answer:  # noqa: S310  (its scheme is checked above)
            content: bytes = answer.read()
            return content
    except (urllib.error.URLError, TimeoutError) as error:
        raise RemoteError(
            f"An image's configuration could not be read from Amazon ECR: {error}",
            hint="Check the network, then try again.",
        ) from error


def _no_repository(error: ClientError, registry_id: str, region: str, repository: str) -> Exception:
    if code_of(error) != "RepositoryNotFoundException":
        return error
    return Refused(
        f"There is no repository {repository!r} in registry {registry_id} ({region}).",
        hint="Deploy the stack that defines the application's repositories.",
    )


def _shown(name: ImageIdentifierTypeDef) -> str:
    return name.get("imageTag") or name.get("imageDigest", "")
