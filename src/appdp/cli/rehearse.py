"""``appdp rehearse``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click

from appdp.cli.output import echo_json, say

if TYPE_CHECKING:
    from appdp.local.lifecycle import EmbeddedAws
    from appdp.local.rehearsal.live import LiveScreen, PlainScreen
    from appdp.local.rehearsal.record import RehearsalRecord

_INTERRUPTED: Final = 130
"""The shell's exit code for a command that Ctrl-C ended."""
_NOT_AS_EXPECTED: Final = 5

if find_spec("ministack") is None:
    # The group leaves a verb out when what it needs is not installed.
    raise ModuleNotFoundError("appdp rehearse needs the extra: pip install 'aws-cdk-appdp[local]'", name="ministack")


def _debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    ctx.meta["appdp.debug"] = value


def _numbers(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in value.split(",")) if value else ()
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a list of act numbers: write them as in 1,2.") from error


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("rehearsal-report.html"),
    show_default=True,
    help="Where the report goes: one HTML file that needs nothing else.",
)
@click.option(
    "--acts", metavar="LIST", callback=_numbers, help="Play only these acts, such as 1,2; act 1 always plays."
)
@click.option("--rate", type=click.IntRange(1, 2000), help="Requests per second; default: as the scenario says.")
@click.option("--no-docker", is_flag=True, help="Play the control plane alone, without containers and without load.")
@click.option("--yes", is_flag=True, help="Agree to every approval that a pipeline asks for.")
@click.option("--keep", is_flag=True, help="Leave everything running after the last act, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print the report's data as JSON on stdout.")
@click.option("--debug", is_flag=True, expose_value=False, is_eager=True, callback=_debug, help="Print tracebacks.")
@click.pass_context
def rehearse(ctx: click.Context, /, directory: Path, **given: Any) -> None:
    """Release, break and return the example in DIRECTORY on this machine, with no AWS account.

    Starts an embedded AWS, deploys the example's CDK stacks as they are, and plays the acts of its rehearsal.toml under
    load: commits are pushed, the pipelines build and release them, with the same commands, state machine, Lambda
    functions and engine as on AWS. Ends with a table of the acts and a report. Exit code 0 only if every act came out
    as expected.
    """
    with _interruptible():
        try:
            record = _play(directory, given)
        except KeyboardInterrupt:
            say("Interrupted. Nothing was left behind.")
            ctx.exit(_INTERRUPTED)
    _write(record, given["report"], as_json=given["as_json"])
    ctx.exit(0 if record.as_expected else _NOT_AS_EXPECTED)


def _play(directory: Path, given: dict[str, Any]) -> RehearsalRecord:
    # Imported here, because --help must not wait for the embedded AWS's libraries.
    from appdp.local.rehearsal.scenario import choose_acts
    from appdp.local.rehearsal.scenario_file import read
    from appdp.local.rehearsal.stage import Options, rehearse

    scenario = read(directory)
    with _screen() as screen:
        options = Options(
            acts=choose_acts(scenario, given["acts"]),
            screen=screen,
            docker=False if given["no_docker"] else None,
            rate=given["rate"],
            agree=given["yes"],
            linger=_linger if given["keep"] else None,
        )
        return rehearse(scenario, options)


def _screen() -> LiveScreen | PlainScreen:
    from rich.console import Console

    from appdp.local.rehearsal.live import LiveScreen, PlainScreen

    console = Console(stderr=True)
    return LiveScreen(console) if console.is_terminal else PlainScreen(console)


def _linger(aws: EmbeddedAws) -> None:
    say(f"The embedded AWS stays up at {aws.endpoint.url} until Ctrl-C. To use it from another terminal:")
    for name, value in aws.environment().items():
        if name.startswith("AWS_"):
            say(f"  export {name}={value}")
    for name, url in aws.listeners().items():
        say(f"  {name} answers at {url}")
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("Ending.")


def _write(record: RehearsalRecord, report: Path, *, as_json: bool) -> None:
    from rich.console import Console

    from appdp.local.rehearsal.report import render
    from appdp.local.rehearsal.table import table

    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(render(record), encoding="utf-8")
    if as_json:
        echo_json(record.to_dict())
    else:
        Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120).print(table(record))
        click.echo(f"Report: {report.resolve()}")


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends us as Ctrl-C does, so that everything is cleaned up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
