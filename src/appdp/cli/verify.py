"""``appdp verify``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options, json_option

if TYPE_CHECKING:
    from appdp.engine.verify import Checked, Verification

EXIT_FAILED: Final = 8
"""As for a deployment that is refused: what failed here would have failed there."""

THREADS: Final = 10
"""Checks that ask AWS at the same time: as many as a client of botocore keeps connections.

See: https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html (max_pool_connections)
"""

_COLOURS: Final = {"ok": "green", "failed": "red", "skipped": None, "unknown": "yellow"}

_T = TypeVar("_T")
_R = TypeVar("_R")


@click.command()
@click.argument("environment", metavar="ENV")
@click.argument("release", required=False)
@click.option("--all", "-a", "show_all", is_flag=True, help="Also print the checks that are ok or do not apply.")
@json_option
@account_options
@click.pass_context
def verify(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    environment: str,
    release: str | None,
    show_all: bool,
    as_json: bool,
    account: Account,
) -> None:
    """Look whether an environment could take a release, without changing anything.

    RELEASE is the release whose images are looked for; without it, the recorded one. All checks are asked, whatever
    the others find; docs/verify.md explains each. What AWS does not let you see is "unknown": it is printed, it does
    not fail, and it never counts as ok.

    \b
    Exit codes of its own:
      0 no check failed
      8 a check failed
    """
    from appdp.cli.output import echo_json
    from appdp.engine.verify import examine, load
    from appdp.model.handoff import check_name, check_release

    aws, application = ctx.ensure_object(Cli).reach(account)
    check_name("Environment", environment)
    scene = load(application, environment, check_release(release) if release else None, aws.ports, aws.facts())
    found = examine(scene, at_once)
    if as_json:
        echo_json(found.to_dict())
    else:
        _print(found, show_all=show_all)
    ctx.exit(EXIT_FAILED if found.failed else 0)


def at_once(function: Callable[[_T], _R], values: Sequence[_T]) -> Iterable[_R]:
    """``map``, with several threads."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, values))


def _print(found: Verification, *, show_all: bool) -> None:
    from appdp.cli.output import say
    from appdp.engine.verify import Result

    say(f"{found.application}/{found.environment}: {found.release or 'nothing released yet'}")
    for about in dict.fromkeys((one.kind, one.name) for one in found.checked):
        mine = [one for one in found.checked if (one.kind, one.name) == about]
        counts = ", ".join(_counts(mine))
        click.echo(f"{' '.join(about) if about[1] else 'the whole environment'}: {counts}")
        for one in mine:
            if show_all or one.result in (Result.FAILED, Result.UNKNOWN):
                _print_one(one)
    say(f"{', '.join(_counts(found.checked))}. Each check is explained in docs/verify.md.")


def _print_one(one: Checked) -> None:
    result = click.style(f"{one.result.value:7}", fg=_COLOURS[one.result.value])
    click.echo(f"  {result}  {one.check}: {_line(one.found)}")
    for more in filter(None, (one.then, one.source if one.result.value == "failed" else "")):
        click.echo(f"  {'':7}  {_line(more)}")


def _line(text: str) -> str:
    return text.replace("\n", " ")


def _counts(checked: Iterable[Checked]) -> list[str]:
    from appdp.engine.verify import Result

    results = [one.result for one in checked]
    return [f"{results.count(each)} {each.value}" for each in Result if each in results]
