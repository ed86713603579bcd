"""Every check passes on a healthy environment and fails on one that is broken just there."""

from __future__ import annotations

import pytest

from appdp.engine.verify import CHECKS, Result, Verification, examine, load
from appdp.model.handoff import service_parameter
from appdp.model.job import JobRun
from tests.fakes.aws import APPLICATION, ENVIRONMENT
from tests.fakes.verify_breaks import BREAKS
from tests.fakes.verify_parts import (
    SECRET,
)
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


def of(found: Verification, kind: str) -> dict[str, Result]:
    """Check → result, for everything of a kind."""
    return {one.check: one.result for one in found.checked if one.kind == kind}


@pytest.mark.parametrize("kind", ["job", "schedule"])
def test_what_starts_a_job_or_a_schedule_is_looked_at(kind: str) -> None:
    world = VerifyWorld()
    definition = world.job_definition() if kind == "job" else world.schedule_definition()
    container = definition["containerDefinitions"][0]
    container["secrets"] = [{"name": "PASSWORD", "valueFrom": SECRET.replace("database", "other")}]
    definition["executionRoleArn"] = "arn:aws:iam::000000000000:role/gone"
    found = verified(world)
    wrong = {(one.kind, one.check) for one in found.checked if one.result is Result.FAILED}
    assert wrong == {(kind, "secrets-exist"), (kind, "execution-role")}


def test_a_release_without_the_image_of_a_job_that_only_people_run() -> None:
    world = VerifyWorld()
    world.aws.publish("v2", only=("worker",))
    world.aws.add_job("by-hand", run=JobRun.ON_DEMAND)
    found = verified(world, "v2")
    wrong = {(one.kind, one.name, one.check) for one in found.checked if one.result is Result.FAILED}
    assert ("job", "by-hand", "images-exist") in wrong


def test_an_environment_without_services() -> None:
    world = VerifyWorld()
    for name in ("api", "worker"):
        world.aws.parameters.delete(service_parameter(APPLICATION, ENVIRONMENT, name))
    found = verified(world)
    assert not found.failed
    assert of(found, "service") == {}
    assert of(found, "job")["images-exist"] is Result.OK
    assert of(found, "schedule")["schedule-exists"] is Result.OK
    assert set(of(found, "environment").values()) == {Result.SKIPPED}


def test_a_job_and_a_service_of_the_same_name_are_told_apart() -> None:
    world = VerifyWorld()
    world.aws.add_job("api")
    found = verified(world)
    kinds = [one.kind for one in found.checked if one.name == "api" and one.check == "task-definition-active"]
    assert kinds == ["service", "job"]


def test_checks_are_explained() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    for check in CHECKS:
        assert check.asks.endswith(".")
        assert check.why.endswith(".")
        assert check.source.startswith("https://docs.aws.amazon.com/")
