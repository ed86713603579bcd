"""Does what an act does: pushes, or types a command; under load, and watched."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from appdp.local.rehearsal import timeline
from appdp.local.rehearsal.child import Command, Ended, run
from appdp.local.rehearsal.deciding import Decision
from appdp.local.rehearsal.delivery import Delivery
from appdp.local.rehearsal.live import Sight
from appdp.local.rehearsal.load import LoadGenerator, Order
from appdp.local.rehearsal.looking import World, manifests
from appdp.local.rehearsal.observe import Watch
from appdp.local.rehearsal.record import ActTraffic, Lane, PipelineRun
from appdp.local.rehearsal.scenario import Act, Verb
from appdp.local.rehearsal.timeline import Snapshot
from appdp.local.rehearsal.traffic import Traffic, count
from appdp.model.deployment import Deployment

LEAD_SECONDS: Final = 2.0
"""How long load runs before a command, and after an act."""
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
class Done:
    """What was typed, and what came of it at once.

    Args:
        command: as a user would type it.
        started_at: see :class:`~appdp.local.rehearsal.record.ActRecord`.
        exit_code: the command's; None for a push.
        said: the last lines that it wrote, or why no pipeline started.
        pipeline: what a push started.
        decided_at: when somebody said what becomes of the release on hold.
    """

    command: str
    started_at: float
    exit_code: int | None = None
    said: tuple[str, ...] = ()
    pipeline: PipelineRun | None = None
    decided_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """What came of an act, and what was seen meanwhile."""

    done: Done
    ended_at: float
    snapshots: tuple[Snapshot, ...]
    lanes: tuple[Lane, ...]
    traffic: ActTraffic | None

    @property
    def final(self) -> Deployment | None:
        """The deployment's last state; None when there was none."""
        return self.snapshots[-1].deployment if self.snapshots else None


def perform(act: Act, world: World) -> Performed:
    """Do it, to its end.

    Raises:
        LocalError: the load generator or git failed. What the release does wrong is no error but the act's result.
    """
    if act.context:
        world.redeploy(act.context)
    deployer, services = manifests(world)
    traffic = Traffic(world.targets) if act.load and world.targets else None
    with ExitStack() as stack:
        watch = stack.enter_context(Watch(world.aws, deployer.state_machine, services))
        world.screen.begin(Sight(act=act, deployment=lambda: watch.latest, traffic=lambda: traffic))
        load = _Load(world, traffic, stack)
        done = _push(act, world, load.start) if pushes(act, world) else _type(act, world, load.start)
        ended_at = time.time()
        counted = load.finish(world.scenario.release(act.release).answers)
    snapshots = watch.snapshots()
    return Performed(
        done=done,
        ended_at=ended_at,
        snapshots=snapshots,
        lanes=timeline.lanes(snapshots, watch.stages, ended_at),
        traffic=counted,
    )


def pushes(act: Act, world: World) -> bool:
    """Whether the act is a push that pipelines can build; without Docker it is typed as ``appdp deploy``."""
    return act.verb is Verb.PUSH and (bool(world.platforms) or act.expect.outcome is None)


class _Load:
    """The load of an act, if it has any, from when it is started."""

    def __init__(self, world: World, traffic: Traffic | None, stack: ExitStack) -> None:
        self._world = world
        self._traffic = traffic
        self._stack = stack
        self._generator: LoadGenerator | None = None

    def start(self) -> None:
        """Start it, and let it run a while alone."""
        if self._traffic is None:
            return
        order = Order(
            targets=self._world.targets,
            rate=self._world.rate,
            release_pattern=self._world.scenario.load.release_pattern,
        )
        environment = {**self._world.aws.environment(), "PYTHONPATH": _source()}
        self._generator = self._stack.enter_context(LoadGenerator(order, environment, self._traffic.add))
        time.sleep(LEAD_SECONDS)

    def finish(self, answers: str) -> ActTraffic | None:
        """Let it run a while more, end it, and count; None when it never started."""
        generator, traffic = self._generator, self._traffic
        if generator is None or traffic is None:
            return None
        time.sleep(LEAD_SECONDS)
        generator.finish()
        return count(traffic, release=answers, start=generator.started_at, end=generator.ended_at)


def _push(act: Act, world: World, deploying: Callable[[], None]) -> Done:
    commit, started_at = world.tags[act.release], time.time()
    delivery = Delivery(world.aws, world.screen, agree=world.agree)
    pushed = world.source.push(commit, branch=act.branch, tag=act.tag)
    world.screen.line(f"$ {pushed.command}")
    started, reason = delivery.start(pushed.event, commit)
    for line in reason.splitlines():
        world.screen.line(line)
    if started is None:
        return Done(command=pushed.command, started_at=started_at, said=tuple(reason.splitlines()))
    moments: list[float] = []

    def begins() -> None:
        moments.append(time.time())
        deploying()

    pipeline = delivery.follow(started, started_at, begins)
    return Done(
        command=pushed.command,
        started_at=moments[0] if moments else started_at,
        said=tuple(pipeline.summary.splitlines()),
        pipeline=pipeline,
    )


def _type(act: Act, world: World, typing: Callable[[], None]) -> Done:
    verb = Verb.DEPLOY if act.verb is Verb.PUSH else act.verb
    environment, release = world.scenario.environment, world.tags[act.release]
    options = ("--hold", "--wait-approval") if act.hold else ()
    typing()
    started_at = time.time()
    with Decision(act.hold, world, type_in) as decision:
        ended = type_in(world, str(verb), environment, release, *options)
    return Done(
        command=" ".join(("appdp", str(verb), environment, release[:12], *options)),
        started_at=started_at,
        exit_code=ended.code,
        said=ended.stderr,
        decided_at=decision.at,
    )


def type_in(world: World, *words: str) -> Ended:
    """Type one of appdp's commands, and show what it says."""
    command = Command(
        words=(sys.executable, "-c", _APPDP, *words, "--app", world.scenario.application, "--yes"),
        environment={**world.aws.environment(), "PYTHONPATH": _source()},
        hold=True,
        timeout_seconds=COMMAND_SECONDS,
    )
    return run(command, world.screen.line)


def _source() -> str:
    """Where our own package is, also when it runs from a checkout that is not installed."""
    import appdp

    return str(appdp.__path__[0]).removesuffix("/appdp")
