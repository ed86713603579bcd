"""The example, rehearsed: with containers and under load, and the control plane alone."""

from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from appdp.local.rehearsal.live import PlainScreen
from appdp.local.rehearsal.record import ActRecord, RehearsalRecord
from appdp.local.rehearsal.report import render
from appdp.local.rehearsal.scenario import choose_acts
from appdp.local.rehearsal.scenario_file import read
from appdp.local.rehearsal.stage import Options, rehearse
from tests.conftest import in_ci
from tests.emulator.ecs.conftest import wait

pytestmark = pytest.mark.timeout(900)
"""The first test of a rehearsal plays it."""

SHOP = Path(__file__).parents[3] / "examples" / "shop"
RATE = 100
"""Requests per second: less than a rehearsal's, because other journeys run beside this one."""


def _rehearsed(*acts: int, docker: bool, release: str | None = None) -> RehearsalRecord:
    """These acts of the shop; with ``release``, that one in place of their own."""
    shop = read(SHOP)
    chosen = tuple(replace(act, release=release or act.release) for act in choose_acts(shop, acts))
    console = Console(file=io.StringIO(), width=200)
    with PlainScreen(console) as screen:
        return rehearse(shop, Options(acts=chosen, screen=screen, docker=docker, rate=RATE, agree=True))


def _unexpected(record: RehearsalRecord) -> list[str]:
    return [
        f"act {act.number}: {check.name}: {check.seen}\n{act.failure}\n{[line.text for line in act.log[-5:]]}"
        for act in record.acts
        for check in act.checks
        if not check.passed
    ]


@pytest.fixture(scope="module")
def with_containers() -> RehearsalRecord:
    return _rehearsed(1, 2, 5, 7, 11, 12, docker=True)


@pytest.mark.docker
def test_every_act_comes_out_as_expected(with_containers: RehearsalRecord) -> None:
    assert _unexpected(with_containers) == []
    assert with_containers.as_expected
    outcomes = [act.outcome for act in with_containers.acts]
    assert outcomes == ["succeeded", "succeeded", "rolled_back", "no_pipeline", "succeeded", "rolled_back"]


@pytest.mark.docker
def test_services_switch_after_the_gate_and_together(with_containers: RehearsalRecord) -> None:
    second = with_containers.acts[1]
    assert second.traffic is not None
    assert second.gate_opened_at is not None
    assert second.traffic.failed == 0
    assert second.traffic.rate >= 0.8 * RATE
    switched = [service.switched_at for service in second.traffic.services if service.switched_at]
    assert len(switched) == 2
    assert min(switched) >= second.gate_opened_at
    assert max(switched) - min(switched) < 5


@pytest.mark.docker
def test_a_good_service_waits_for_a_broken_one_and_takes_no_traffic(with_containers: RehearsalRecord) -> None:
    fifth = with_containers.acts[2]
    lanes = {lane.service: lane for lane in fifth.lanes}
    assert lanes["storefront"].waited is not None
    assert lanes["api"].waited is None
    assert fifth.gate_opened_at is None
    assert [span.name for span in lanes["worker"].progress] == ["unchanged"]


@pytest.mark.docker
def test_pushes_are_built_by_the_pipeline_and_run_by_digest(with_containers: RehearsalRecord) -> None:
    first, second, _, nothing, *_ = with_containers.acts
    platforms = "linux/amd64, linux/arm64" if in_ci() else ""
    for act in (first, second):
        assert act.pipeline is not None
        assert act.pipeline.status == "Succeeded"
        names = {check.name for check in act.checks}
        for image in ("storefront", "api", "worker"):
            assert f"{image} runs by a digest of this release" in names
            assert any(name.startswith(f"{image} is built for {platforms}") for name in names)
    assert "starts nothing in appdp-shop-main; filter 1: the branch is none of main" in nothing.failure


