"""Options that several verbs take."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from appdp.cli.context import Account

_Command = TypeVar("_Command", bound=Callable[..., Any])

_ACCOUNT: Final = ("app", "profile", "region")

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}


def duration(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    """A length of time in seconds: ``90``, ``90s``, ``30m`` or ``2h``."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", value.strip())
    if not match:
        raise click.BadParameter(f"{value!r} is not a length of time: write 90, 90s, 30m or 2h.")
    return float(match[1]) * _UNITS[match[2]]


def _debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    ctx.meta["appdp.debug"] = value


def again(*words: str) -> str:
    """A command to run next, for the shell, with the account options that this one was given."""
    context = click.get_current_context(silent=True)
    given: list[str] = []
    for name in _ACCOUNT:
        # What came from the shell's environment is there for the next command, too.
        if context is not None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            given += [f"--{name}", str(context.params[name])]
    return shlex.join(["appdp", *words, *given])


def account_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--app``, ``--profile`` and ``--region``, which the verb gets as one ``account``; and ``--debug``."""

    @wraps(command)
    def verb(*args: Any, app: str | None, profile: str | None, region: str | None, **given: Any) -> Any:  # noqa: ANN401 - what the verb returns
        return command(*args, account=Account(app=app, profile=profile, region=region), **given)

    options = (
        click.option("--app", envvar="APPDP_APP", metavar="NAME", help="The application; needed if there are several."),
        click.option("--profile", metavar="NAME", help="A profile of the AWS configuration."),
        click.option("--region", metavar="NAME", help="The AWS region."),
        click.option(
            "--debug",
            is_flag=True,
            envvar="APPDP_DEBUG",
            expose_value=False,
            is_eager=True,
            callback=_debug,
            help="Print the traceback of an error.",
        ),
    )
    for option in reversed(options):
        verb = option(verb)
    return verb


def json_option(command: _Command) -> _Command:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")(command)


def yes_option(command: _Command) -> _Command:
    """``--yes``, for verbs that always ask."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)


def timeout_option(command: _Command) -> _Command:
    """``--timeout``."""
    return click.option(
        "--timeout",
        metavar="DURATION",
        callback=duration,
        help="Give up waiting after this long (90s, 30m, 2h); exit code 6.",
    )(command)


def check_waiting(*, wait: bool, timeout: float | None) -> None:
    """Refuse a time to wait from who does not wait.

    Raises:
        ConfigurationError: both were said.
    """
    from appdp.errors import ConfigurationError

    if timeout is not None and not wait:
        raise ConfigurationError(
            "--timeout says how long to wait, and --no-wait says not to wait.", hint="Leave out one of them."
        )


def wait_approval_option(command: _Command) -> _Command:
    """``--wait-approval``."""
    return click.option(
        "--wait-approval",
        is_flag=True,
        help="Go on following while the deployment is on hold, instead of ending with exit code 7.",
    )(command)


def decision_options(command: _Command) -> _Command:
    """What approve and reject have in common."""
    options = (
        click.option(
            "--deployment",
            metavar="ID",
            help="The deployment that is meant; refused when another one is on hold. Default: the one on hold.",
        ),
        click.option("--reason", default="", metavar="TEXT", help="Why; recorded with the decision."),
        click.option("--dry-run", is_flag=True, help="Print what is on hold, and decide nothing."),
        click.option("--yes", "-y", is_flag=True, help="Do not ask, also where the environment is protected."),
        json_option,
        account_options,
    )
    for option in reversed(options):
        command = option(command)
    return command


def launch_options(command: _Command) -> _Command:
    """What deploy and rollback have in common."""
    options = (
        click.option("--dry-run", is_flag=True, help="Print what would change, and why, and change nothing."),
        click.option("--yes", "-y", is_flag=True, help="Do not ask, also where the environment is protected."),
        click.option(
            "--direct",
            is_flag=True,
            help="Run the deployment in this process with your own credentials, without the state machine.",
        ),
        click.option(
            "--hold",
            is_flag=True,
            help="Wait for a human's approval before traffic moves, also where the environment does not ask for one.",
        ),
        click.option(
            "--ignore-alarms",
            is_flag=True,
            help="Start although an alarm of a service that changes is in ALARM; ECS then watches none of its alarms. "
            "Going back never waits for alarms.",
        ),
        click.option("--wait/--no-wait", default=True, show_default=True, help="Follow the deployment until it ends."),
        wait_approval_option,
        timeout_option,
        json_option,
        account_options,
    )
    for option in reversed(options):
        command = option(command)
    return command
