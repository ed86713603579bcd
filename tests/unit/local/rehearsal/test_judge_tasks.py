"""Judging jobs and schedules: each claim fails when what it claims is not so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appdp.local.rehearsal.judge_tasks import JobRan, ScheduleRan, judge_jobs, judge_schedule

JOB = JobRan(
    name="migrate",
    before_traffic=True,
    exit_code=0,
    runs="sha256:new",
    digests=("sha256:index", "sha256:new"),
    ended_at=104.0,
    said=("adding a column", "done"),
)
REPORT = ScheduleRan(
    name="report",
    wanted="report of release 2:",
    points_at="shop-dev-report:4",
    images=("1.dkr.ecr.us-east-1.amazonaws.com/shop/worker@sha256:index",),
    digests=("sha256:index", "sha256:new"),
    ran=("sha256:new",),
    said=("report of release 2: 12 teapots",),
)


def _failed(job: JobRan, first_green_at: float | None) -> list[str]:
    return [check.name for check in judge_jobs((job,), first_green_at) if not check.passed]


def test_a_migration_before_traffic() -> None:
    assert _failed(JOB, 104.5) == []
    digest, order = judge_jobs((JOB,), 104.5)
    assert digest.seen == "sha256:new; it wrote “done”"
    assert order.seen == "0.5 s before it"
    assert judge_jobs((), 104.5) == []


def test_a_migration_that_failed_touched_nothing() -> None:
    failed = replace(JOB, exit_code=1)
    assert _failed(failed, None) == []
    assert _failed(failed, 104.5) == ["no service was touched"]


def test_a_job_after_traffic_may_end_when_it_likes() -> None:
    assert _failed(replace(JOB, before_traffic=False, exit_code=1), 90.0) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"runs": "sha256:old"}, "job migrate ran by a digest of this release"),
        ({"runs": ""}, "job migrate ran by a digest of this release"),
        ({"ended_at": 105.0}, "job migrate ended before the first service started"),
        ({"ended_at": None}, "job migrate ended before the first service started"),
        ({"exit_code": None}, "no service was touched"),
    ],
)
def test_each_claim_about_a_job(change: dict[str, Any], name: str) -> None:
    assert _failed(replace(JOB, **change), 104.5) == [name]


def _wrong(schedule: ScheduleRan, *, containers: bool = True) -> list[str]:
    return [check.name for check in judge_schedule(schedule, containers=containers) if not check.passed]


def test_a_schedule_that_follows() -> None:
    assert _wrong(REPORT) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (
            {"images": ("shop/worker:env-dev",)},
            "schedule report points at a revision with the running release's digests",
        ),
        ({"images": ()}, "schedule report points at a revision with the running release's digests"),
        ({"ran": ("sha256:old",)}, "schedule report ran exactly that afterwards"),
        ({"ran": ()}, "schedule report ran exactly that afterwards"),
        ({"said": ("report of release 1: 12 teapots",)}, "schedule report wrote “report of release 2:”"),
        ({"said": ()}, "schedule report wrote “report of release 2:”"),
        ({"points_at": ""}, "schedule report follows the releases"),
    ],
)
def test_each_claim_about_a_schedule(change: dict[str, Any], name: str) -> None:
    assert _wrong(replace(REPORT, **change)) == [name]


def test_what_played_containers_write_proves_nothing() -> None:
    assert _wrong(replace(REPORT, said=()), containers=False) == []
