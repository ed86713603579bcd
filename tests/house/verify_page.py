"""``docs/verify.md``, made of the checks themselves. Run ``make docs`` to write it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from appdp.engine.verify import GROUPS, Check, EnvironmentCheck, TaskCheck
from tests.house.checkout import ROOT

PAGE: Final = ROOT / "docs" / "verify.md"

INTRODUCTION: Final = """# What `appdp verify` checks

<!-- Made by "make docs" from the checks themselves: change them, not this page. -->

`appdp verify ENV [RELEASE]` looks whether an environment could take a release. It changes nothing. Every check is
asked about every service, those marked *tasks* also about every job and schedule, and those marked *once* about the
environment; whatever the others find. Its answer is

- `ok`;
- `failed`, with what was found and what to do next; the command then ends with exit code 8;
- `skipped`, where the check does not apply, with the reason;
- `unknown`, where AWS did not say, mostly because you may not ask. That does not fail, and never counts as ok.

Without `--all`, only failed and unknown checks are printed. `--json` prints all of them; ids are stable.
[commands.md](commands.md#appdp-verify) has the options and the permissions.

What it cannot see: whether AWS has capacity, what a transit gateway or a firewall does with traffic that leaves the
VPC, network ACLs, policies of resources (a repository's, a key's) and of an organization.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(_section(name, checks) for name, checks in GROUPS.items())])


def _section(name: str, checks: tuple[Check, ...]) -> str:
    head = f"## {name}\n\n| id | what is asked | why |\n| --- | --- | --- |\n"
    return head + "".join(_row(check) for check in checks)


def _row(check: Check) -> str:
    whom = " *Once.*" if isinstance(check, EnvironmentCheck) else " *Tasks.*" if isinstance(check, TaskCheck) else ""
    return f"| [`{check.id}`]({check.source}) | {check.asks}{whom} | {check.why} |\n"


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
