"""The page about the checks is what the checks say."""

from __future__ import annotations

from appdp.engine.verify import CHECKS
from tests.house.verify_page import PAGE, page


def test_the_page_is_as_the_checks_say_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Run 'make docs' and commit what it writes."


def test_every_check_is_on_it() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| [`")]
    assert [row.split("`")[1] for row in rows] == [check.id for check in CHECKS]
