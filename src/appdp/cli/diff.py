"""``appdp diff``."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options, json_option

if TYPE_CHECKING:
    from appdp.engine.deploy import Difference, TaskDifference

EXIT_DIFFERENT: Final = 1
"""As ``diff``, ``git diff --exit-code`` and ``kubectl diff`` say it; no other verb ends with 1."""

_COLOURS: Final = (("---", "bold"), ("+++", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))
"""Beginning of a line → how it looks; the first that fits."""

_SETS: Final = {"environment": "name", "secrets": "name", "tags": "key"}
"""Lists whose order means nothing → what they are sorted by, so that only what differs is shown."""


@click.command()
@click.argument("environment", metavar="ENV")
@click.argument("release", required=False)
@json_option
@account_options
@click.pass_context
def diff(
    ctx: click.Context,
    environment: str,
    release: str | None,
    as_json: bool,
    account: Account,
) -> None:
    """Show what a deployment would change in the task definitions that run now.

    RELEASE is the release to compare with; without it, the one that was published last, or the recorded one where
    this account knows of none. The first release is shown against nothing.

    \b
    Exit codes of its own:
      0 the task definitions are the same
      1 they differ
    """
    from appdp.cli.output import echo_json, say
    from appdp.engine.deploy import difference
    from appdp.model.handoff import check_name, check_release

    aws, application = ctx.ensure_object(Cli).reach(account)
    check_name("Environment", environment)
    found = difference(application, environment, check_release(release) if release else None, aws.ports)
    if as_json:
        echo_json(found.to_dict())
    else:
        for line in _said(found):
            say(line)
        for service in found.every:
            for line in _lines(found, service):
                click.echo(_coloured(line))
    ctx.exit(EXIT_DIFFERENT if found.differs else 0)


def _said(found: Difference) -> list[str]:
    """What is talk, not data: which services stay as they are, and why."""
    from appdp.cli.output import columns

    head = f"{found.application}/{found.environment}: {found.previous or 'nothing yet'} → {found.release}"
    rows = [(one.name, "differs" if one.differs else "same", one.reason) for one in found.every]
    return [head, *columns(rows)]


def _lines(found: Difference, service: TaskDifference) -> Iterator[str]:
    """A unified difference, without line ends."""
    now = service.task_definition.rpartition("/")[2]
    return difflib.unified_diff(
        [] if service.before is None else _text(service.before),
        _text(service.after),
        fromfile=f"{service.name}: {now if service.before is not None else 'nothing'} (runs now)",
        tofile=f"{service.name}: release {found.release}",
        lineterm="",
    )


def _text(definition: Mapping[str, Any]) -> list[str]:
    return json.dumps(_sorted(definition), indent=2, sort_keys=True, ensure_ascii=False).splitlines()


def _sorted(value: Any, key: str = "") -> Any:  # noqa: ANN401  (any JSON)
    if isinstance(value, Mapping):
        return {name: _sorted(each, name) for name, each in value.items()}
    if isinstance(value, list):
        by = _SETS.get(key, "")
        fits = by and all(isinstance(each, Mapping) and by in each for each in value)
        return sorted(value, key=lambda each: str(each[by])) if fits else [_sorted(each) for each in value]
    return value


def _coloured(line: str) -> str:
    """click takes the colour out again where stdout is no terminal."""
    for start, look in _COLOURS:
        if line.startswith(start):
            return click.style(line, bold=True) if look == "bold" else click.style(line, fg=look)
    return line
