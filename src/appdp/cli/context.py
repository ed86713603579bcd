"""What a verb works with: AWS behind ports, and the terminal. Tests put fakes in its place."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appdp.engine.executions import Executions
    from appdp.engine.log_events import LogEvents
    from appdp.engine.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """AWS, as one caller sees it. ``caller`` gives the caller's ARN, ``region`` the region that is used."""

    ports: Ports
    executions: Executions
    log_events: LogEvents
    caller: Callable[[], str]
    region: Callable[[], str]


def _connect(profile: str | None, region: str | None) -> Aws:
    # Imported here because boto3 alone costs more time than --help may take.
    from appdp.cli.wiring import connect

    return connect(profile, region)


def _interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cli:
    """The world outside, given as click's ``obj``.

    Args:
        connect: (profile, region) → AWS.
        sleep: waits this many seconds.
        interactive: whether there is somebody to ask.
    """

    connect: Callable[[str | None, str | None], Aws] = field(default=_connect)
    sleep: Callable[[float], None] = field(default=time.sleep)
    interactive: Callable[[], bool] = field(default=_interactive)
