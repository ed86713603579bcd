"""``appdp``: the group of all verbs, and the one place that prints errors."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any, Final

import click

from appdp import __version__
from appdp.errors import AppdpError

_VERBS: Final = (
    "deploy",
    "rollback",
    "approve",
    "reject",
    "stop",
    "wait",
    "status",
    "diff",
    "verify",
    "history",
    "releases",
    "run",
    "hotswap",
    "logs",
    "exec",
    "unlock",
    "doctor",
    "init",
    "rehearse",
)
"""In the order of ``--help``. Each is a command of its own name in a module of its own name."""

_EXTRAS: Final = {"rehearse": "local"}
"""Verb → the extra that it needs."""

_EXIT_UNEXPECTED: Final = 5

EXIT_INTERRUPTED: Final = 130
"""The shell's own exit code for a command that Ctrl-C ended."""


class Verbs(click.Group):
    """Imports a verb when it is asked for, and turns errors into a message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs that are installed."""
        return [name for name in _VERBS if name not in _EXTRAS or _installed(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, or None when there is none of that name."""
        if cmd_name not in _VERBS:
            return None
        if cmd_name in _EXTRAS and not _installed(cmd_name):
            extra = _EXTRAS[cmd_name]
            raise click.UsageError(f"{cmd_name!r} is not installed. Install it: pip install 'aws-cdk-appdp[{extra}]'.")
        return _imported(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  (click's own signature)
        """Run the verb; errors are printed once, with a traceback only for ``--debug``."""
        if os.environ.get("NO_COLOR"):
            ctx.color = False  # https://no-color.org; without it, click colours what goes to a terminal
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort) as error:
            # Verbs that started something say what becomes of it themselves and do not come here.
            click.echo("\nInterrupted: nothing was changed.", err=True)
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from error
        except AppdpError as error:
            _report(ctx, error.message, error.hint)
            raise click.exceptions.Exit(error.exit_code) from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # whoever read our output has seen enough; click ends quietly
            _report(
                ctx,
                f"Something unexpected failed. {type(error).__name__}: {error}",
                "This is a fault of appdp. Run the command again with --debug, and report what it prints.",
            )
            raise click.exceptions.Exit(_EXIT_UNEXPECTED) from error


def _imported(name: str) -> click.Command:
    command: click.Command = getattr(importlib.import_module(f"appdp.cli.{name}"), name)
    return command


def _installed(name: str) -> bool:
    try:
        _imported(name)
    except ModuleNotFoundError:
        return False
    return True


def _report(ctx: click.Context, message: str, hint: str) -> None:
    """Print an error as the user sees it, once: what failed, then what to do."""
    if ctx.meta.get("appdp.debug"):
        import traceback

        traceback.print_exc(file=sys.stderr)
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(f"{message}\n{hint}" if hint else message, err=True)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="appdp")
def main() -> None:
    """Release several container images as one, on Amazon ECS: all take traffic, or none does.

    \b
    Exit codes:
      0 done                 5 failed, needs a human
      2 usage                6 still running (gave up waiting)
      3 nothing to do        7 on hold, waits for an approval
      4 rolled back          8 refused, nothing changed
                             9 AWS or credentials error
                           130 Ctrl-C before anything started
    """
