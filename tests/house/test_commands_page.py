"""The page about the commands is what the commands say."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from appdp.cli.actions import ACTIONS, NOTES
from appdp.cli.main import main as appdp
from tests.house.commands_page import PAGE, page


def test_the_page_is_as_the_commands_say_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Run 'make docs' and commit what it writes."


def test_every_verb_tells_what_it_may_call() -> None:
    verbs = set(appdp.list_commands(click.Context(appdp)))
    assert verbs == set(ACTIONS) == set(NOTES)


def completed(*, words: str, at: int, shell: str = "bash") -> list[str]:
    """What the shell is offered."""
    environment = os.environ | {"_APPDP_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    program = "from appdp.cli.main import main; main(prog_name='appdp')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True, timeout=60
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_the_shell_completes_verbs_and_options() -> None:
    assert completed(words="appdp st", at=1) == ["stop", "status"]
    assert completed(words="appdp wait dev --un", at=3) == ["--until"]
    assert completed(words="appdp wait dev --until ", at=4) == ["green", "shifted", "done"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_is_told_how_to_complete(shell: str) -> None:
    program = "from appdp.cli.main import main; main(prog_name='appdp')"
    environment = os.environ | {"_APPDP_COMPLETE": f"{shell}_source"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert "_APPDP_COMPLETE" in done.stdout
