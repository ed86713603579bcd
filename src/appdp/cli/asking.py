"""Ask before something is changed that cannot be undone."""

from __future__ import annotations

import click

from appdp.cli.context import Cli
from appdp.errors import ConfigurationError


def confirm(cli: Cli, question: str, *, yes: bool) -> None:
    """Go on only if the user agrees, here or with ``--yes``.

    Raises:
        ConfigurationError: there is nobody to ask.
        click.exceptions.Exit: with 2, when they do not agree.
    """
    if yes:
        return
    if not cli.interactive():
        raise ConfigurationError(
            f"{question} There is nobody to ask.",
            hint="Add --yes if this is meant.",
        )
    if not click.confirm(question, err=True):
        raise click.exceptions.Exit(2)
