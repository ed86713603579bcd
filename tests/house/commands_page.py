"""``docs/commands.md``, made of the command line itself. Run ``make docs`` to write it.

Help comes from click, permissions from :mod:`appdp.cli.actions`; only the introduction is written here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from appdp.cli.actions import ACTIONS, NOTES
from appdp.cli.main import main as appdp
from tests.house.checkout import ROOT

PAGE: Final = ROOT / "docs" / "commands.md"

WIDTH: Final = 100
"""Columns of the help texts, whatever terminal this runs in."""

INTRODUCTION: Final = """# Commands

<!-- Made by "make docs" from the commands themselves: change their help, not this page. -->

What a command prints on stdout is data, all talk goes to stderr; `--json` prints the data as JSON. Verbs that change
something have `--dry-run`. Those that ask do so on the terminal; `--yes` agrees beforehand, and without it and without
a terminal they end with 2. Colours are for terminals only, and `NO_COLOR=1` leaves them out there.

An application, where there are several, is named with `--app` or `APPDP_APP`; credentials and region are found as the
AWS command line finds them, or named with `--profile` and `--region`.

| exit code | means |
| --- | --- |
| 0 | done |
| 1 | `diff` only: there is a difference |
| 2 | the command cannot mean anything: a wrong option, a name that does not exist, a question that was answered no |
| 3 | nothing to do |
| 4 | rolled back: the environment runs what it ran before |
| 5 | failed, needs a human |
| 6 | gave up waiting; the deployment goes on |
| 7 | on hold: somebody must decide |
| 8 | refused, and nothing was changed; `verify`: a check failed |
| 9 | AWS said no, or did not answer, or there are no credentials |
| 130 | Ctrl-C before anything was changed |

## Completion in the shell

The Tab key completes verbs and options once the shell has read what `appdp` itself prints for it:

```sh
eval "$(_APPDP_COMPLETE=bash_source appdp)"    # in ~/.bashrc
eval "$(_APPDP_COMPLETE=zsh_source appdp)"     # in ~/.zshrc
```

For fish, `_APPDP_COMPLETE=fish_source appdp` prints what belongs into `~/.config/fish/completions/appdp.fish`.
"""


def page() -> str:
    """The whole page."""
    context = appdp.make_context("appdp", [], resilient_parsing=True)
    verbs = [_section(context, name) for name in appdp.list_commands(context)]
    return "\n".join([INTRODUCTION, *verbs])


def _section(parent: click.Context, name: str) -> str:
    command = appdp.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH)
    actions = ", ".join(f"`{action}`" for action in sorted(ACTIONS[name]))
    permissions = f"Permissions: {actions}. {NOTES[name]}" if actions else NOTES[name]
    return f"## appdp {name}\n\n```text\n{command.get_help(context)}\n```\n\n{permissions}\n"


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
