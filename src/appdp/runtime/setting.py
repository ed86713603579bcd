"""Where a function runs: its environment, and its adapters, made once per execution environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from appdp.aws.assemble import ports
from appdp.aws.session import Session
from appdp.engine.ports import Ports
from appdp.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The environment that a function serves."""

    application: str
    environment: str
    ports: Ports


@cache
def setting() -> Setting:
    """Read from the function's environment variables.

    Raises:
        ConfigurationError: one of them is not set.
    """
    return Setting(
        application=_variable("APPDP_APPLICATION"), environment=_variable("APPDP_ENVIRONMENT"), ports=ports(Session())
    )


def _variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ConfigurationError(
            f"The environment variable {name} is not set.", hint="Deploy the deployer stack again."
        )
    return value
