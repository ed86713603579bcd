"""A registry's OCI distribution API: manifests, byte for byte, as build tools push and pull them.

Amazon ECR gives a password for it to whoever may call ``GetAuthorizationToken``.

See: https://github.com/opencontainers/distribution-spec/blob/main/spec.md and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.awsrequest import AWSRequest
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from appdp import __version__
from appdp.aws.errors import translated
from appdp.aws.pauses import pause_after
from appdp.aws.registry import INDEX_TYPES, MANIFEST_TYPES
from appdp.aws.session import READ_SECONDS
from appdp.engine.publish.ports import Manifest, TagTaken
from appdp.errors import CredentialsError, Refused, RemoteError, Throttled
from appdp.model.environment import ImageRepository

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse

    from appdp.aws.session import Session

ATTEMPTS: Final = 6
"""Requests in total, the first one included.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors.html (429 Too Many Requests)
"""

_SPARE_SECONDS: Final = 300
"""A password is replaced this long before it expires; ECR's last for 12 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Access:
    """How to reach the registries of one region."""

    endpoint: str
    password: str
    expires_at: float

    def base(self, at: ImageRepository) -> str:
        """The address of the repository's registry.

        ECR names the caller's own registry, and its password opens others as well, so on AWS the host is the image's
        own. An endpoint without TLS is never AWS's: it is the embedded AWS, which holds every registry itself.
        """
        return f"https://{at.registry}" if self.endpoint.startswith("https://") else self.endpoint.rstrip("/")


class EcrDistribution:
    """Implements :class:`appdp.engine.publish.ports.Distribution`. Needs ``ecr:GetAuthorizationToken`` and, in the
    repository, ``ecr:BatchGetImage`` and ``ecr:PutImage``.

    Args:
        session: whose credentials ask for the password.
        sleep: how to pause between attempts.
    """

    def __init__(self, session: Session, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._session = session
        self._sleep = sleep
        self._access: dict[str, _Access] = {}
        self._sessions: dict[str, URLLib3Session] = {}

    def manifest(self, at: ImageRepository, reference: str) -> Manifest | None:
        """What a tag or a digest names; None when there is no such thing in the repository.

        Raises:
            Refused: there is no such repository.
        """
        answer = self._call("GET", at, reference, {"Accept": ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))})
        if answer.status_code == 404 and _code(answer) in ("MANIFEST_UNKNOWN", "NOT_FOUND", ""):
            return None
        if answer.status_code != 200:
            raise _error(answer, "pull", at, reference)
        content = answer.content
        digest = _digest(content)
        told = answer.headers.get("Docker-Content-Digest", digest)
        wanted = reference if reference.startswith("sha256:") else told
        if digest != wanted:
            raise RemoteError(
                f"The registry gave other content for {at.repository}:{reference} than it says: {len(content)} bytes "
                f"of digest {digest}, told {wanted}.",
                hint="Check for a proxy that changes what it passes on, then try again.",
            )
        media_type = str(answer.headers.get("Content-Type", "")).partition(";")[0].strip()
        return Manifest(content=content, media_type=media_type, digest=digest)

    def put(self, at: ImageRepository, tag: str, content: bytes, media_type: str) -> str:
        """Push a manifest under a tag; returns its digest. Doing it again changes nothing.

        Raises:
            TagTaken: the tag names something else, and may not move.
            Refused: there is no such repository.
        """
        answer = self._call("PUT", at, tag, {"Content-Type": media_type}, content)
        if answer.status_code not in (200, 201, 202):
            raise _error(answer, "push", at, tag)
        digest = _digest(content)
        told = answer.headers.get("Docker-Content-Digest", digest)
        if told != digest:
            raise RemoteError(f"The registry took {digest} of {at.repository}:{tag}, but says that it is {told}.")
        return digest

    @translated("ecr")
    def _call(
        self, method: str, at: ImageRepository, reference: str, headers: Mapping[str, str], content: bytes = b""
    ) -> AWSResponse:
        for attempt in range(1, ATTEMPTS):
            try:
                answer = self._once(method, at, reference, headers, content)
                if answer.status_code != 429 and answer.status_code < 500:
                    return answer
            except (HTTPClientError, BotoConnectionError):
                pass  # tried again below; the last attempt raises
            self._sleep(pause_after(attempt))
        return self._once(method, at, reference, headers, content)

    def _once(
        self, method: str, at: ImageRepository, reference: str, headers: Mapping[str, str], content: bytes
    ) -> AWSResponse:
        access = self._allowed(at.region)
        base = access.base(at)
        request = AWSRequest(
            method=method,
            url=f"{base}/v2/{at.repository}/manifests/{reference}",
            data=content,
            headers={**headers, "Authorization": f"Basic {access.password}", "User-Agent": f"appdp/{__version__}"},
        )
        answer = self._http(base).send(request.prepare())
        if answer.status_code == 401:
            self._access.pop(at.region, None)  # the next request asks for a new password
        return answer

    def _allowed(self, region: str) -> _Access:
        known = self._access.get(region)
        if known is None or known.expires_at - time.time() < _SPARE_SECONDS:
            data = self._session.ecr(region).get_authorization_token()["authorizationData"][0]
            expires = data.get("expiresAt")
            known = self._access[region] = _Access(
                endpoint=data.get("proxyEndpoint", "https://"),
                password=data.get("authorizationToken", ""),
                expires_at=expires.timestamp() if expires else 0.0,
            )
        return known

    def _http(self, base: str) -> URLLib3Session:
        if base not in self._sessions:
            bundle = self._session.boto._session.get_config_variable("ca_bundle")
            self._sessions[base] = URLLib3Session(
                verify=bundle or True, proxies=get_environ_proxies(base), timeout=READ_SECONDS
            )
        return self._sessions[base]


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _told(answer: AWSResponse) -> Mapping[str, Any]:
    try:
        first = json.loads(answer.content)["errors"][0]
    except (ValueError, KeyError, IndexError, TypeError):
        # A proxy's or load balancer's page instead of the registry's answer.
        return {"message": answer.content[:200].decode(errors="replace")}
    return first if isinstance(first, dict) else {}


