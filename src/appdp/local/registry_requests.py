"""The registry's HTTP API as IAM sees it: who may come in, and which action a request needs.

ECR answers a request without a password with a challenge; Docker and BuildKit send theirs only then. The address that
GetDownloadUrlForLayer gives is signed, and needs none.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html and, for what each action is called for,
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from appdp.local.protocol import Answer
from appdp.local.roles import logged_in

SIGNED_DOWNLOAD: Final = "X-Amz-Signature=embedded"
"""The query of a layer's signed address."""

_PATH = re.compile(r"/v2/(?:(?P<repository>.+?)/(?P<kind>manifests|blobs|tags)/(?P<rest>.+))?")
_ACTIONS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("GET", "manifest"): ("ecr:BatchGetImage",),
    ("HEAD", "manifest"): ("ecr:BatchGetImage",),
    ("PUT", "manifest"): ("ecr:PutImage",),
    ("HEAD", "blob"): ("ecr:BatchCheckLayerAvailability",),
    ("GET", "blob"): ("ecr:GetDownloadUrlForLayer",),
    ("POST", "upload"): ("ecr:InitiateLayerUpload",),
    ("PATCH", "upload"): ("ecr:UploadLayerPart",),
    ("PUT", "upload"): ("ecr:CompleteLayerUpload",),
    ("GET", "tag"): ("ecr:ListImages",),
}
"""A request of Docker's → the actions that ECR's proxy calls for it.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html, and each action's own page, which says
when a push or a pull calls it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRequest:
    """One request to the registry: its repository, and the IAM actions that it needs."""

    repository: str
    actions: tuple[str, ...]

    @staticmethod
    def read(method: str, path: str, headers: Mapping[str, str]) -> RegistryRequest | None:
        """Read a request; None when it is for something else. Names of ``headers`` are lower-case."""
        found = _PATH.fullmatch(path)
        if found is None or headers.get("authorization", "").startswith("AWS4-"):
            return None
        if found["repository"] is None:
            return RegistryRequest(repository="", actions=())
        kind = "upload" if found["rest"].startswith("uploads/") else found["kind"].removesuffix("s")
        actions = _ACTIONS.get((method, kind), ())
        # A layer may come whole with the request that ends its upload.
        whole = (method, kind) == ("PUT", "upload") and _has_body(headers)
        return RegistryRequest(
            repository=found["repository"], actions=("ecr:UploadLayerPart", *actions) if whole else actions
        )


def challenge(headers: Mapping[str, str], query: str) -> Answer | None:
    """What a request without a password is answered; None when it may come in."""
    if logged_in(headers) or query == SIGNED_DOWNLOAD:
        return None
    return Answer(
        status=401,
        headers={
            "content-type": "text/plain; charset=utf-8",
            "docker-distribution-api-version": "registry/2.0",
            "www-authenticate": f'Basic realm="http://{headers.get("host", "localhost")}/",service="ecr.amazonaws.com"',
        },
        body=b"Not Authorized\n",
    )


def _has_body(headers: Mapping[str, str]) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
