"""Every check passes on a healthy environment and fails on one that is broken just there."""

from __future__ import annotations

import pytest

from appdp.engine.verify import CHECKS, Result, Verification, examine, load
from tests.fakes.verify_breaks import BREAKS
from tests.fakes.verify_world import VerifyWorld


def verified(world: VerifyWorld, release: str | None = None) -> Verification:
    return examine(load("shop", "dev", release, world.ports, world.facts))


def failed(found: Verification) -> dict[str, str]:
    """Check → what it found, for those that failed."""
    return {one.check: one.found for one in found.checked if one.result is Result.FAILED}


def test_a_healthy_environment_passes() -> None:
    found = verified(VerifyWorld())
    wrong = [one for one in found.checked if one.result in (Result.FAILED, Result.UNKNOWN)]
    assert wrong == []
    assert not found.failed
    passed = {one.check for one in found.checked if one.result is Result.OK}
    assert passed == {check.id for check in CHECKS}, "a check that never passes here shows nothing"


def test_every_check_has_a_fixture_that_breaks_it() -> None:
    assert sorted(BREAKS) == sorted(check.id for check in CHECKS)


@pytest.mark.parametrize("check", sorted(BREAKS))
def test_what_is_broken_is_found(check: str) -> None:
    world = VerifyWorld()
    BREAKS[check](world)
    found = verified(world)
    assert set(failed(found)) == {check}, failed(found)
    (one, *_) = [one for one in found.checked if one.check == check and one.result is Result.FAILED]
    assert one.found
    assert one.then.endswith("."), "says what to do next"
    assert len(found.checked) == len(verified(VerifyWorld()).checked), "every check ran"


def test_checks_are_explained() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    for check in CHECKS:
        assert check.asks.endswith(".")
        assert check.why.endswith(".")
        assert check.source.startswith("https://docs.aws.amazon.com/")
