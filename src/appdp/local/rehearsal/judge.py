"""Whether an act came out as the scenario expects. Pure: evidence in, checks out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appdp.local.rehearsal.judge_tasks import JobRan, ScheduleRan, judge_jobs, judge_schedule
from appdp.local.rehearsal.record import ActTraffic, Check, Lane, ServiceTraffic
from appdp.local.rehearsal.scenario import Expect
from appdp.model.deployment import Outcome

CANARY_TOLERANCE: Final = 6.0
"""Percentage points. A share is counted on a few hundred requests, so it varies by about two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What an image is in the registry, and what runs of it.

    Args:
        image: its name.
        platforms: what the release's index holds, such as ``linux/arm64``.
        digests: the digests that the release's tag stands for: the index's, and each platform's.
        runs: the digests of this repository that the services' revisions run, as ECS says.
    """

    image: str
    platforms: tuple[str, ...]
    digests: tuple[str, ...]
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen of an act.

    Args:
        outcome: how the deployment ended; None when it did not end.
        exit_code: of the command; None for a push.
        pipeline: the status with which the pipeline ended that a push started; ``""`` when none did.
        seconds: from the command to its end.
        failure: the failure text.
        gate_opened_at: when the gate opened, if it did.
        answering: service → what it answered on the production listener after the act, one entry per distinct answer.
        running: what the release parameter says after the act.
        must_answer: what every service must answer, and the release parameter hold, after the act: (answer, tag).
        lanes: see :class:`~appdp.local.rehearsal.record.Lane`.
        traffic: None where the act ran without load.
        asked_rate: the load that was asked for, in requests per second.
        containers: whether real containers ran.
        images: every image of the release; only looked at after a success.
        platforms: what the pipelines build for; none where nothing is built.
        decided_at: when somebody decided on the hold, if there was one.
        jobs: the jobs that the deployment ran.
        first_green_at: when ECS began the act's first service deployment; None when it began none.
        schedules: those of which something is expected.
    """

    outcome: Outcome | None
    exit_code: int | None
    seconds: float
    failure: str
    gate_opened_at: float | None
    answering: dict[str, tuple[str, ...]]
    running: str
    must_answer: tuple[str, str]
    lanes: tuple[Lane, ...] = ()
    traffic: ActTraffic | None = None
    asked_rate: float = 0.0
    containers: bool = True
    pipeline: str = ""
    images: tuple[Running, ...] = ()
    platforms: tuple[str, ...] = ()
    decided_at: float | None = None
    jobs: tuple[JobRan, ...] = ()
    first_green_at: float | None = None
    schedules: tuple[ScheduleRan, ...] = ()


def judge(expect: Expect, evidence: Evidence, *, answers: str) -> tuple[Check, ...]:
    """All checks of an act.

    Args:
        answers: what responses of the act's release say.
    """
    checks = [_ending(expect, evidence), *_within(expect, evidence), *_failure_text(expect, evidence)]
    checks += judge_jobs(evidence.jobs, evidence.first_green_at)
    checks += _afterwards(evidence)
    checks += [check for one in evidence.schedules for check in judge_schedule(one, containers=evidence.containers)]
    if evidence.platforms:
        checks += [check for image in evidence.images for check in _image(image, evidence.platforms)]
    if evidence.traffic:
        checks += _load(evidence, evidence.traffic)
        if expect.outcome is Outcome.SUCCEEDED:
            checks += _two_phase(expect, evidence, evidence.traffic)
        else:
            checks.append(_never_seen(evidence.traffic, answers))
    return tuple(checks)


def _ending(expect: Expect, evidence: Evidence) -> Check:
    if expect.outcome is None:
        started = evidence.pipeline or evidence.outcome
        return Check(name="starts no pipeline", passed=not started, seen=str(started or "none started"))
    if evidence.exit_code is None:
        return _pipeline_ending(expect.outcome, evidence)
    seen = evidence.outcome or "no end"
    passed = evidence.outcome is expect.outcome and evidence.exit_code == expect.outcome.exit_code
    return Check(
        name=f"ends as {expect.outcome}, exit code {expect.outcome.exit_code}",
        passed=passed,
        seen=f"{seen}, exit code {evidence.exit_code}",
    )


def _pipeline_ending(wanted: Outcome, evidence: Evidence) -> Check:
    status = "Succeeded" if wanted in (Outcome.SUCCEEDED, Outcome.NOTHING_TO_DO) else "Failed"
    return Check(
        name=f"ends as {wanted}, the pipeline as {status}",
        passed=evidence.outcome is wanted and evidence.pipeline == status,
        seen=f"{evidence.outcome or 'no deployment'}, {evidence.pipeline or 'no pipeline'}",
    )


def _image(image: Running, platforms: tuple[str, ...]) -> list[Check]:
    return [
        Check(
            name=f"{image.image} is built for {', '.join(platforms)}",
            passed=image.platforms == tuple(sorted(platforms)),
            seen=", ".join(image.platforms) or "nothing",
        ),
        Check(
            name=f"{image.image} runs by a digest of this release",
            passed=bool(image.runs) and set(image.runs) <= set(image.digests),
            seen=", ".join(digest[:19] for digest in image.runs) or "it does not run",
        ),
    ]


