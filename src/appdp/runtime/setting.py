"""Where a function runs: its environment, and its adapters, made once per execution environment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from appdp.aws.assemble import ports
from appdp.aws.session import Session
from appdp.engine.ports import Ports
from appdp.runtime.variables import variable

_HINT: Final = "Deploy the deployer stack again."


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
        application=variable("APPDP_APPLICATION", hint=_HINT),
        environment=variable("APPDP_ENVIRONMENT", hint=_HINT),
        ports=ports(Session()),
    )