@pytest.mark.docker
def test_an_image_that_a_commit_does_not_change_comes_from_the_cache(with_containers: RehearsalRecord) -> None:
    pipeline = with_containers.acts[2].pipeline
    assert pipeline is not None
    assert pipeline.status == "Failed"
    assert any("worker:" in line and ", 0 built" in line for line in pipeline.log), pipeline.log


@pytest.mark.docker
def test_every_release_is_migrated_before_its_services_start(with_containers: RehearsalRecord) -> None:
    first, second, fifth, _, sixth, _ = with_containers.acts
    for act in (first, second, fifth, sixth):
        assert "job migrate ran by a digest of this release" in _checked(act)
        assert "job migrate ended before the first service started" in _checked(act)
    said = _checked(sixth)["job migrate ran by a digest of this release"]
    assert "it wrote “migration of release 6: done”" in said


@pytest.mark.docker
def test_a_migration_that_fails_touches_nothing_and_costs_no_request(with_containers: RehearsalRecord) -> None:
    seventh = with_containers.acts[-1]
    assert _says(seventh, "job migrate failed with exit code 1", "migration of release 7: ERROR: 12 orders")
    assert _checked(seventh)["no service was touched"] == "ECS began no service deployment"
    assert seventh.traffic is not None
    assert seventh.traffic.failed == 0
    assert seventh.traffic.sent > 100
    assert {lane.service: [span.name for span in lane.progress] for lane in seventh.lanes}["migrate"][-1] == "failed"


@pytest.mark.docker
def test_a_schedule_runs_the_release_and_goes_on_to_after_one_that_failed(with_containers: RehearsalRecord) -> None:
    sixth, seventh = with_containers.acts[-2:]
    for act in (sixth, seventh):
        assert _checked(act)["schedule report wrote “report of release 6:”"].startswith("report of release 6: 12")
    pinned = "schedule report points at a revision with the running release's digests"
    assert _checked(sixth)[pinned] == _checked(seventh)[pinned]


@pytest.mark.docker
def test_the_report_shows_it(with_containers: RehearsalRecord) -> None:
    page = render(with_containers)
    assert "gate opens" in page
    assert "stood at the gate" in page


@pytest.mark.docker
def test_nothing_is_left_behind(with_containers: RehearsalRecord) -> None:
    tags = {act.tag for act in with_containers.acts}

    def images() -> str | None:
        """What the daemon lists; it may fail while another test removes an image."""
        listed = subprocess.run(["docker", "image", "ls"], capture_output=True, text=True, check=False)
        return listed.stdout if listed.returncode == 0 else None

    assert not [line for line in wait(images).splitlines() if any(tag in line for tag in tags)]


@pytest.fixture(scope="module")
def control_plane() -> RehearsalRecord:
    return _rehearsed(1, 3, 4, 12, docker=False)


def test_the_control_plane_alone_says_what_it_cannot_show(control_plane: RehearsalRecord) -> None:
    assert control_plane.where.mode == "control plane alone"
    assert any("no real container" in note for note in control_plane.where.notes)


def test_the_control_plane_alone_judges_every_act(control_plane: RehearsalRecord) -> None:
    assert _unexpected(control_plane) == []
    first, third, fourth, seventh = control_plane.acts
    assert first.outcome == "succeeded"
    assert _says(third, "exited with code 3", "FATAL: price list has no currency")
    assert _says(fourth, "failed ELB health checks", "[503]")
    assert _says(seventh, "job migrate failed with exit code 1")
    assert all(act.traffic is None for act in control_plane.acts)


def test_a_first_release_that_fails_is_told_with_its_reason() -> None:
    record = _rehearsed(1, docker=False, release="3")
    assert not record.as_expected
    (first,) = record.acts
    assert first.outcome == "rolled_back"
    assert _says(first, "exited with code 3", "FATAL: price list has no currency")


def _says(act: ActRecord, *parts: str) -> bool:
    return all(part in act.failure for part in parts)


def _checked(act: ActRecord) -> dict[str, str]:
    """What was expected → what was seen."""
    return {check.name: check.seen for check in act.checks}
