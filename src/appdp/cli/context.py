"""What a verb works with: AWS behind ports, and the terminal. Tests put fakes in its place."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appdp.engine.executions import Executions
    from appdp.engine.hotswap import Builder, RegistryLogins
    from appdp.engine.log_events import LogEvents
    from appdp.engine.ports import Ports
    from appdp.engine.scaffold import Blueprints
    from appdp.engine.shells import Shells
    from appdp.engine.verify import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """AWS, as one caller sees it. ``caller`` gives the caller's ARN, ``region`` the region that is used; ``facts``
    connects to what ``appdp verify`` asks besides.
    """

    ports: Ports
    executions: Executions
    log_events: LogEvents
    facts: Callable[[], Facts]
    shells: Shells
    blueprints: Blueprints
    logins: RegistryLogins
    caller: Callable[[], str]
    region: Callable[[], str]


def _connect(profile: str | None, region: str | None) -> Aws:
    # Imported here because boto3 alone costs more time than --help may take.
    from appdp.cli.wiring import connect

    return connect(profile, region)


def _builder() -> Builder:
    from appdp.cli.docker_build import DockerBuilder

    return DockerBuilder()


def _interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose AWS, and which application there: ``--app``, ``--profile`` and ``--region``, each None where not given."""

    app: str | None
    profile: str | None
    region: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cli:
    """The world outside, given as click's ``obj``.

    Args:
        connect: (profile, region) → AWS.
        sleep: waits this many seconds.
        interactive: whether there is somebody to ask.
        builder: what builds images here.
    """

    connect: Callable[[str | None, str | None], Aws] = field(default=_connect)
    sleep: Callable[[float], None] = field(default=time.sleep)
    interactive: Callable[[], bool] = field(default=_interactive)
    builder: Callable[[], Builder] = field(default=_builder)

    def reach(self, account: Account) -> tuple[Aws, str]:
        """AWS as that account sees it, and the application's name.

        Raises:
            AppdpError: there are several applications and none was named, there is none, or AWS cannot be reached.
        """
        from appdp.engine.overview import application_of

        aws = self.connect(account.profile, account.region)
        return aws, application_of(aws.ports.parameters, account.app)
