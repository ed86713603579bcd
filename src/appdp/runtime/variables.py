"""What the constructs tell a function: its environment variables."""

from __future__ import annotations

import os

from appdp.errors import ConfigurationError


def variable(name: str, *, hint: str) -> str:
    """An environment variable that must be set.

    Raises:
        ConfigurationError: it is not; ``hint`` says what to do.
    """
    value = os.environ.get(name, "")
    if not value:
        raise ConfigurationError(f"The environment variable {name} is not set.", hint=hint)
    return value
