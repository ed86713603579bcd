"""Plays one act: the command, the load and the watching side by side, then the judgement."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal import timeline
from appdp.local.rehearsal.child import Command, Ended, run
from appdp.local.rehearsal.judge import Evidence, judge
from appdp.local.rehearsal.live import Screen, Sight
from appdp.local.rehearsal.load import LoadGenerator, Order, Target
from appdp.local.rehearsal.observe import Watch
from appdp.local.rehearsal.record import ActRecord, ActTraffic, Lane, LogLine
from appdp.local.rehearsal.report.words import seconds
from appdp.local.rehearsal.scenario import Act, Scenario
from appdp.local.rehearsal.timeline import Snapshot
from appdp.local.rehearsal.traffic import Traffic, count
from appdp.model.deployment import Deployment, Outcome
from appdp.model.environment import DeployerManifest, ServiceManifest
from appdp.model.handoff import deployer_parameter, release_parameter, services_path

LEAD_SECONDS: Final = 2.0
"""How long load runs before the command, and after it."""
ASKED_AFTERWARDS: Final = 10
"""How often each service is asked, after an act, which release answers."""
COMMAND_SECONDS: Final = 900.0
"""A command that takes longer is ended; the act then has no outcome."""

_APPDP: Final = """
import os, threading
def end_with_the_rehearsal():
    while os.read(0, 1):
        pass
    os._exit(1)
threading.Thread(target=end_with_the_rehearsal, daemon=True).start()
from appdp.cli.main import main
main(prog_name="appdp")
"""
"""The command line as ``appdp`` starts it, but it ends with its stdin: also a killed rehearsal leaves no process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What every act plays in.

    Args:
        tags: name of the release → its image tag.
        targets: where the load goes; none without containers.
    """

    aws: EmbeddedAws
    scenario: Scenario
    tags: Mapping[str, str]
    targets: tuple[Target, ...]
    rate: float
    screen: Screen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What came of the command, and what was seen meanwhile."""

    ended: Ended
    started_at: float
    ended_at: float
    snapshots: tuple[Snapshot, ...]
    lanes: tuple[Lane, ...]
    traffic: ActTraffic | None

    @property
    def final(self) -> Deployment | None:
        return self.snapshots[-1].deployment if self.snapshots else None


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
        LocalError: the load generator failed. What the command does wrong is no error but the act's result.
    """
    ran_before = _recorded(world)
    result = _run(act, world)
    release = world.scenario.release(act.release)
    final, failure = result.final, ""
    if final and final.failure:
        failure = final.failure.text()
    elif result.ended.code:
        failure = "\n".join(result.ended.stderr[-20:])
    gate = timeline.gate_opened_at(result.snapshots)
    evidence = Evidence(
        outcome=final.outcome if final else None,
        exit_code=result.ended.code,
        seconds=result.ended_at - result.started_at,
        failure=failure,
        gate_opened_at=gate,
        answering=_answering(world),
        running=_recorded(world),
        must_answer=_must_answer(act, world, ran_before),
        lanes=result.lanes,
        traffic=result.traffic,
        asked_rate=world.rate,
        containers=bool(world.targets),
    )
    record = ActRecord(
        number=act.number,
        title=act.title,
        release=release.label,
        tag=world.tags[act.release],
        answers=release.answers,
        command=f"appdp {' '.join(_words(act, world))}",
        started_at=result.started_at,
        ended_at=result.ended_at,
        outcome=str(final.outcome) if final and final.outcome else "none",
        expected_outcome=str(act.expect.outcome),
        exit_code=result.ended.code,
        happened=_happened(act, world, result),
        phases=timeline.phases(result.snapshots, result.ended_at),
        lanes=result.lanes,
        gate_opened_at=gate,
        failure=failure,
        log=tuple(LogLine(at=e.at, service=e.service, text=e.text) for e in (final.log if final else ())),
        traffic=result.traffic,
        checks=judge(act.expect, evidence, answers=release.answers),
    )
    world.screen.end(record)
    return record


def _run(act: Act, world: World) -> _Run:
    deployer, services = _manifests(world)
    traffic = Traffic(world.targets) if act.load and world.targets else None
    with ExitStack() as stack:
        watch = stack.enter_context(Watch(world.aws, deployer.state_machine, services))
        world.screen.begin(Sight(act=act, deployment=lambda: watch.latest, traffic=lambda: traffic))
        generator = stack.enter_context(_generator(world, traffic)) if traffic is not None else None
        if generator:
            time.sleep(LEAD_SECONDS)
        started_at = time.time()
        ended = run(_command(act, world), world.screen.line)
        ended_at = time.time()
        counted = None
        if generator and traffic is not None:
            time.sleep(LEAD_SECONDS)
            generator.finish()
            answers = world.scenario.release(act.release).answers
            counted = count(traffic, release=answers, start=generator.started_at, end=generator.ended_at)
    snapshots = watch.snapshots()
    return _Run(
        ended=ended,
        started_at=started_at,
        ended_at=ended_at,
        snapshots=snapshots,
        lanes=timeline.lanes(snapshots, watch.stages, ended_at),
        traffic=counted,
    )


def _generator(world: World, traffic: Traffic) -> LoadGenerator:
    order = Order(targets=world.targets, rate=world.rate, release_pattern=world.scenario.load.release_pattern)
    return LoadGenerator(order, {**world.aws.environment(), "PYTHONPATH": _source()}, traffic.add)


def _command(act: Act, world: World) -> Command:
    return Command(
        words=(sys.executable, "-c", _APPDP, *_words(act, world), "--app", world.scenario.application, "--yes"),
        environment={**world.aws.environment(), "PYTHONPATH": _source()},
        hold=True,
        timeout_seconds=COMMAND_SECONDS,
    )


def _source() -> str:
    """Where our own package is, also when it runs from a checkout that is not installed."""
    import appdp

    return str(appdp.__path__[0]).removesuffix("/appdp")


def _words(act: Act, world: World) -> tuple[str, ...]:
    return (str(act.verb), world.scenario.environment, world.tags[act.release])


def _manifests(world: World) -> tuple[DeployerManifest, tuple[ServiceManifest, ...]]:
    ssm = world.aws.client("ssm")
    application, environment = world.scenario.application, world.scenario.environment
    deployer = ssm.get_parameter(Name=deployer_parameter(application, environment))["Parameter"]["Value"]
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=services_path(application, environment))
    services = [ServiceManifest.from_json(each["Value"]) for page in pages for each in page["Parameters"]]
    return DeployerManifest.from_json(deployer), tuple(services)


def _recorded(world: World) -> str:
    """What the release parameter says."""
    name = release_parameter(world.scenario.application, world.scenario.environment)
    return str(world.aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def _must_answer(act: Act, world: World, ran_before: str) -> tuple[str, str]:
    """(answer, tag) that every service must give after the act: the new release's, or those from before."""
    if act.expect.outcome is Outcome.SUCCEEDED:
        return world.scenario.release(act.release).answers, world.tags[act.release]
    before = next((name for name, tag in world.tags.items() if tag == ran_before), None)
    return (world.scenario.release(before).answers if before else "nothing"), ran_before


