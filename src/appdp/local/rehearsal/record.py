"""What a rehearsal leaves behind: plain values, from which the report is drawn and which the report embeds.

All times are seconds since the epoch; all durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that lasted: a phase, a service's progress, or a lifecycle stage of ECS."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One service, or one job, on the time line.

    Args:
        service: its name.
        progress: what the engine said of it.
        stages: what ECS said of its service deployments.
        waited: how long its green stood at the gate before the gate opened; None when it never stood there.
    """

    service: str
    progress: tuple[Span, ...] = ()
    stages: tuple[Span, ...] = ()
    waited: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTraffic:
    """What one service answered on the production listener during an act.

    Args:
        releases: what the responses said they come from → how many did.
        failures: status → how many; ``"no answer"`` for requests without one.
        p50, p99, slowest: seconds per request, counted from when it was due.
        switched_at: when the first response of the act's release came, or None.
        last_before_at: when the last response of another release came, or None.
        tested_at: when the test listener first answered with the act's release, or None.
        canary_percent: the act's release's share of the good responses between these two, in percent; None when they
            are less than two seconds apart, or one is missing.
        series: release, or ``"failed"`` → requests per bin.
    """

    service: str
    sent: int
    releases: Mapping[str, int]
    failures: Mapping[str, int]
    p50: float
    p99: float
    slowest: float
    switched_at: float | None
    last_before_at: float | None
    tested_at: float | None
    series: Mapping[str, tuple[int, ...]]
    canary_percent: float | None = None

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return sum(self.failures.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ActTraffic:
    """The load of one act. ``services`` counts the production listener only; ``bins_from`` starts the series."""

    bins_from: float
    bin_seconds: float
    seconds: float
    services: tuple[ServiceTraffic, ...]
    test_requests: int = 0

    @property
    def sent(self) -> int:
        """How many requests were sent to the production listener."""
        return sum(service.sent for service in self.services)

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(service.failed for service in self.services)

    @property
    def rate(self) -> float:
        """Requests per second that were really sent."""
        return self.sent / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was expected: whether it came true, and what was seen."""

    name: str
    passed: bool
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRun:
    """The execution of a pipeline that a push started.

    Args:
        pipeline: its name.
        started_at: when the push was done.
        status: CodePipeline's, such as ``Succeeded``.
        summary: why it failed, or ``""``.
        actions: what it did, in order.
        log: what the builds said of themselves.
        approved: the approvals that were asked for, each with what was answered.
    """

    pipeline: str
    started_at: float
    status: str
    summary: str = ""
    actions: tuple[Span, ...] = ()
    log: tuple[str, ...] = ()
    approved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the deployment's own story."""

    at: float
    service: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRecord:
    """One act, as it happened.

    Args:
        release: how the release is shown, such as ``release 2``; ``tag`` is its image tag.
        answers: what responses of the release say.
        command: the command line that was run, as a user would type it.
        started_at: when the command was given; when a pipeline came to the deployment, if a push started one.
        outcome: how the deployment ended, ``"none"`` when it did not, ``"no_pipeline"`` when a push started nothing.
        exit_code: the command's; None for a push, whose pipeline has a status instead.
        seconds: from the start to the end.
        failure: the deployment's failure text, or why a push started nothing, or ``""``.
        pipeline: what a push started, or None.
        traffic: None where the act ran without load.
    """

    number: int
    title: str
    release: str
    tag: str
    answers: str
    command: str
    started_at: float
    ended_at: float
    outcome: str
    expected_outcome: str
    exit_code: int | None
    happened: str
    phases: tuple[Span, ...] = ()
    lanes: tuple[Lane, ...] = ()
    gate_opened_at: float | None = None
    failure: str = ""
    log: tuple[LogLine, ...] = ()
    traffic: ActTraffic | None = None
    pipeline: PipelineRun | None = None
    checks: tuple[Check, ...] = ()

    @property
    def seconds(self) -> float:
        """From the start to the end."""
        return self.ended_at - self.started_at

    @property
    def as_expected(self) -> bool:
        """Whether every check passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where the rehearsal ran. ``notes`` are what the reader must know to judge it."""

    mode: str
    machine: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRecord:
    """A whole rehearsal."""

    application: str
    environment: str
    started_at: float
    ended_at: float
    acts: tuple[ActRecord, ...]
    planned_acts: int
    where: Environment

    @property
    def as_expected(self) -> bool:
        """Whether every planned act ran and came out as expected."""
        return len(self.acts) == self.planned_acts and all(act.as_expected for act in self.acts)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with the verdicts that the properties compute."""
        data = asdict(self)
        data["as_expected"] = self.as_expected
        for plain, act in zip(data["acts"], self.acts, strict=True):
            plain["as_expected"] = act.as_expected
            plain["seconds"] = act.seconds
            if act.traffic:
                plain["traffic"] |= {"sent": act.traffic.sent, "failed": act.traffic.failed, "rate": act.traffic.rate}
        rounded: dict[str, Any] = _rounded(data)
        return rounded


def _rounded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A tenth of a millisecond is more than was measured."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value
