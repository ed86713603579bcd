"""Look whether everything that a deployment needs from its caller's side is there. Reads only, a few calls each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from appdp.engine.executions import Executions, execution_arn
from appdp.engine.log_events import LogEvents
from appdp.engine.overview.applications import application_of, deployers
from appdp.engine.overview.logs import log_sources
from appdp.engine.overview.status import EnvironmentStatus, status
from appdp.engine.ports import Ports
from appdp.errors import AppdpError, ConfigurationError
from appdp.model.environment import DeployerManifest

_NO_EXECUTION: Final = "appdp-doctor"
"""No deployment is called so. Asking for it shows whether its caller may ask for one."""


class Verdict(StrEnum):
    """What a check found."""

    OK = "ok"
    WARNING = "warning"
    """It works, but something stands out."""
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Args:
        name: what.
        verdict: see :class:`Verdict`.
        text: what was found.
        hint: what to do about it; empty when there is nothing to do.
        exit_code: 0, or that of the error.
    """

    name: str
    verdict: Verdict
    text: str
    hint: str = ""
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is looked at."""

    ports: Ports
    executions: Executions
    log_events: LogEvents
    caller: Callable[[], str]


def examine(around: Surroundings, application: str | None) -> Iterator[Check]:
    """Look at one thing after the other; ends early where nothing that follows could work.

    Args:
        around: AWS, as the caller sees it.
        application: its name; None is the only one that there is.
    """
    credentials = tried("credentials", lambda: f"AWS knows the caller as {around.caller()}")
    yield credentials
    if credentials.verdict is Verdict.ERROR:
        return
    found: list[tuple[str, dict[str, DeployerManifest]]] = []
    yield tried("application", lambda: _application(around.ports, application, found))
    for name, environments in found:
        for environment, deployer in environments.items():
            yield from _environment(around, name, environment, deployer)


def tried(name: str, look: Callable[[], str], *, needed: bool = True) -> Check:
    """One check: what ``look`` says, or the error that it raises; only a warning where it is not ``needed``."""
    try:
        return Check(name=name, verdict=Verdict.OK, text=look())
    except AppdpError as error:
        verdict = Verdict.ERROR if needed else Verdict.WARNING
        code = error.exit_code if needed else 0
        return Check(name=name, verdict=verdict, text=error.message, hint=error.hint, exit_code=code)


def _application(ports: Ports, application: str | None, found: list[tuple[str, dict[str, DeployerManifest]]]) -> str:
    name = application_of(ports.parameters, application)
    environments = deployers(ports.parameters, name)
    found.append((name, environments))
    return f"{name}, with {', '.join(environments)}"


def _environment(
    around: Surroundings, application: str, environment: str, deployer: DeployerManifest
) -> Iterator[Check]:
    found: list[EnvironmentStatus] = []

    def look() -> str:
        found.append(status(application, environment, around.ports))
        release = found[0].release
        runs = f"runs {release}" if release else "has no release yet"
        return f"{runs}; {len(found[0].services)} service(s)"

    yield tried(environment, look)
    for one in found:
        yield from _stands_out(one)
    yield tried(f"{environment}: deployments", lambda: _deployments(around.executions, deployer))
    yield tried(f"{environment}: logs", lambda: _logs(around, application, environment), needed=False)


def _stands_out(found: EnvironmentStatus) -> Iterator[Check]:
    for service in found.services:
        if service.detail and not service.changing:
            yield _warning(f"{found.environment}: {service.name}", service.detail, "Deploy a release: that heals it.")
    if found.wrong_tags:
        text = f"the environment's tag of {', '.join(found.wrong_tags)} does not name the recorded release"
        yield _warning(f"{found.environment}: tags", text, "Deploy a release before the next 'cdk deploy'.")
    if found.deployment and not found.deployment.alive:
        text = f"deployment {found.deployment.deployment} left its lock and does not run any more"
        yield _warning(f"{found.environment}: lock", text, "Deploy a release: that takes it over.")


def _warning(name: str, text: str, hint: str) -> Check:
    return Check(name=name, verdict=Verdict.WARNING, text=text, hint=hint)


def _deployments(executions: Executions, deployer: DeployerManifest) -> str:
    machine = deployer.state_machine
    # Step Functions knows none of that name; saying so is the answer.
    with suppress(ConfigurationError):
        executions.describe(execution_arn(machine, _NO_EXECUTION))
    return f"may be followed, of {machine.rpartition(':')[2]}"


def _logs(around: Surroundings, application: str, environment: str) -> str:
    sources = log_sources(application, environment, None, around.ports)
    for source in sources[:1]:
        around.log_events.since(source.group, source.prefix, around.ports.clock.now())
    return "may be read" if sources else "no container logs with awslogs"
