"""One environment with everybody who acts on it: engines, people, CloudFormation and AWS itself.

The world only lets things happen and writes down what did; ``tests.unit.engine.invariants`` says what must hold.
A step may be frozen between two of its calls, or with one of them on its way, while others go on. No service of AWS
refuses an old owner's call, so the one that was on its way still happens; that is all that may.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from appdp.engine.deploy import Process, Step, advance, ask_to_stop, begin, unlock_dead
from appdp.engine.deploy.survey import CODE_DEPLOY
from appdp.engine.deploy.unlock import ROBBED
from appdp.engine.live import DeploymentStatus
from appdp.engine.ports import Ports
from appdp.errors import Locked, RemoteError
from appdp.model.deployment import Deployment, Outcome, Owner, Phase
from appdp.model.gate import Gate
from appdp.model.handoff import SENTINEL, gate_parameter, hold_parameter, lock_parameter
from appdp.model.hold import Decision
from appdp.model.lock import Lock
from appdp.model.stop_request import StopRequest
from tests.fakes.aws import APPLICATION, ENVIRONMENT, REGISTRY, FakeAws, definition
from tests.fakes.cluster import Service
from tests.fakes.driver import execution, request
from tests.fakes.human import decides
from tests.fakes.interruptions import Killed
from tests.fakes.jobs import JobBehaviour
from tests.fakes.rollouts import STAGES
from tests.fakes.wire import Fault, Wire, Write

Advance = Callable[[Deployment, Ports], Step]
NAMES = ("api", "billing", "cart", "docs", "edge")
MOST_STEPS = 4000
ASLEEP_SECONDS = 240
"""Longer than a process's lease."""
GATE = gate_parameter(APPLICATION, ENVIRONMENT)
LOCK = lock_parameter(APPLICATION, ENVIRONMENT)
_TRAFFIC = STAGES.index("POST_TEST_TRAFFIC_SHIFT")


@dataclass(slots=True)
class Engine:
    """One deployment and whoever runs it. ``states`` are all it ever returned, newest last."""

    id: str
    wire: Wire
    states: list[Deployment]
    wake_at: float
    dead: bool = False

    @property
    def state(self) -> Deployment:
        """The newest state."""
        return self.states[-1]

    @property
    def gone(self) -> bool:
        """Whether it ended without putting things right: it died, or somebody took over."""
        failure = self.state.failure
        return self.dead or (failure is not None and "took over the environment" in failure.summary)

    @property
    def robbed(self) -> bool:
        """Whether it lost the environment when it had done its work, and could not say so in the history."""
        return any(entry.text == ROBBED for entry in self.state.log)

    @property
    def runs(self) -> bool:
        """Whether it will act again."""
        return not self.dead and not self.state.done


@dataclass(slots=True)
class Opened:
    """The gate was opened: by whom, and which greens did not stand tested at it."""

    by: str
    missing: tuple[str, ...]
    approved: bool


