"""From what was observed, sample by sample, to what lasted from when to when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from appdp.local.rehearsal.record import Lane, Span
from appdp.model.deployment import Deployment, Phase
from appdp.model.job_state import JobProgress
from appdp.model.service_state import Progress

AT_GATE_STAGE: Final = "POST_TEST_TRAFFIC_SHIFT"
"""The lifecycle stage in which greens wait for the gate.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
"""

_NO_JOB_RUNS: Final = frozenset({JobProgress.WAITING, JobProgress.REGISTERED, JobProgress.SUCCEEDED})


@dataclass(frozen=True, slots=True)
class Seen:
    """One sample of something that has a state."""

    at: float
    state: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine's state at one time."""

    at: float
    deployment: Deployment


@dataclass(frozen=True, slots=True)
class StageSeen:
    """What ECS said of one service's newest service deployment."""

    at: float
    service: str
    deployment: str
    status: str
    stage: str


def spans(samples: Iterable[Seen], end: float) -> tuple[Span, ...]:
    """Join samples of equal state; each span lasts until the next begins, the last one until ``end``."""
    joined: list[Span] = []
    for sample in samples:
        if joined and joined[-1].name == sample.state:
            continue
        if joined:
            joined[-1] = Span(name=joined[-1].name, start=joined[-1].start, end=sample.at)
        joined.append(Span(name=sample.state, start=sample.at, end=max(sample.at, end)))
    return tuple(span for span in joined if span.name)


def phases(snapshots: Sequence[Snapshot], end: float) -> tuple[Span, ...]:
    """The phases of a deployment: each lasts until the engine hands back a state in another one."""
    if not snapshots:
        return ()
    first = Seen(snapshots[0].deployment.started_at, str(Phase.PREPARE))
    seen = [Seen(snapshot.at, str(snapshot.deployment.phase)) for snapshot in snapshots]
    return tuple(span for span in spans([first, *seen], end) if span.name != Phase.DONE)


def lanes(snapshots: Sequence[Snapshot], stages: Sequence[StageSeen], end: float) -> tuple[Lane, ...]:
    """One lane per job that ran, then one per service: the engine's words, ECS's, and how long its green waited."""
    names = [service.name for service in snapshots[-1].deployment.services] if snapshots else []
    gate = gate_opened_at(snapshots)
    result = _job_lanes(snapshots, end)
    for name in names:
        progress = _cut_at_gate(spans(_progress(snapshots, name), end), gate)
        seen = [sample for sample in stages if sample.service == name]
        ecs = spans((Seen(sample.at, _stage_name(sample)) for sample in seen), end)
        result.append(Lane(service=name, progress=progress, stages=ecs, waited=_waited(progress, ecs, gate)))
    return tuple(result)


def _job_lanes(snapshots: Sequence[Snapshot], end: float) -> list[Lane]:
    """The jobs, each from when it began to when it ended."""
    found = []
    for job in snapshots[-1].deployment.jobs if snapshots else ():
        seen = [
            Seen(at.at, str(one.progress)) for at in snapshots for one in at.deployment.jobs if one.name == job.name
        ]
        progress = tuple(span for span in spans(seen, end) if span.name not in _NO_JOB_RUNS)
        if progress:
            found.append(Lane(service=job.name, progress=progress))
    return found


def _cut_at_gate(progress: Sequence[Span], gate: float | None) -> tuple[Span, ...]:
    """The engine sees only later that a green has left the gate; from the time that it set, traffic shifts."""
    cut: list[Span] = []
    for span in progress:
        if gate is not None and span.name == Progress.AT_GATE and span.start < gate < span.end:
            cut.append(Span(name=span.name, start=span.start, end=gate))
            cut.append(Span(name=str(Progress.SHIFTING), start=gate, end=span.end))
        else:
            cut.append(span)
    return tuple(cut)


def gate_opened_at(snapshots: Sequence[Snapshot]) -> float | None:
    """When the gate opened for all services at once, or None when it never did."""
    opened = [snapshot.deployment.gate_opens_at for snapshot in snapshots if snapshot.deployment.gate_opens_at]
    return opened[-1] if opened else None


def _progress(snapshots: Sequence[Snapshot], name: str) -> list[Seen]:
    return [
        Seen(snapshot.at, str(service.progress))
        for snapshot in snapshots
        for service in snapshot.deployment.services
        if service.name == name
    ]


def _stage_name(sample: StageSeen) -> str:
    """The lifecycle stage while one is reported; the status of a deployment that ended or goes back otherwise."""
    if sample.status in ("", "SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"):
        return ""
    if sample.status.startswith("ROLLBACK"):
        return "ROLLBACK"
    return sample.stage or sample.status


def _waited(progress: Sequence[Span], stages: Sequence[Span], gate: float | None) -> float | None:
    arrived = [span.start for span in stages if span.name == AT_GATE_STAGE]
    arrived = arrived or [span.start for span in progress if span.name == Progress.AT_GATE]
    ended = gate or max((span.end for span in (*stages, *progress) if span.start in arrived), default=None)
    return max(0.0, ended - min(arrived)) if arrived and ended is not None else None
