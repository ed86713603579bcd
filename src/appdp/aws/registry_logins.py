"""Passwords for Amazon ECR's registries, for what pushes by itself.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from appdp.aws.errors import translated
from appdp.engine.hotswap import RegistryAccess

if TYPE_CHECKING:
    from appdp.aws.session import Session
    from appdp.model.environment import ImageRepository


class EcrLogins:
    """Implements :class:`appdp.engine.hotswap.RegistryLogins`. Needs ``ecr:GetAuthorizationToken``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("ecr")
    def login(self, at: ImageRepository) -> RegistryAccess:
        """Access to the registry of a repository, for 12 hours.

        ECR names the caller's own registry, and its password opens others as well, so the host is the image's own. An
        endpoint without TLS is never AWS's: it is the embedded AWS, which holds every registry itself.
        """
        data = self._session.ecr(at.region).get_authorization_token()["authorizationData"][0]
        user, _, password = base64.b64decode(data.get("authorizationToken", "")).decode().partition(":")
        scheme, _, host = data.get("proxyEndpoint", "https://").partition("://")
        return RegistryAccess(host=host.rstrip("/") if scheme == "http" else at.registry, user=user, password=password)
