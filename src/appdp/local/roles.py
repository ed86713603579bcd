"""Whose call a request is: the session token of a role is the role's ARN, and so is its password for the registry.

On AWS both are secrets that only AWS can read; here nothing is verified, so they say in plain whom they were given to.
A password of the registry does what the role may do that asked for it.

See: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final

REGISTRY_USER: Final = "AWS"
REGISTRY_PASSWORD: Final = "embedded"  # noqa: S105 - the embedded AWS verifies no password
"""The registry's password of a caller that is no role."""

calling_role: ContextVar[str] = ContextVar("calling_role", default="")
"""The ARN of the role whose request is being answered; empty when it is not a role's."""

_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/\S+")
_BASIC: Final = "Basic "


def role_of(headers: Mapping[str, str]) -> str:
    """The ARN of the role that makes a request; empty when it is not a role's. Names of ``headers`` are lower-case."""
    given = headers.get("x-amz-security-token") or _password(headers.get("authorization", ""))
    return given if _ROLE.fullmatch(given) else ""


def registry_token(role: str = "") -> str:
    """User and password for the registry, as ``GetAuthorizationToken`` gives them."""
    return base64.b64encode(f"{REGISTRY_USER}:{role or REGISTRY_PASSWORD}".encode()).decode()


def registry_login() -> dict[str, str]:
    """The header by which the embedded AWS's own requests log in to its registry."""
    return {"Authorization": f"{_BASIC}{registry_token()}"}


def logged_in(headers: Mapping[str, str]) -> bool:
    """Whether a request carries a password for the registry; any will do."""
    return bool(_password(headers.get("authorization", "")))


def _password(authorization: str) -> str:
    if not authorization.startswith(_BASIC):
        return ""
    try:
        text = base64.b64decode(authorization.removeprefix(_BASIC), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
