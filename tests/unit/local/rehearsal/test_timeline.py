"""From samples to spans."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.deployments import a_deployment

from appdp.local.rehearsal import timeline
from appdp.local.rehearsal.record import Span
from appdp.local.rehearsal.timeline import Seen, Snapshot, StageSeen
from appdp.model.deployment import Phase
from appdp.model.job import JobRun
from appdp.model.job_state import JobProgress, JobState
from appdp.model.service_state import Progress, ServiceState


def _snapshot(at: float, phase: Phase, *services: tuple[str, Progress], gate: float | None = None) -> Snapshot:
    deployment = a_deployment(
        started_at=100.0,
        phase=phase,
        services=tuple(ServiceState(name=name, progress=progress) for name, progress in services),
        gate_opens_at=gate,
    )
    return Snapshot(at, deployment)


def test_equal_samples_join_and_empty_ones_are_gaps() -> None:
    samples = [Seen(1, "a"), Seen(2, "a"), Seen(3, ""), Seen(4, "b")]
    assert timeline.spans(samples, 6) == (Span(name="a", start=1, end=3), Span(name="b", start=4, end=6))
    assert timeline.spans([], 6) == ()


def test_phases_begin_with_the_deployment_and_leave_the_end_out() -> None:
    seen = [_snapshot(101, Phase.GREEN), _snapshot(105, Phase.GATE), _snapshot(110, Phase.DONE)]
    assert [(span.name, span.start, span.end) for span in timeline.phases(seen, 111)] == [
        ("prepare", 100.0, 101),
        ("green", 101, 105),
        ("gate", 105, 110),
    ]
    assert timeline.phases([], 111) == ()


def test_who_came_first_waited_until_the_gate_opened() -> None:
    seen = [
        _snapshot(101, Phase.GREEN, ("web", Progress.STARTING), ("api", Progress.STARTING)),
        _snapshot(104, Phase.GREEN, ("web", Progress.AT_GATE), ("api", Progress.STARTING)),
        _snapshot(107, Phase.CUTOVER, ("web", Progress.AT_GATE), ("api", Progress.AT_GATE), gate=110.0),
    ]
    web, api = timeline.lanes(seen, (), 120)
    assert (web.service, web.waited) == ("web", 6.0)
    assert (api.service, api.waited) == ("api", 3.0)
    assert [span.name for span in web.progress] == ["starting", "at_gate", "shifting"]
    assert [span.end for span in web.progress] == [104, 110.0, 120]
    assert timeline.gate_opened_at(seen) == 110.0


def test_a_job_that_ran_has_a_lane_from_when_it_began_to_when_it_ended() -> None:
    def seen(at: float, migrate: JobProgress) -> Snapshot:
        jobs = (
            JobState(name="migrate", run=JobRun.BEFORE_TRAFFIC, progress=migrate),
            JobState(name="warm", run=JobRun.AFTER_TRAFFIC),
        )
        plain = _snapshot(at, Phase.GREEN, ("web", Progress.WAITING))
        return replace(plain, deployment=replace(plain.deployment, jobs=jobs))

    stories = [JobProgress.WAITING, JobProgress.REGISTERED, JobProgress.RUNNING, JobProgress.RUNNING]
    good = [seen(100 + at, progress) for at, progress in enumerate([*stories, JobProgress.SUCCEEDED])]
    migrate, web = timeline.lanes(good, (), 120)
    assert (migrate.service, web.service) == ("migrate", "web")
    assert migrate.progress == (Span(name="running", start=102, end=104),)
    bad = [seen(100 + at, progress) for at, progress in enumerate([*stories, JobProgress.FAILED])]
    assert [span.name for span in timeline.lanes(bad, (), 120)[0].progress] == ["running", "failed"]


def test_ecs_knows_better_when_a_green_came_to_the_gate() -> None:
    seen = [_snapshot(107, Phase.CUTOVER, ("web", Progress.AT_GATE), gate=110.0)]
    stages = (
        StageSeen(102, "web", "d1", "IN_PROGRESS", "SCALE_UP"),
        StageSeen(103, "web", "d1", "IN_PROGRESS", "POST_TEST_TRAFFIC_SHIFT"),
        StageSeen(111, "web", "d1", "IN_PROGRESS", "BAKE_TIME"),
        StageSeen(115, "web", "d1", "SUCCESSFUL", "CLEAN_UP"),
    )
    (web,) = timeline.lanes(seen, stages, 120)
    assert web.waited == pytest.approx(7.0)
    assert [(span.name, span.end) for span in web.stages][-1] == ("BAKE_TIME", 115)


def test_a_gate_that_never_opened() -> None:
    seen = [
        _snapshot(104, Phase.GREEN, ("web", Progress.AT_GATE), ("api", Progress.STARTING)),
        _snapshot(108, Phase.RETURN, ("web", Progress.RETURNING), ("api", Progress.FAILED)),
    ]
    stages = (StageSeen(109, "web", "d1", "ROLLBACK_IN_PROGRESS", ""), StageSeen(110, "api", "d2", "PENDING", ""))
    web, api = timeline.lanes(seen, stages, 112)
    assert (web.waited, api.waited) == (4.0, None)
    assert [span.name for span in web.stages] == ["ROLLBACK"]
    assert [span.name for span in api.stages] == ["PENDING"]


def test_no_execution_at_all() -> None:
    assert timeline.lanes((), (), 1) == ()
    assert timeline.gate_opened_at(()) is None
