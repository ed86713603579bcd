"""A rehearsal that never happened: three acts with all that a report shows, small enough to check by eye."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from appdp.local.rehearsal.record import (
    ActRecord,
    ActTraffic,
    Check,
    Environment,
    Lane,
    LogLine,
    PipelineRun,
    RehearsalRecord,
    ServiceTraffic,
    Span,
)
from appdp.local.rehearsal.scenario_file import read

SHOP: Final = read(Path(__file__).parents[4] / "examples" / "shop")
START: Final = 1_795_420_000.0
BINS: Final = 60
PER_BIN: Final = 62


def _spans(start: float, *parts: tuple[str, float]) -> tuple[Span, ...]:
    spans, at = [], start
    for name, seconds in parts:
        spans.append(Span(name=name, start=at, end=at + seconds))
        at += seconds
    return tuple(spans)


def _service(name: str, start: float, *, old: str, new: str | None, switch: float, failed: int = 0) -> ServiceTraffic:
    bin_of_switch = int(switch / 0.5) if new else BINS
    before = tuple(PER_BIN if i < bin_of_switch else 0 for i in range(BINS))
    series: dict[str, tuple[int, ...]] = {old: before}
    releases: dict[str, int] = {old: sum(before)}
    if new:
        series[new] = tuple(0 if i < bin_of_switch else PER_BIN for i in range(BINS))
        releases[new] = sum(series[new])
    failures: Mapping[str, int] = {}
    if failed:
        series["failed"] = tuple(failed if i == bin_of_switch else 0 for i in range(BINS))
        failures = {"502": failed}
    return ServiceTraffic(
        service=name,
        sent=BINS * PER_BIN + failed,
        releases=releases,
        failures=failures,
        p50=0.0042,
        p99=0.0191,
        slowest=0.0874,
        switched_at=start + switch if new else None,
        last_before_at=start + switch if new else start + 29.9,
        tested_at=start + 9.0 if new else None,
        series=series,
    )


def _traffic(start: float, *services: ServiceTraffic) -> ActTraffic:
    return ActTraffic(bins_from=start, bin_seconds=0.5, seconds=BINS * 0.5, services=services, test_requests=118)


def _first(start: float) -> ActRecord:
    parts = (("prepare", 1.0), ("cutover", 9.0), ("bake", 6.0), ("record", 1.0))
    lane = _spans(start, ("waiting", 1.0), ("starting", 8.0), ("baking", 6.0), ("succeeded", 2.0))
    return ActRecord(
        number=1,
        title="The first release",
        release="release 1",
        tag="024a842a93d6",
        answers="1",
        command="appdp deploy dev 024a842a93d6",
        started_at=start,
        ended_at=start + 17,
        outcome="succeeded",
        expected_outcome="succeeded",
        exit_code=0,
        happened="dev runs release 1.",
        phases=_spans(start, *parts),
        lanes=(Lane(service="api", progress=lane), Lane(service="storefront", progress=lane)),
        log=(LogLine(at=start + 0.4, service="", text="took the lock"),),
        checks=(Check(name="ends as succeeded, exit code 0", passed=True, seen="succeeded, exit code 0"),),
    )


def _second(start: float, failed: int) -> ActRecord:
    phases = (("prepare", 1.5), ("green", 9.0), ("gate", 6.5), ("cutover", 3.0), ("bake", 6.0), ("record", 1.0))
    api = (("starting", 9.5), ("at_gate", 6.0), ("shifting", 2.5), ("baking", 6.0), ("succeeded", 1.5))
    storefront = (("starting", 6.4), ("at_gate", 9.1), ("shifting", 2.5), ("baking", 6.0), ("succeeded", 1.5))
    stages = (("SCALE_UP", 5.0), ("TEST_TRAFFIC_SHIFT", 1.0), ("POST_TEST_TRAFFIC_SHIFT", 9.5), ("BAKE_TIME", 7.0))
    checks = (
        Check(name="ends as succeeded, exit code 0", passed=True, seen="succeeded, exit code 0"),
        Check(name="no request failed", passed=failed == 0, seen=f"{failed} of {2 * BINS * PER_BIN + failed} failed"),
        Check(name="all services switch within 2 s", passed=True, seen="0.18 s apart"),
    )
    return ActRecord(
        number=2,
        title="Release 2 under load",
        release="release 2",
        tag="499666b03fac",
        answers="2",
        command="git push origin 499666b03fac:main",
        started_at=start + 2,
        ended_at=start + 29,
        outcome="succeeded",
        expected_outcome="succeeded",
        exit_code=None,
        happened="dev runs release 2; its services switched 0.18 s apart.",
        phases=_spans(start + 2, *phases),
        lanes=(
            Lane(service="migrate", progress=_spans(start + 2.6, ("running", 0.8))),
            Lane(service="api", progress=_spans(start + 3.5, *api), stages=_spans(start + 3.8, *stages), waited=6.0),
            Lane(service="storefront", progress=_spans(start + 3.5, *storefront), waited=9.1),
            Lane(service="worker", progress=_spans(start + 19, ("starting", 6.0), ("succeeded", 3.0))),
        ),
        gate_opened_at=start + 19.0,
        log=(LogLine(at=start + 2.4, service="", text="took the lock"),) * 3,
        traffic=_traffic(
            start,
            _service("storefront", start, old="1", new="2", switch=20.1, failed=failed),
            _service("api", start, old="1", new="2", switch=20.28),
        ),
        pipeline=PipelineRun(
            pipeline="appdp-shop-main",
            started_at=start - 4,
            status="Succeeded",
            actions=_spans(start - 4, ("Source", 0.3), ("Build-arm64", 4.6), ("Publish", 1.0), ("Deploy-dev", 27.0)),
            log=("Build-arm64: Building api for linux/arm64.", "Build-arm64: api: 4 steps from the cache, <1> built"),
            approved=("appdp-shop-main stands before Deploy-dev. Approved.",),
        ),
        checks=checks,
    )


def _third(start: float) -> ActRecord:
    lane = (("starting", 12.0), ("failed", 1.0), ("returning", 8.0), ("returned", 1.0))
    return ActRecord(
        number=3,
        title="Release 3 exits at start",
        release="release 3",
        tag="2eb6e5f33883",
        answers="3",
        command="appdp deploy dev 2eb6e5f33883",
        started_at=start + 2,
        ended_at=start + 28,
        outcome="rolled_back",
        expected_outcome="rolled_back",
        exit_code=4,
        happened="returned: api: 3 tasks stopped & none became <healthy>",
        phases=_spans(start + 2, ("prepare", 1.5), ("green", 12.0), ("return", 12.0)),
        lanes=(
            Lane(service="api", progress=_spans(start + 3.5, *lane)),
            Lane(service="storefront", progress=_spans(start + 3.5, *lane)),
            Lane(service="worker", progress=_spans(start + 3.5, ("unchanged", 24.0))),
        ),
        failure="api: 3 tasks stopped & none became <healthy>\n  task 1f2e: Essential container in task exited\n"
        "    container api exited with code 3\n    last log lines:\n      FATAL: price list has no currency",
        traffic=_traffic(
            start,
            _service("storefront", start, old="2", new=None, switch=0),
            _service("api", start, old="2", new=None, switch=0),
        ),
        checks=(Check(name="ends as rolled_back, exit code 4", passed=True, seen="rolled_back, exit code 4"),),
    )


def rehearsal(*, failed: int = 0) -> RehearsalRecord:
    """The record; ``failed`` requests of act 2 failed."""
    return RehearsalRecord(
        application="shop",
        environment="dev",
        started_at=START,
        ended_at=START + 112.4,
        acts=(_first(START + 20), _second(START + 40, failed), _third(START + 72)),
        planned_acts=3,
        where=Environment(
            mode="real containers on Docker",
            machine="2 processors, Linux x86_64",
            versions={"appdp": "0.1.0", "Docker": "26.1.5"},
            notes=("The base image could not be pulled, so a stand-in was made from /bin/busybox.",),
        ),
    )