def _code(answer: AWSResponse) -> str:
    return str(_told(answer).get("code", ""))


def _error(answer: AWSResponse, did: str, at: ImageRepository, reference: str) -> RemoteError | Refused:
    code, said = _code(answer), str(_told(answer).get("message") or "no message")
    where = f"{at.registry}/{at.repository}:{reference}"
    status = answer.status_code
    if code == "NAME_UNKNOWN":
        return Refused(
            f"There is no repository {at.repository!r} in registry {at.registry}.",
            hint="Deploy the stack that defines the application's repositories.",
        )
    if code == "TAG_INVALID":
        return TagTaken(
            f"The registry refused the tag of {where}: {said}",
            hint="Retry this stage: what the tag names then is taken, if it has the platforms of the release.",
        )
    if status == 429:
        return Throttled(f"The registry asked to slow down for longer than we wait ({where}): {said}", code=code)
    if status == 401:
        return CredentialsError(
            f"The registry does not accept ECR's password ({where}): {said}",
            code=code,
            hint="Try again: each attempt asks for a new password. If it stays, check ecr:GetAuthorizationToken.",
        )
    if status == 403:
        actions = "ecr:BatchGetImage" if did == "pull" else "ecr:PutImage and ecr:BatchGetImage"
        return RemoteError(
            f"The registry refused to {did} {where}: {said}",
            code=code or "AccessDenied",
            hint=f"Allow {actions} in the caller's policy and, for another account, in the repository's policy.",
        )
    if status >= 500:
        return RemoteError(f"The registry could not {did} {where} ({status}): {said}", hint="This passes; try again.")
    return RemoteError(f"The registry answered {status} {code} to a {did} of {where}: {said}", code=code or str(status))