@dataclass(slots=True)
class World:
    """Args:
    aws: the account.
    advance: the engine under test.
    """

    aws: FakeAws
    advance: Advance = advance
    engines: dict[str, Engine] = field(default_factory=dict)
    written: list[Write] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    started: dict[str, str] = field(default_factory=dict)
    """ARN of a service deployment that an engine started forwards → the engine."""
    meddled: list[float] = field(default_factory=list)
    """When somebody else changed a service."""
    unlocked: bool = False
    """Whether somebody took away a lock by hand."""
    _read: dict[str, tuple[float, Any]] = field(default_factory=dict)

    @property
    def running(self) -> list[Engine]:
        """The engines that will act again."""
        return [engine for engine in self.engines.values() if engine.runs]

    @property
    def at_rest(self) -> bool:
        """Whether no deployment runs, no dead one left its lock or its gate, and ECS is finished with everything."""
        gate = self.values.get(GATE)
        left = gate is not None and self.engines[Gate.from_json(gate).deployment].gone
        busy = any(service.rollout for service in self.aws.services.services.values())
        return LOCK not in self.values and not left and not self.running and not busy

    def begin(self, release: str | None, *, hold: bool = False, process: bool = False) -> Engine:
        """Somebody starts a deployment; without a release it goes back to the last good one."""
        id = f"d{len(self.engines)}"
        owner = Owner(execution=None, requested_by="arn:me") if process else execution(id)
        if owner.execution is not None:
            self.aws.owners.running.add(owner.execution)
        asked = request(release, id=id, rollback=release is None, hold=hold)
        wire = Wire(id, self.aws.ports, self.written, self._read)
        now = self.aws.clock.now()
        engine = Engine(id, wire, [begin(asked, owner=owner, now=now)], now)
        wire.on_write = lambda write: self._noted(engine, write)
        self.engines[id] = engine
        return engine

    def step(self, engine: Engine, fault: Fault = Fault.NONE, at: int = 0) -> None:
        """One step when it is due. After an error or a kill, the same state is tried again later."""
        self.aws.clock.sleep(max(0.0, engine.wake_at - self.aws.clock.now()))
        engine.wire.plan(fault, at)
        self._advance(engine)

    def _advance(self, engine: Engine) -> None:
        state = engine.state
        try:
            after = self.advance(state, engine.wire.ports)
        except (Killed, RemoteError):
            engine.wake_at = self.aws.clock.now() + 2
            return
        if engine.dead:
            return  # its execution was aborted while the function still ran, so nobody has the state
        engine.states.append(after.deployment)
        engine.wake_at = self.aws.clock.now() + after.wait_seconds
        if after.deployment.done:
            self.aws.owners.running.discard(str(engine.state.owner.execution))

    def freezes(self, engine: Engine, at: int, meanwhile: Callable[[], None], *, in_flight: bool) -> None:
        """One step that stands still at its call ``at`` for longer than a lease, or while its execution is aborted.

        Args:
            engine: whose step it is.
            at: the call, from 1.
            meanwhile: what others do, once they may.
            in_flight: whether that call is on its way, or over.
        """

        def frozen() -> None:
            if engine.state.owner.execution is None:
                self.aws.clock.sleep(ASLEEP_SECONDS)
            else:
                self.dies(engine)
            meanwhile()

        self.aws.clock.sleep(max(0.0, engine.wake_at - self.aws.clock.now()))
        engine.wire.freeze(at, frozen, in_flight=in_flight)
        self._advance(engine)

    def unlocks(self) -> None:
        """Somebody takes away the lock of a dead one."""
        with suppress(Locked):
            bob = Process(id=f"u{len(self.written)}", requested_by="arn:bob", sleep=self.aws.clock.sleep)
            unlock_dead(APPLICATION, ENVIRONMENT, self.aws.ports, bob)
            self.unlocked = True

    @property
    def overtaken(self) -> bool:
        """Whether a call that was on its way when its caller was frozen arrived after somebody else's writes."""
        return any(write.late and self._overtook(index, write) for index, write in enumerate(self.written))

    def _overtook(self, index: int, late: Write) -> bool:
        first = next(at for at, write in enumerate(self.written) if write.by == late.by)
        return any(write.by != late.by for write in self.written[first:index])

    def dies(self, engine: Engine) -> None:
        """It never acts again, and whoever asks learns so (a process's lease runs out)."""
        engine.dead = True
        self.aws.owners.running.discard(str(engine.state.owner.execution))

    def finish(self) -> None:
        """Everybody who runs gets to the end undisturbed, in turns."""
        for _ in range(MOST_STEPS):
            due = min(self.running, key=lambda engine: engine.wake_at, default=None)
            if due is None:
                return
            self.step(due)
        raise AssertionError(f"no end after {MOST_STEPS} steps: {[engine.state for engine in self.running]}")

    def heal(self, release: str) -> Engine:
        """What remains of the dead is taken over by deployments of a good release, until one is not refused."""
        for _ in range(8):
            engine = self.begin(release)
            self.finish()
            if engine.state.outcome is not Outcome.REFUSED:
                break
            self.aws.clock.sleep(60)
        return engine

    def settle(self) -> None:
        """ECS finishes what is in progress."""
        for _ in range(20):
            if not any(service.rollout for service in self.aws.services.services.values()):
                return
            self.aws.clock.sleep(10)

    def cdk_deploys(self, name: str) -> None:
        """CloudFormation registers a revision of its own and points the service at it."""
        service = self.aws.service(name)
        arn = self.aws.definitions.add(definition(name))
        manifest = self.aws.manifest(name)
        if service.controller == CODE_DEPLOY:
            self.aws.write_manifest(replace(manifest, task_definition=arn))  # the service itself is left alone
            return
        if self.aws.release == SENTINEL:
            service.desired_count = 0  # what the template says until the first release is recorded
        self.aws.services.update(service.cluster, service.arn, task_definition=arn)
        self.aws.write_manifest(replace(manifest, task_definition=arn))
        self.meddled.append(self.aws.clock.now())
        # CloudFormation looks until the service stands, so it is never over before ECS lists what it started.
        self.aws.clock.sleep(service.list_lag_seconds)

    def console_forces(self, name: str) -> None:
        """Somebody replaces a service's tasks by hand: the same task definition once more, whatever is in progress."""
        service = self.aws.service(name)
        if service.controller == CODE_DEPLOY:
            return  # ECS refuses that
        self.aws.services.update(service.cluster, service.arn, task_definition=service.task_definition, force=True)
        self.meddled.append(self.aws.clock.now())
        if self.aws.release == SENTINEL:
            # The first release may have that very task definition, and what ECS does not list yet cannot be told from
            # the engine's own: it would go back to zero instead of being refused.
            self.aws.clock.sleep(service.list_lag_seconds)

    def jobs_exit(self, release: str, code: int) -> None:
        """What the jobs of a release exit with."""
        image = f"{REGISTRY}/{APPLICATION}/{NAMES[0]}@{self.aws.digest(NAMES[0], release)}"
        self.aws.jobs.behaves[image] = JobBehaviour(exit_code=code)

    def alarm(self, name: str) -> None:
        """A CloudWatch alarm of the service goes off while traffic is on its green."""
        rollout = self.aws.service(name).rollout
        if rollout is not None and rollout.stage in ("BAKE_TIME", "POST_PRODUCTION_TRAFFIC_SHIFT"):
            rollout.status, rollout.reason = DeploymentStatus.ROLLBACK_REQUESTED, "alarm detected"

    def asks_to_stop(self, engine: Engine) -> None:
        """Somebody wants it back, and is told to wait while it does not own the environment."""
        lock = self.values.get(LOCK)
        if lock is None or Lock.from_json(lock).deployment != engine.id:
            return
        asked = StopRequest(deployment=engine.id, by="arn:bob", reason="")
        ask_to_stop(APPLICATION, ENVIRONMENT, asked, self.aws.ports)

    def decides(self, decision: Decision) -> None:
        """A human decides on whatever is on hold."""
        for engine in self.running:
            if engine.state.phase is Phase.HOLD and hold_parameter(APPLICATION, ENVIRONMENT) in self.values:
                decides(self.aws, decision, engine.id)

    @property
    def values(self) -> dict[str, str]:
        """All parameters."""
        return self.aws.parameters.values

    def _noted(self, engine: Engine, write: Write) -> None:
        if write.call == "services.update" and engine.state.phase is not Phase.RETURN:
            rollout = self.aws.services.services[write.about].rollout
            if rollout is not None:
                self.started[rollout.arn] = engine.id
        if write.call == "parameters.put" and write.about == GATE:
            gate = Gate.from_json(write.value)
            if gate.opens_at is not None:
                self.opened.append(self._opened(engine, gate))

    def _opened(self, engine: Engine, gate: Gate) -> Opened:
        gated = [service for service in self.aws.services.services.values() if service.strategy != "ROLLING"]
        named = [one.arn for one in engine.state.services if one.task_definition in gate.task_definitions]
        missing = tuple(one.name for one in gated if one.arn in named and not _stands(one, gate))
        hold = engine.state.hold
        return Opened(engine.id, missing, hold is None or hold.decision is Decision.APPROVED)


def _stands(service: Service, gate: Gate) -> bool:
    """Whether the service's green is at the gate or past it, with healthy tasks."""
    rollout = service.rollouts[-1] if service.rollouts else None
    if rollout is None or rollout.target.task_definition not in gate.task_definitions:
        return False
    if rollout.status is DeploymentStatus.SUCCESSFUL:
        return True
    return rollout.stage in STAGES[_TRAFFIC:]
