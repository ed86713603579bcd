"""What an approval is told about a release."""

from __future__ import annotations

import pytest

from appdp.engine.publish.comparing import Changes, about_changes, changes_page
from appdp.model.publication import ABOUT_LIMIT

OLD, NEW = "0123456789abcdef" * 2 + "01234567", "fedcba9876543210" * 2 + "fedcba98"


@pytest.mark.parametrize(
    ("running", "page"),
    [
        (None, f"commit/{NEW}"),
        (NEW, f"commit/{NEW}"),
        (OLD, f"compare/{OLD}...{NEW}"),
        ("v1.2", f"compare/v1.2...{NEW}"),
    ],
)
def test_the_page_compares_with_what_runs(running: str | None, page: str) -> None:
    assert changes_page(NEW, running) == page


@pytest.mark.parametrize(
    ("running", "same", "said"),
    [
        (None, (), "prod has no release yet."),
        (NEW, ("web", "api"), "prod runs this release already."),
        (OLD, (), "prod runs 0123456789ab. Changed: web, api."),
        (OLD, ("web",), "prod runs 0123456789ab. Changed: api. The same: web."),
        (OLD, ("web", "api"), "prod runs 0123456789ab. Changed: nothing. The same: web, api."),
        ("release-of-the-24th-of-november-2026", (), "prod runs release-of-the-24th-of-novembe…. Changed: web, api."),
    ],
)
def test_what_is_said(running: str | None, same: tuple[str, ...], said: str) -> None:
    assert about_changes("prod", NEW, running, Changes(images=("web", "api"), same=same)) == said


@pytest.mark.parametrize(
    ("same", "schedules", "said"),
    [
        (("web",), ("report", "cleanup"), "Changed: api, schedule report, schedule cleanup. The same: web."),
        (("web", "api"), (), "Changed: nothing. The same: web, api."),
        (("web",), None, "Changed: api. The same: web. Schedules: unknown."),
    ],
)
def test_schedules_that_run_something_else_are_named(
    same: tuple[str, ...], schedules: tuple[str, ...] | None, said: str
) -> None:
    changes = Changes(images=("web", "api"), same=same, schedules=schedules)
    assert about_changes("prod", NEW, OLD, changes) == f"prod runs 0123456789ab. {said}"


@pytest.mark.parametrize("scheduled", [0, 200, None])
@pytest.mark.parametrize("same", [0, 1, 50, 99, 200])
@pytest.mark.parametrize("length", [1, 7, 32])
def test_it_is_never_longer_than_its_limit(same: int, length: int, scheduled: int | None) -> None:
    names = tuple(f"{number:03}".rjust(length, "n")[-length:] for number in range(200))
    schedules = None if scheduled is None else names[:scheduled]
    said = about_changes("e" * 32, NEW, "t" * 128, Changes(images=names, same=names[:same], schedules=schedules))
    assert len(said) <= ABOUT_LIMIT
    assert said.endswith(".")


def test_what_is_left_out_is_counted() -> None:
    names = tuple(f"service-{number:02}" for number in range(40))
    said = about_changes("prod", NEW, OLD, Changes(images=names, same=names[1:]))
    assert said == (
        "prod runs 0123456789ab. Changed: service-00. "
        "The same: service-01, service-02, service-03, service-04, service-05 and 34 more."
    )
