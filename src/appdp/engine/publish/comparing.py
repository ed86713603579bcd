"""What a release changes in an environment, for who has to approve it.

It is what the environment ran when the release was published. If another pipeline, or somebody, deploys to it before
the approval, the page that was told still compares with the release of before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_COMMIT: Final = 12
_SHORT_TAG: Final = 30
_NAMES_LENGTH: Final = 60
_UNKNOWN_SCHEDULES: Final = " Schedules: unknown."


def changes_page(commit: str, running: str | None) -> str:
    """The page, below the repository's on GitHub, that shows what ``commit`` changes.

    Args:
        commit: the release.
        running: what the environment runs; None before its first release. Then, and if it is the release itself,
            there is nothing to compare with, and it is the commit's page.

    See: https://docs.github.com/en/pull-requests/committing-changes-to-your-project/viewing-and-comparing-commits/comparing-commits
    """
    return f"commit/{commit}" if running in (None, commit) else f"compare/{running}...{commit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a release changes in an environment that runs one.

    Args:
        images: all images of the release.
        same: those that the environment runs already.
        schedules: the environment's schedules that run something else from this release on; None when nobody knows.
    """

    images: Sequence[str]
    same: Sequence[str]
    schedules: Sequence[str] | None = ()


def about_changes(environment: str, commit: str, running: str | None, changes: Changes) -> str:
    """What ``commit`` changes in an environment, in at most :data:`~appdp.model.publication.ABOUT_LIMIT` characters.

    Args:
        environment: its name.
        commit: the release.
        running: what the environment runs; None before its first release.
        changes: what it changes there.
    """
    if running is None:
        return f"{environment} has no release yet."
    if running == commit:
        return f"{environment} runs this release already."
    same, schedules = changes.same, changes.schedules
    changed = [name for name in changes.images if name not in same] + [f"schedule {name}" for name in schedules or ()]
    kept = f" The same: {_named(same)}." if same else ""
    kept += _UNKNOWN_SCHEDULES if schedules is None else ""
    return f"{environment} runs {_short(running)}. Changed: {_named(changed) if changed else 'nothing'}.{kept}"


def not_compared(environment: str) -> str:
    """What is said of an environment elsewhere that could not be read."""
    return f"{environment} could not be read, so nothing is compared."


def _short(release: str) -> str:
    if _COMMIT.fullmatch(release):
        return release[:_SHORT_COMMIT]
    return release if len(release) <= _SHORT_TAG else f"{release[:_SHORT_TAG]}…"


def _named(names: Sequence[str]) -> str:
    shown = list(names[:1])
    for name in names[1:]:
        if len(", ".join([*shown, name])) > _NAMES_LENGTH:
            break
        shown.append(name)
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
