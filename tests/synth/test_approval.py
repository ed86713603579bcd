"""What an approval shows: the variables that it names, and that it stays within CodePipeline's limit when filled in."""

from __future__ import annotations

import re

import pytest

from appdp.cdk.approval import PUBLISH, TEXT_LIMIT, approval_link, approval_text
from appdp.model.publication import ABOUT_LIMIT

COMMIT = "#{Source.CommitId}"
NOTE = f"Release {COMMIT} of shop"
GITHUB = "https://github.com/acme/shop"
_VARIABLE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")


def filled_in(text: str) -> str:
    """The text with every variable as long as it can be."""

    def longest(match: re.Match[str]) -> str:
        space, name = match.groups()
        if space != PUBLISH:
            return "c" * 64
        return "a" * ABOUT_LIMIT if name.startswith("about_") else f"compare/{'r' * 128}...{'c' * 64}"

    return _VARIABLE.sub(longest, text)


def test_the_link_compares_with_the_first_environment() -> None:
    assert approval_link("acme/shop", ("qa", "demo")) == f"{GITHUB}/#{{Publish.changes_qa}}"


def test_the_others_links_are_in_the_text() -> None:
    assert approval_text("Ask Ada.", "acme/shop", ("qa", "demo")).splitlines() == [
        "Ask Ada.",
        "#{Publish.about_qa}",
        "#{Publish.about_demo}",
        f"demo: {GITHUB}/#{{Publish.changes_demo}}",
    ]


@pytest.mark.parametrize("environments", range(1, 12))
@pytest.mark.parametrize("note", [NOTE, "n" * 400, "n" * 900])
def test_it_has_room_when_it_is_filled_in(environments: int, note: str) -> None:
    names = tuple(f"{number:02}".rjust(32, "e") for number in range(environments))
    text = approval_text(note, f"{'o' * 39}/{'r' * 100}", names)
    assert text.startswith(note)
    assert len(text) <= TEXT_LIMIT
    assert len(filled_in(text)) <= TEXT_LIMIT
    if note == NOTE:
        assert text.count("about_") == min(environments, 3)
