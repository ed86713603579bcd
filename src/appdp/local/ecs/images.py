"""Image references: the digest that a tag names when a deployment starts, and where the image is pulled from here.

ECS resolves the tags of a revision once, when its deployment starts, and runs that digest until the next one, unless a
container turns version consistency off.
See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-container-image-stability.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from appdp.local.ecs.store import TaskDefinition
from appdp.local.ecs.supervision import Calls
from appdp.local.wire import Caller, Endpoint

_LOG = logging.getLogger(__name__)
_ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/"
    r"(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EcrImage:
    """An image reference into a private ECR registry."""

    registry: str
    region: str
    repository: str
    tag: str | None
    digest: str | None

    @staticmethod
    def parse(reference: str) -> EcrImage | None:
        """Read a reference; None when it points elsewhere."""
        found = _ECR.fullmatch(reference)
        if found is None:
            return None
        return EcrImage(
            registry=found["registry"],
            region=found["region"],
            repository=found["repository"],
            tag=found["tag"],
            digest=found["digest"],
        )


class Images:
    """Resolves and rewrites image references.

    Args:
        calls: AWS calls to our own endpoint.
        endpoint: the endpoint, which also serves the registry.
    """

    def __init__(self, calls: Calls, endpoint: Endpoint) -> None:
        self._calls = calls
        self._host = f"localhost:{urlsplit(endpoint.url).port}"

    async def digests(self, definition: TaskDefinition, caller: Caller) -> dict[str, str]:
        """Container name → digest, for every image that has one now.

        An image that cannot be found is left out, as on AWS: its tasks will fail to pull it, and say so.
        """
        found: dict[str, str] = {}
        for container in definition.containers:
            digest = await self._digest(container, caller)
            if digest:
                found[container["name"]] = digest
        return found

    def pull_reference(self, image: str, digest: str | None) -> str:
        """What to pull: ECR's host becomes our endpoint's, a tag becomes its digest."""
        ecr = EcrImage.parse(image)
        if ecr is None:
            return image
        name = f"{self._host}/{ecr.repository}"
        digest = ecr.digest or digest
        return f"{name}@{digest}" if digest else f"{name}:{ecr.tag or 'latest'}"

    async def _digest(self, container: Mapping[str, Any], caller: Caller) -> str | None:
        image = str(container.get("image", ""))
        pinned = _DIGEST.search(image)
        if pinned:
            return pinned[1]
        ecr = EcrImage.parse(image)
        if ecr is None or container.get("versionConsistency") == "disabled":
            return None
        return await self._look_up(ecr, caller)

    async def _look_up(self, image: EcrImage, caller: Caller) -> str | None:
        wanted = {
            "registryId": image.registry,
            "repositoryName": image.repository,
            "imageIds": [{"imageTag": image.tag or "latest"}],
            "acceptedMediaTypes": list(_MANIFESTS),
        }
        try:
            where = Caller(account=caller.account, region=image.region)
            answer = await self._calls("ecr", "batch_get_image", where, **wanted)
        except ClientError as error:
            _LOG.info("%s:%s has no digest: %s", image.repository, image.tag, error)
            return None
        images = answer.get("images", [])
        return str(images[0]["imageId"]["imageDigest"]) if images else None
