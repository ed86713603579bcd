"""What an approval shows to who approves: a link, and a few lines about what the release changes.

Both are filled in when the pipeline runs, from the output variables of its publish action: which release an
environment runs is known only then. The link starts with the repository's own address, so that it is an address before
and after CodePipeline fills it in.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-action-add.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from appdp.model.handoff import about_variable, changes_variable
from appdp.model.publication import ABOUT_LIMIT

PUBLISH: Final = "Publish"
"""The namespace of the publish action's variables."""

TEXT_LIMIT: Final = 1_000
"""Characters of a value in an action's configuration; kept also by what is filled in.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

_COMMIT_LENGTH: Final = 64
"""The longest hash that git knows, for a commit that a note mentions."""

_PAGE_LENGTH: Final = len("compare/...") + 128 + _COMMIT_LENGTH
"""A page that compares a commit with any release: a release is an image tag of at most 128 characters."""


def approval_link(repository: str, environments: Sequence[str]) -> str:
    """Where the release is compared with what the first environment runs.

    Args:
        repository: ``owner/repo`` on GitHub.
        environments: those of the stage, at least one.
    """
    return _page(repository, environments[0])


def approval_text(note: str, repository: str, environments: Sequence[str]) -> str:
    """The note, then what changes in each environment, then the links of all but the first: as much as there is room.

    Args:
        note: the first line.
        repository: ``owner/repo`` on GitHub.
        environments: as in :func:`approval_link`.
    """
    text, room = note, TEXT_LIMIT - len(note) - _COMMIT_LENGTH
    page_limit = len(_page(repository, "")) + _PAGE_LENGTH
    abouts = [(_variable(about_variable(name)), ABOUT_LIMIT) for name in environments]
    pages = [(f"{name}: {_page(repository, name)}", len(name) + 2 + page_limit) for name in environments[1:]]
    for line, length in (*abouts, *pages):
        if length + 1 <= room:
            text += f"\n{line}"
            room -= length + 1
    return text


def _page(repository: str, environment: str) -> str:
    return f"https://github.com/{repository}/{_variable(changes_variable(environment))}"


def _variable(name: str) -> str:
    return f"#{{{PUBLISH}.{name}}}"
