"""Plays one act and judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from appdp.local.rehearsal import timeline
from appdp.local.rehearsal.judge import Evidence, judge
from appdp.local.rehearsal.load import Target
from appdp.local.rehearsal.looking import World, answering, recorded, running
from appdp.local.rehearsal.performing import Performed, perform
from appdp.local.rehearsal.record import ActRecord, ActTraffic, LogLine, PipelineRun
from appdp.local.rehearsal.report.words import seconds
from appdp.local.rehearsal.scenario import Act, Scenario
from appdp.local.rehearsal.scenario_file import NO_PIPELINE
from appdp.local.rehearsal.tasks_seen import first_green_at, jobs_seen, schedules_seen
from appdp.model.deployment import Outcome


def targets_of(scenario: Scenario, listeners: Mapping[str, str]) -> tuple[Target, ...]:
    """Where the load goes, from the listeners that the embedded load balancers have (``name:port`` → URL)."""
    load = scenario.load
    wanted = {
        port: url
        for name, url in listeners.items()
        for balancer, _, port in [name.rpartition(":")]
        if load.load_balancer in (None, balancer)
    }
    return tuple(
        Target(service=service, url=wanted[str(port)].rstrip("/") + path, test=test)
        for port, test in ((load.production_port, False), (load.test_port, True))
        if str(port) in wanted
        for service, path in load.paths.items()
    )


def play(act: Act, world: World) -> ActRecord:
    """Play one act to its end.

    Raises:
        LocalError: the load generator or git failed. What the release does wrong is no error but the act's result.
    """
    ran_before = recorded(world)
    result = perform(act, world)
    failure = _failure(result)
    gate = timeline.gate_opened_at(result.snapshots)
    record = _record(act, world, result, failure)
    answer, tag = _must_answer(act, world, ran_before)
    evidence = Evidence(
        outcome=result.final.outcome if result.final else None,
        exit_code=result.done.exit_code,
        pipeline=result.done.pipeline.status if result.done.pipeline else "",
        seconds=record.seconds,
        failure=failure,
        gate_opened_at=gate,
        answering=answering(world),
        running=recorded(world),
        must_answer=(answer, tag),
        lanes=result.lanes,
        traffic=result.traffic,
        asked_rate=world.rate,
        containers=bool(world.targets),
        images=running(world, act.release) if act.expect.outcome is Outcome.SUCCEEDED else (),
        platforms=world.platforms,
        decided_at=result.done.decided_at,
        jobs=jobs_seen(world, result.final, world.tags[act.release]),
        first_green_at=first_green_at(world, result.final.started_at) if result.final else None,
        schedules=schedules_seen(world, act, tag, answer),
    )
    record = replace(record, gate_opened_at=gate, checks=judge(act.expect, evidence, answers=record.answers))
    world.screen.end(record)
    return record


def _record(act: Act, world: World, result: Performed, failure: str) -> ActRecord:
    release, final, done = world.scenario.release(act.release), result.final, result.done
    return ActRecord(
        number=act.number,
        title=act.title,
        release=release.label,
        tag=world.tags[act.release],
        answers=release.answers,
        command=done.command,
        started_at=done.started_at,
        ended_at=result.ended_at,
        outcome=_outcome(act, result),
        expected_outcome=str(act.expect.outcome or NO_PIPELINE),
        exit_code=done.exit_code,
        happened=_happened(act, world, result),
        phases=timeline.phases(result.snapshots, result.ended_at),
        lanes=result.lanes,
        failure=failure,
        log=tuple(LogLine(at=e.at, service=e.service, text=e.text) for e in (final.log if final else ())),
        traffic=result.traffic,
        pipeline=done.pipeline,
    )


def _outcome(act: Act, result: Performed) -> str:
    if result.final and result.final.outcome:
        return str(result.final.outcome)
    return NO_PIPELINE if result.done.exit_code is None and result.done.pipeline is None else "none"


def _failure(result: Performed) -> str:
    """Why it failed: in the deployment's words, or else in those of the command or of the pipeline."""
    done, final = result.done, result.final
    if final and final.failure:
        return final.failure.text()
    went_well = done.pipeline.status == "Succeeded" if done.pipeline else done.exit_code == 0
    return "" if went_well else "\n".join(done.said[-20:])


def _must_answer(act: Act, world: World, ran_before: str) -> tuple[str, str]:
    """(answer, tag) that every service must give after the act: the new release's, or those from before."""
    if act.expect.outcome is Outcome.SUCCEEDED:
        return world.scenario.release(act.release).answers, world.tags[act.release]
    before = next((name for name, tag in world.tags.items() if tag == ran_before), None)
    return (world.scenario.release(before).answers if before else "nothing"), ran_before


def _happened(act: Act, world: World, result: Performed) -> str:
    release = world.scenario.release(act.release).label
    final = result.final
    outcome = final.outcome if final else None
    if outcome is Outcome.SUCCEEDED:
        return f"{world.scenario.environment} runs {release}{_switched(result.traffic)}.{_delivered(result)}"
    if final and final.failure:
        named = f"{final.failure.service}: " if final.failure.service else ""
        word = "Returned" if outcome is Outcome.ROLLED_BACK else str(outcome).replace("_", " ").capitalize()
        return f"{word}. {named}{final.failure.summary}"
    if _outcome(act, result) == NO_PIPELINE:
        last = result.done.said[0]
        return f"{last[:1].upper()}{last[1:]}"
    last = next((line for line in reversed(result.done.said) if line.strip()), "no message")
    return f"{str(outcome or 'no end').replace('_', ' ').capitalize()}: {last.strip()}"


def _switched(traffic: ActTraffic | None) -> str:
    moments = [each.switched_at for each in traffic.services if each.switched_at] if traffic else []
    if len(moments) < 2:
        return ""
    return f"; {len(moments)} services switched {seconds(max(moments) - min(moments))} apart"


def _delivered(result: Performed) -> str:
    pipeline: PipelineRun | None = result.done.pipeline
    return f" From push to deploy: {seconds(result.done.started_at - pipeline.started_at)}." if pipeline else ""
