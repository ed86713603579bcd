"""Judging an act: each claim fails when what it claims is not so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appdp.local.rehearsal.judge import Evidence, Running, judge
from appdp.local.rehearsal.judge_tasks import JobRan, ScheduleRan
from appdp.local.rehearsal.record import ActTraffic, ServiceTraffic
from appdp.local.rehearsal.scenario import Expect
from appdp.model.deployment import Outcome

SERVICE = ServiceTraffic(
    service="web",
    sent=1000,
    releases={"1": 600, "2": 400},
    failures={},
    p50=0.004,
    p99=0.02,
    slowest=0.1,
    switched_at=110.4,
    last_before_at=110.5,
    tested_at=104.0,
    series={},
)
TRAFFIC = ActTraffic(
    bins_from=100.0,
    bin_seconds=0.5,
    seconds=8.0,
    services=(SERVICE, replace(SERVICE, service="api", switched_at=110.9)),
)
GOOD = Evidence(
    outcome=Outcome.SUCCEEDED,
    exit_code=0,
    seconds=12.0,
    failure="",
    gate_opened_at=110.0,
    answering={"web": ("2",), "api": ("2",)},
    running="499666b03fac",
    must_answer=("2", "499666b03fac"),
    traffic=TRAFFIC,
    asked_rate=250.0,
)
MIGRATED = JobRan(name="migrate", before_traffic=True, exit_code=0, runs="a", digests=("a",), ended_at=106.0)
SUCCEEDS = Expect(outcome=Outcome.SUCCEEDED, switch_within_seconds=2)
RETURNED = replace(
    GOOD,
    outcome=Outcome.ROLLED_BACK,
    exit_code=4,
    gate_opened_at=None,
    failure="api: stopped\n  code 3\n  FATAL",
    answering={"web": ("1",), "api": ("1",)},
    running="024a842a93d6",
    must_answer=("1", "024a842a93d6"),
    traffic=replace(TRAFFIC, services=(replace(SERVICE, releases={"1": 1000}, switched_at=None),)),
    asked_rate=120.0,
)
RETURNS = Expect(outcome=Outcome.ROLLED_BACK, failure=("code 3",), log=("FATAL",), within_seconds=60)


def _failed(expect: Expect, evidence: Evidence, **change: Any) -> list[str]:
    changed = replace(evidence, **change)
    return [check.name for check in judge(expect, changed, answers="2") if not check.passed]


def test_a_good_release() -> None:
    assert _failed(SUCCEEDS, GOOD) == []


def test_a_broken_release_that_returned() -> None:
    assert _failed(RETURNS, RETURNED) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"outcome": Outcome.ROLLED_BACK}, "ends as succeeded, exit code 0"),
        ({"outcome": None}, "ends as succeeded, exit code 0"),
        ({"exit_code": 5}, "ends as succeeded, exit code 0"),
        ({"running": "none"}, "the recorded release is 499666b03fac"),
        ({"answering": {"web": ("1", "2")}}, "web answers 2 afterwards"),
        ({"answering": {"web": ()}}, "web answers 2 afterwards"),
        ({"asked_rate": 270.0}, "load of 270 requests/s"),
        ({"gate_opened_at": None}, "the gate opened"),
        ({"jobs": (MIGRATED,), "first_green_at": 105.9}, "job migrate ended before the first service started"),
        ({"schedules": (ScheduleRan(name="report", wanted="x"),)}, "schedule report follows the releases"),
    ],
)
def test_what_can_be_wrong_with_a_good_release(change: dict[str, Any], name: str) -> None:
    assert _failed(SUCCEEDS, GOOD, **change) == [name]


def _with(**change: Any) -> ActTraffic:
    return replace(TRAFFIC, services=(replace(SERVICE, **change), TRAFFIC.services[1]))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"failures": {"502": 1}}, ["no request failed"]),
        ({"switched_at": 109.9}, ["web switched after the gate"]),
        ({"switched_at": None}, ["web switched after the gate", "all services switch within 2 s"]),
        ({"switched_at": 113.0}, ["all services switch within 2 s"]),
        ({"tested_at": None}, ["web answered on the test listener first"]),
        ({"tested_at": 110.1}, ["web answered on the test listener first"]),
    ],
)
def test_what_traffic_can_give_away(change: dict[str, Any], names: list[str]) -> None:
    assert _failed(SUCCEEDS, GOOD, traffic=_with(**change)) == names


def test_what_can_be_wrong_with_a_return() -> None:
    assert _failed(RETURNS, RETURNED, seconds=61.0) == ["verdict within 60 s"]
    assert _failed(RETURNS, RETURNED, failure="code 3") == ["the failure text says “code 3”, “FATAL”"]
    assert _failed(RETURNS, RETURNED, failure="code 3", containers=False) == []
    seen = replace(TRAFFIC, services=(replace(SERVICE, releases={"1": 999, "2": 1}),))
    assert _failed(RETURNS, RETURNED, traffic=seen) == ["nobody saw 2 on the production listener"]


def test_without_load_traffic_is_not_judged() -> None:
    assert _failed(SUCCEEDS, GOOD, traffic=None, gate_opened_at=None) == []


PUSHED = replace(GOOD, exit_code=None, pipeline="Succeeded")
IMAGE = Running(
    image="web",
    platforms=("linux/amd64", "linux/arm64"),
    digests=("sha256:index", "sha256:amd64", "sha256:arm64"),
    runs=("sha256:arm64",),
)
BOTH = ("linux/amd64", "linux/arm64")


@pytest.mark.parametrize("change", [{"pipeline": "Failed"}, {"pipeline": ""}, {"outcome": Outcome.ROLLED_BACK}])
def test_a_push_is_judged_by_its_deployment_and_its_pipeline(change: dict[str, Any]) -> None:
    assert _failed(SUCCEEDS, PUSHED) == []
    assert _failed(SUCCEEDS, PUSHED, **change) == ["ends as succeeded, the pipeline as Succeeded"]


def test_a_pipeline_must_not_succeed_when_the_release_returned() -> None:
    pushed = replace(RETURNED, exit_code=None, pipeline="Failed")
    assert _failed(RETURNS, pushed) == []
    assert _failed(RETURNS, pushed, pipeline="Succeeded") == ["ends as rolled_back, the pipeline as Failed"]


def test_a_push_that_starts_nothing() -> None:
    nothing = replace(RETURNED, outcome=None, exit_code=None, failure="the branch is none of main", traffic=None)
    expect = Expect(outcome=None, failure=("none of main",))
    assert _failed(expect, nothing) == []
    assert _failed(expect, nothing, failure="") == ["the failure text says “none of main”"]
    assert _failed(expect, nothing, pipeline="Succeeded") == ["starts no pipeline"]
    assert _failed(expect, nothing, outcome=Outcome.SUCCEEDED) == ["starts no pipeline"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"platforms": ("linux/amd64",)}, "web is built for linux/amd64, linux/arm64"),
        ({"runs": ("sha256:arm64", "sha256:older")}, "web runs by a digest of this release"),
        ({"runs": ()}, "web runs by a digest of this release"),
    ],
)
def test_what_can_be_wrong_with_an_image(change: dict[str, Any], name: str) -> None:
    assert _failed(SUCCEEDS, PUSHED, platforms=BOTH, images=(IMAGE,)) == []
    assert _failed(SUCCEEDS, PUSHED, platforms=BOTH, images=(replace(IMAGE, **change),)) == [name]


def test_a_hold_is_judged_by_what_opened_the_gate() -> None:
    good = judge(SUCCEEDS, replace(GOOD, decided_at=109.0), answers="2")
    assert {check.name: check.passed for check in good}["the gate opened after somebody approved"]
    early = judge(SUCCEEDS, replace(GOOD, decided_at=110.5), answers="2")
    assert not {check.name: check.passed for check in early}["the gate opened after somebody approved"]


@pytest.mark.parametrize(
    ("share", "passed"), [(20.0, True), (14.5, True), (27.0, False), (100.0, False), (None, False)]
)
def test_a_canary_is_judged_by_its_share(share: float | None, passed: bool) -> None:
    traffic = replace(TRAFFIC, services=(replace(SERVICE, canary_percent=share),))
    checks = judge(Expect(outcome=Outcome.SUCCEEDED, canary_percent=20), replace(GOOD, traffic=traffic), answers="2")
    found = {check.name: check.passed for check in checks}
    assert found["web gave 20 % of its traffic to the new release first"] is passed
