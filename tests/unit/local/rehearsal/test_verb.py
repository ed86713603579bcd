"""``appdp rehearse`` as far as nothing starts: its options, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.unit.local.rehearsal.sample import SHOP

from appdp.cli.main import main


def _run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["rehearse", *arguments])
    return result.exit_code, result.output


def test_help_names_every_option() -> None:
    code, output = _run("--help")
    assert code == 0
    for option in ("--report", "--acts", "--rate", "--no-docker", "--yes", "--keep", "--json"):
        assert option in output


def test_a_directory_that_is_no_example(tmp_path: Path) -> None:
    code, output = _run(str(tmp_path))
    assert code == 2
    assert "has no rehearsal.toml" in output
    assert "such as examples/shop" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--acts", "two"), "'two' is not a list of act numbers"),
        (("--acts", "1,13"), "There is no act 13: the scenario has acts 1 to 12"),
        (("--rate", "0"), "Invalid value for '--rate'"),
    ],
)
def test_options_that_cannot_work(arguments: tuple[str, ...], message: str) -> None:
    code, output = _run(str(SHOP.directory), *arguments)
    assert code == 2
    assert message in output
