"""The state machine that hypothesis drives: every rule is something that may happen to an environment."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from appdp.engine.deploy import advance
from appdp.model.deployment import Phase
from appdp.model.environment import StrategyKind
from appdp.model.hold import Decision
from appdp.model.job import JobRun
from tests.fakes.registry import Behaviour
from tests.fakes.wire import Fault
from tests.unit.engine.invariants import When, check
from tests.unit.engine.model.beginnings import SCHEDULE, world
from tests.unit.engine.model.world import ASLEEP_SECONDS, NAMES, Advance, World

BROKEN = (Behaviour.EXITS, Behaviour.UNHEALTHY, Behaviour.CANNOT_BE_PULLED, Behaviour.DIES_LATER)
KINDS = st.sampled_from(StrategyKind)
RELEASES = st.sampled_from(("r2", "bad", "r3", "r1", None))
FAULTS = st.sampled_from(Fault)
BESIDE = st.frozensets(st.sampled_from((SCHEDULE, JobRun.BEFORE_TRAFFIC, JobRun.AFTER_TRAFFIC)))
MOST_TO_RECORD = 60
"""Steps that a deployment makes on its way to its record, at most."""
MOST = 2
"""Engines that run at the same time."""


class Environment(RuleBasedStateMachine):
    """One scenario: an environment, whatever hypothesis lets happen to it, and how it ends."""

    told: ClassVar[int] = 0
    """Scenarios that came to their end."""
    engine: ClassVar[Advance] = staticmethod(advance)
    """The engine under test."""
    alone: ClassVar[bool] = False
    """Whether the services have nothing beside them."""

    @initialize(
        kinds=st.lists(KINDS, min_size=1, max_size=5),
        first=st.booleans(),
        broken=st.sampled_from(BROKEN),
        which=st.integers(0, 4),
        knobs=st.tuples(st.sampled_from((0, 0, 3)), st.sampled_from((0, 5, 12)), st.booleans()),
        beside=BESIDE,
        exit_code=st.sampled_from((0, 3)),
    )
    def stands(
        self,
        kinds: list[StrategyKind],
        first: bool,
        broken: Behaviour,
        which: int,
        knobs: tuple[int, int, bool],
        beside: frozenset[str],
        exit_code: int,
    ) -> None:
        """An environment of one to five services, before its first release or later, with what it has beside them.

        The release that breaks a service may have jobs that fail, too.
        """
        services = dict(zip(NAMES, kinds, strict=False))
        if type(self).alone:
            beside = frozenset()
        self.world: World = world(services, first=first, advance=type(self).engine, beside=beside)
        names = self.names = NAMES[: len(kinds)]
        self.world.aws.publish("bad", broken={names[which % len(names)]: broken})
        self.world.jobs_exit("bad", exit_code)
        lag, bake, breaker = knobs
        for service in self.world.aws.services.services.values():
            service.list_lag_seconds, service.bake_seconds, service.breaker = lag, bake, breaker

    @precondition(lambda self: len(self.world.running) < MOST)
    @rule(release=RELEASES, hold=st.booleans(), process=st.booleans())
    def begins(self, release: str | None, hold: bool, process: bool) -> None:
        """Somebody starts a deployment, whether or not one runs."""
        self.world.begin(release, hold=hold, process=process)

    @precondition(lambda self: self.world.running)
    @rule(which=st.integers(0, MOST - 1), steps=st.integers(1, 12), fault=FAULTS, at=st.integers(1, 24))
    def goes_on(self, which: int, steps: int, fault: Fault, at: int) -> None:
        """A deployment makes some steps; the last of them is disturbed, or all of them read old parameters."""
        running = self.world.running
        engine = running[which % len(running)]
        for left in reversed(range(steps)):
            if engine.runs:
                disturbed = not left or fault is Fault.STALE_PARAMETERS
                self.world.step(engine, fault if disturbed else Fault.NONE, at)

    @precondition(lambda self: self.world.running)
    @rule(which=st.integers(0, MOST - 1))
    def dies(self, which: int) -> None:
        """A deployment never acts again."""
        running = self.world.running
        self.world.dies(running[which % len(running)])

    @precondition(lambda self: self.world.running)
    @rule(which=st.integers(0, MOST - 1))
    def falls_asleep(self, which: int) -> None:
        """What runs a deployment is frozen for longer than a process's lease, then goes on as if nothing had been."""
        running = self.world.running
        running[which % len(running)].wake_at += ASLEEP_SECONDS

    @precondition(lambda self: self.world.running)
    @rule(
        which=st.integers(0, MOST - 1),
        at=st.integers(1, 24),
        in_flight=st.booleans(),
        release=st.sampled_from(("r2", "bad", "r3", "unlock")),
        steps=st.sampled_from((1, 2, 6, 12, 60)),
    )
    def is_frozen_in_a_step(self, which: int, at: int, in_flight: bool, release: str, steps: int) -> None:
        """A laptop is suspended, or an execution aborted while its function is paused; others go on, then it wakes."""
        running = self.world.running
        engine = running[which % len(running)]
        self.world.freezes(engine, at, lambda: self._take_over(release, steps), in_flight=in_flight)

    def _take_over(self, release: str, steps: int) -> None:
        if release == "unlock":
            self.world.unlocks()
            release = "r3"
        other = self.world.begin(release)
        for _ in range(steps):
            if other.runs:
                self.world.step(other)

    @precondition(lambda self: self.world.running)
    @rule(which=st.integers(0, MOST - 1))
    def is_to_stop(self, which: int) -> None:
        """Somebody wants a deployment back."""
        running = self.world.running
        self.world.asks_to_stop(running[which % len(running)])

    @rule(decision=st.sampled_from(Decision))
    def is_decided(self, decision: Decision) -> None:
        """A human decides on what is on hold."""
        self.world.decides(decision)

    @rule(which=st.integers(0, 4))
    def is_deployed_by_cdk(self, which: int) -> None:
        """CloudFormation deploys a service."""
        self.world.cdk_deploys(self.names[which % len(self.names)])

    @precondition(lambda self: self.world.running)
    @rule(which=st.integers(0, MOST - 1), before=st.integers(0, 4), after=st.integers(0, 4), at=st.integers(3, 14))
    def is_deployed_by_cdk_around_the_record(self, which: int, before: int, after: int, at: int) -> None:
        """One stack is deployed just before the tags move, another just after; the deployer is killed in between."""
        running = self.world.running
        engine = running[which % len(running)]
        for _ in range(MOST_TO_RECORD):
            if not engine.runs or engine.state.phase is Phase.RECORD:
                break
            self.world.step(engine)
        self.is_deployed_by_cdk(before)
        if engine.runs:
            self.world.step(engine, Fault.KILLED_AFTER, at)
        self.is_deployed_by_cdk(after)

    @rule(which=st.integers(0, 4))
    def is_forced_in_the_console(self, which: int) -> None:
        """Somebody forces a new deployment of a service."""
        self.world.console_forces(self.names[which % len(self.names)])

    @rule(which=st.integers(0, 4))
    def has_an_alarm(self, which: int) -> None:
        """An alarm goes off."""
        self.world.alarm(self.names[which % len(self.names)])

    @rule(seconds=st.sampled_from((1, 3, 20, 200)))
    def time_passes(self, seconds: int) -> None:
        """Nobody does anything."""
        self.world.aws.clock.sleep(seconds)

    def teardown(self) -> None:
        """Everything comes to its end; then a good release heals what the dead left."""
        if not hasattr(self, "world"):
            return
        self.world.finish()
        self.world.settle()
        check(self.world, When.ALWAYS)
        if self.world.at_rest:
            check(self.world, When.AT_REST)
        self.world.heal("r3")
        self.world.settle()
        check(self.world, *When)
        Environment.told += 1
