"""Which applications and environments there are, from their deployers' parameters alone."""

from __future__ import annotations

import re
from typing import Final

from appdp.engine.ports import Parameters
from appdp.errors import ConfigurationError, NotFound
from appdp.model.environment import DeployerManifest
from appdp.model.handoff import ROOT, check_name

_DEPLOYER: Final = re.compile(rf"{ROOT}/([^/]+)/([^/]+)/deployer")

_NOTHING_HERE: Final = "Deploy the deployer's stack first (cdk deploy), or check the AWS account and region."


def applications(parameters: Parameters) -> tuple[str, ...]:
    """The names of all applications that have a deployer in this account and region."""
    found = (_DEPLOYER.fullmatch(name) for name in parameters.under(ROOT))
    return tuple(sorted({match[1] for match in found if match}))


def application_of(parameters: Parameters, name: str | None) -> str:
    """The application that is meant: the one named, or the only one that there is.

    Raises:
        NotFound: there is none.
        ConfigurationError: there is more than one, or the name cannot be one.
    """
    if name is not None:
        return check_name("Application", name)
    known = applications(parameters)
    if not known:
        raise NotFound("application", "(any)", hint=_NOTHING_HERE)
    if len(known) > 1:
        raise ConfigurationError(
            f"There is more than one application here: {', '.join(known)}.",
            hint="Say which one with --app, or set APPDP_APP.",
        )
    return known[0]


def deployers(parameters: Parameters, application: str) -> dict[str, DeployerManifest]:
    """Environment → deployer of one application, by name.

    Raises:
        NotFound: there is no such application; lists those that there are.
    """
    found = parameters.under(f"{ROOT}/{application}")
    matches = [(match[2], found[name]) for name in sorted(found) if (match := _DEPLOYER.fullmatch(name))]
    if not matches:
        raise NotFound("application", application, applications(parameters), hint=_NOTHING_HERE)
    return {environment: DeployerManifest.from_json(text) for environment, text in matches}
