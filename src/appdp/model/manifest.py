"""What the manifests of an environment have in common: a version, and a reader for older and newer writers."""

from __future__ import annotations

import json
from typing import Any, Final

from appdp.errors import ConfigurationError
from appdp.model.known_fields import known_fields

VERSION: Final = 1
"""Version of the manifests' shape. A reader refuses a newer one."""


def known(cls: type[Any], text: str, what: str) -> dict[str, Any]:
    """The fields of a manifest that ``cls`` has; unknown keys are left out.

    Args:
        what: what the manifest describes, for the error: ``job``.

    Raises:
        ConfigurationError: a newer appdp wrote it.
    """
    data: dict[str, Any] = json.loads(text)
    version = data.pop("version", VERSION)
    if version > VERSION:
        raise ConfigurationError(
            f"This {what} was written by a newer appdp (manifest version {version}; this one reads {VERSION}).",
            hint="Upgrade appdp: pip install --upgrade aws-cdk-appdp.",
        )
    return known_fields(cls, data)
