"""The group of all verbs: help, lazy imports, and what happens to an error that nobody expected."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from appdp import __version__
from appdp.cli.context import Aws, Cli
from appdp.cli.main import main
from appdp.cli.options import launch_options

VERBS = main.list_commands(click.Context(main))


def test_help_lists_the_verbs_and_the_exit_codes() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for words in (*VERBS, "9 AWS or credentials error"):
        assert words in result.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb: str) -> None:
    result = CliRunner().invoke(main, [verb, "-h"])
    assert result.exit_code == 0
    assert "--debug" in result.stdout


def test_the_version() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout == f"appdp, version {__version__}\n"


def test_an_unknown_verb() -> None:
    result = CliRunner().invoke(main, ["destroy"])
    assert result.exit_code == 2
    assert "No such command 'destroy'" in result.stderr


@pytest.mark.parametrize("args", [["--help"], *([verb, "--help"] for verb in VERBS if verb != "rehearse")])
def test_help_imports_nothing_heavy(args: list[str]) -> None:
    program = (
        "import sys\n"
        "from appdp.cli.main import main\n"
        f"try:\n    main({args!r})\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('boto3', 'botocore', 'rich', 'aws_cdk', 'docker') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def broken(profile: str | None, region: str | None) -> Aws:
    raise ZeroDivisionError("nobody thought of this")


@pytest.mark.parametrize(("extra", "traceback"), [([], False), (["--debug"], True)])
def test_what_nobody_expected_is_one_line_and_a_hint(extra: list[str], traceback: bool) -> None:
    result = CliRunner().invoke(main, ["status", "dev", *extra], obj=Cli(connect=broken))
    assert result.exit_code == 5
    assert "Error: Something unexpected failed. ZeroDivisionError: nobody thought of this" in result.stderr
    assert "--debug" in result.stderr
    assert ("Traceback" in result.stderr) is traceback


@pytest.mark.parametrize(
    ("typed", "seconds"), [("90", 90.0), ("90s", 90.0), ("1.5m", 90.0), ("2h", 7200.0), (None, None)]
)
def test_lengths_of_time(typed: str | None, seconds: float | None) -> None:
    @click.command()
    @launch_options
    def probe(timeout: float | None, **_: object) -> None:
        assert timeout == seconds

    result = CliRunner().invoke(probe, ["--timeout", typed] if typed else [], catch_exceptions=False)
    assert result.exit_code == 0