def _answering(world: World) -> dict[str, tuple[str, ...]]:
    return {
        target.service: tuple(sorted({_ask(target.url, world) for _ in range(ASKED_AFTERWARDS)}))
        for target in world.targets
        if not target.test
    }


def _ask(url: str, world: World) -> str:
    address = urlsplit(url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=10)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", address.path)
        answer = connection.getresponse()
        found = re.search(world.scenario.load.release_pattern, answer.read().decode(errors="replace"))
        return found.group(1) if found and answer.status == 200 else f"status {answer.status}"
    return "no answer"


def _happened(act: Act, world: World, result: _Run) -> str:
    release = world.scenario.release(act.release).label
    final = result.final
    outcome = final.outcome if final else None
    if outcome is Outcome.SUCCEEDED:
        return f"{world.scenario.environment} runs {release}{_switched(result.traffic)}."
    if final and final.failure:
        named = f"{final.failure.service}: " if final.failure.service else ""
        word = "Returned" if outcome is Outcome.ROLLED_BACK else str(outcome).replace("_", " ").capitalize()
        return f"{word}. {named}{final.failure.summary}"
    last = next((line for line in reversed(result.ended.stderr) if line.strip()), "no message")
    return f"{str(outcome or 'no end').replace('_', ' ').capitalize()}: {last.strip()}"


def _switched(traffic: ActTraffic | None) -> str:
    moments = [each.switched_at for each in traffic.services if each.switched_at] if traffic else []
    if len(moments) < 2:
        return ""
    return f"; {len(moments)} services switched {seconds(max(moments) - min(moments))} apart"
