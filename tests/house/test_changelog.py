"""The changelog follows Keep a Changelog, and knows the version that is being made."""

from __future__ import annotations

import re

import appdp
from tests.house.checkout import ROOT

ORDER = ["Security", "Removed", "Deprecated", "Added", "Changed", "Fixed"]
TEXT = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Version (or ``Unreleased``) → its text."""
    parts = re.split(r"^## \[([^\]]+)\][^\n]*\n", TEXT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_version_in_the_making_is_described() -> None:
    assert appdp.__version__ in sections() or f"next version is {appdp.__version__}" in sections()["Unreleased"]


def test_unreleased_comes_first_and_versions_are_semantic() -> None:
    names = list(sections())
    assert names[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", name) for name in names[1:])


def test_kinds_of_change_are_known_and_in_order() -> None:
    for name, text in sections().items():
        kinds = re.findall(r"^### (.+)$", text, re.MULTILINE)
        assert kinds == [kind for kind in ORDER if kind in kinds], name