def _within(expect: Expect, evidence: Evidence) -> list[Check]:
    if expect.within_seconds is None:
        return []
    passed = evidence.seconds < expect.within_seconds
    return [Check(name=f"verdict within {expect.within_seconds:g} s", passed=passed, seen=f"{evidence.seconds:.1f} s")]


def _failure_text(expect: Expect, evidence: Evidence) -> list[Check]:
    parts = (*expect.failure, *(expect.log if evidence.containers else ()))
    if not parts:
        return []
    missing = [part for part in parts if part not in evidence.failure]
    named = ", ".join(f"“{part.strip()}”" for part in parts)
    seen = "missing " + ", ".join(f"“{part.strip()}”" for part in missing) if missing else "all of it"
    return [Check(name=f"the failure text says {named}", passed=not missing, seen=seen)]


def _afterwards(evidence: Evidence) -> list[Check]:
    answer, tag = evidence.must_answer
    checks = [
        Check(name=f"the recorded release is {tag}", passed=evidence.running == tag, seen=evidence.running or "nothing")
    ]
    for service, answers in evidence.answering.items():
        checks.append(
            Check(
                name=f"{service} answers {answer} afterwards",
                passed=answers == (answer,),
                seen=", ".join(answers) or "nothing",
            )
        )
    return checks


def _load(evidence: Evidence, traffic: ActTraffic) -> list[Check]:
    enough = traffic.rate >= 0.95 * evidence.asked_rate
    slow = "" if enough else ": this machine is too slow for more; --rate asks for less"
    return [
        Check(
            name=f"load of {evidence.asked_rate:g} requests/s",
            passed=enough,
            seen=f"{traffic.rate:.0f} requests/s{slow}",
        ),
        Check(
            name="no request failed", passed=traffic.failed == 0, seen=f"{traffic.failed:,} of {traffic.sent:,} failed"
        ),
    ]


def _never_seen(traffic: ActTraffic, answers: str) -> Check:
    seen = sum(service.releases.get(answers, 0) for service in traffic.services)
    return Check(
        name=f"nobody saw {answers} on the production listener",
        passed=seen == 0,
        seen=f"{seen:,} responses of {traffic.sent:,}",
    )


def _two_phase(expect: Expect, evidence: Evidence, traffic: ActTraffic) -> list[Check]:
    gate = evidence.gate_opened_at
    if gate is None:
        return [Check(name="the gate opened", passed=False, seen="it never did")]
    checks = [_none_early(service, gate) for service in traffic.services]
    checks += [_tested_first(service, gate) for service in traffic.services]
    if evidence.decided_at is not None:
        checks.append(_approved_first(gate, evidence.decided_at))
    if expect.switch_within_seconds is not None:
        checks.append(_together(traffic, expect.switch_within_seconds))
    if expect.canary_percent is not None:
        checks += [_canary(service, expect.canary_percent) for service in traffic.services]
    return checks


def _approved_first(gate: float, decided_at: float) -> Check:
    late = gate - decided_at
    return Check(
        name="the gate opened after somebody approved",
        passed=late > 0,
        seen=f"{abs(late):.1f} s {'after' if late > 0 else 'before'} the command",
    )


def _canary(service: ServiceTraffic, percent: float) -> Check:
    name = f"{service.service} gave {percent:g} % of its traffic to the new release first"
    if service.canary_percent is None:
        return Check(name=name, passed=False, seen="it switched at once, or never")
    passed = abs(service.canary_percent - percent) <= CANARY_TOLERANCE
    return Check(name=name, passed=passed, seen=f"{service.canary_percent:.1f} %")


def _none_early(service: ServiceTraffic, gate: float) -> Check:
    if service.switched_at is None:
        return Check(name=f"{service.service} switched after the gate", passed=False, seen="it never switched")
    late = service.switched_at - gate
    return Check(
        name=f"{service.service} switched after the gate",
        passed=late >= 0,
        seen=f"{abs(late):.2f} s {'after' if late >= 0 else 'before'} it opened",
    )


def _tested_first(service: ServiceTraffic, gate: float) -> Check:
    name = f"{service.service} answered on the test listener first"
    if service.tested_at is None:
        return Check(name=name, passed=False, seen="never")
    early = gate - service.tested_at
    return Check(name=name, passed=early > 0, seen=f"{abs(early):.1f} s {'before' if early > 0 else 'after'} the gate")


def _together(traffic: ActTraffic, bound: float) -> Check:
    switched = [service.switched_at for service in traffic.services if service.switched_at is not None]
    name = f"all services switch within {bound:g} s"
    if len(switched) < len(traffic.services):
        return Check(name=name, passed=False, seen="not all of them switched")
    apart = max(switched) - min(switched)
    return Check(name=name, passed=apart < bound, seen=f"{apart:.2f} s apart")
