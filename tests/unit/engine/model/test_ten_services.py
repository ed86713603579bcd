"""A release of ten services of which one fails: each service in turn, in each phase, in each way that there is.

At the end never a mixed environment, and never traffic on a release that did not pass the gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from appdp.engine.deploy import Step, advance
from appdp.engine.live import DeploymentStatus
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.environment import StrategyKind
from tests.fakes.registry import Behaviour
from tests.unit.engine.invariants import When, check
from tests.unit.engine.model.beginnings import world
from tests.unit.engine.model.world import Engine, World

TEN = {
    f"s{number}": StrategyKind.ROLLING
    if number in (3, 8)
    else StrategyKind.CANARY
    if number in (2, 6)
    else StrategyKind.BLUE_GREEN
    for number in range(10)
}
SHIFTING = [name for name, kind in TEN.items() if kind.shifts_traffic]

Disturb = Callable[[World, str], None]


@dataclass(frozen=True)
class Failure:
    """Args:
    phase: the phase in which it must be noticed, or the first of them.
    behaves: what the failing service's image does.
    refuses: the call that AWS refuses for that service.
    happens: called with the service's name before every step of the phase.
    services: the services that can fail like that.
    hold: whether the release is on hold for a while.
    """

    phase: Phase
    behaves: Behaviour = Behaviour.RUNS
    refuses: str = ""
    happens: Disturb = lambda there, name: None
    services: tuple[str, ...] = tuple(TEN)
    hold: bool = False


def rolled_back(reason: str, *stages: str) -> Disturb:
    """ECS gives up on the service's deployment, once it is in one of these stages."""

    def happens(there: World, name: str) -> None:
        rollout = there.aws.service(name).rollout
        if rollout is not None and rollout.stage in stages and rollout.status is DeploymentStatus.IN_PROGRESS:
            rollout.status, rollout.reason = DeploymentStatus.ROLLBACK_REQUESTED, reason

    return happens


def stopped(there: World, name: str) -> None:
    """Somebody stops the service's deployment in the console."""
    rollout = there.aws.service(name).rollout
    if rollout is not None:
        there.aws.services.stop(rollout.arn)


FAILURES = {
    "its task definition is refused": Failure(Phase.GREEN, refuses="task_definitions.register"),
    "its update is refused": Failure(Phase.GREEN, refuses="services.update", services=tuple(SHIFTING)),
    "it exits at start": Failure(Phase.GREEN, Behaviour.EXITS, services=tuple(SHIFTING)),
    "it is unhealthy": Failure(Phase.GREEN, Behaviour.UNHEALTHY, services=tuple(SHIFTING)),
    "its image cannot be pulled": Failure(Phase.GREEN, Behaviour.CANNOT_BE_PULLED, services=tuple(SHIFTING)),
    "it is stopped by hand": Failure(Phase.GREEN, happens=stopped, services=tuple(SHIFTING)),
    "it dies on hold": Failure(Phase.HOLD, Behaviour.DIES_LATER, hold=True, services=tuple(SHIFTING)),
    "its alarm goes off on hold": Failure(
        Phase.HOLD, happens=rolled_back("alarm", "POST_TEST_TRAFFIC_SHIFT"), hold=True, services=tuple(SHIFTING)
    ),
    "it fails at the gate": Failure(
        Phase.GATE, happens=rolled_back("alarm", "POST_TEST_TRAFFIC_SHIFT"), services=tuple(SHIFTING)
    ),
    "it fails while traffic shifts": Failure(
        Phase.CUTOVER,
        happens=rolled_back("alarm", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"),
        services=tuple(SHIFTING),
    ),
    "its rolling update is refused": Failure(Phase.CUTOVER, refuses="services.update", services=("s3", "s8")),
    "its rolling tasks exit": Failure(Phase.CUTOVER, Behaviour.EXITS, services=("s3", "s8")),
    "its rolling tasks are unhealthy": Failure(Phase.CUTOVER, Behaviour.UNHEALTHY, services=("s3", "s8")),
    "its alarm goes off while it bakes": Failure(
        Phase.BAKE, happens=rolled_back("alarm", "BAKE_TIME"), services=tuple(SHIFTING)
    ),
    "it is stopped while it bakes": Failure(Phase.BAKE, happens=stopped, services=tuple(SHIFTING)),
    "CloudFormation deploys it while it bakes": Failure(
        Phase.BAKE, happens=lambda there, name: None if there.meddled else there.cdk_deploys(name)
    ),
    "CloudFormation deploys it before it is recorded": Failure(
        Phase.RECORD, happens=lambda there, name: None if there.meddled else there.cdk_deploys(name)
    ),
}


class Refusing:
    """The engine over ports that refuse one call for one service."""

    def __init__(self, call: str, service: str) -> None:
        self._call, self._service = call, service

    def __call__(self, deployment: Deployment, ports: Ports) -> Step:
        return advance(deployment, _refusing(ports, self._call, self._service) if self._call else ports)


def _refusing(ports: Ports, call: str, service: str) -> Ports:
    port, _, method = call.partition(".")

    class Port:
        def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # any port
            real = getattr(getattr(ports, port), name)
            return refuse if name == method else real

    def refuse(*args: Any, **more: Any) -> Any:  # noqa: ANN401  # any port
        if service in f"{args} {more}":
            raise RemoteError(f"{call} of {service} is refused", code="InvalidParameterException")
        return getattr(getattr(ports, port), method)(*args, **more)

    return replace(ports, **{port: Port()})


@pytest.mark.parametrize("service", TEN)
@pytest.mark.parametrize("how", FAILURES)
def test_one_of_ten_fails(how: str, service: str) -> None:
    failure = FAILURES[how]
    name = failure.services[list(TEN).index(service) % len(failure.services)]
    there = world(TEN, first=False, advance=Refusing(failure.refuses, name))
    there.aws.publish("bad", broken={name: failure.behaves})
    for one in there.aws.services.services.values():
        one.bake_seconds = 12
    engine = there.begin("bad", hold=failure.hold)
    seen = tell(there, engine, failure, name)
    assert failure.phase in seen
    assert engine.state.outcome is Outcome.ROLLED_BACK, engine.state.failure
    there.settle()
    check(there, When.ALWAYS, When.AT_REST)
    assert there.aws.release == "r1"
    if failure.phase in (Phase.GREEN, Phase.HOLD, Phase.GATE):
        assert there.opened == []
        assert there.aws.shifts == []


def tell(there: World, engine: Engine, failure: Failure, name: str) -> set[Phase]:
    """Go to the end, and let the failure happen in its phase; the phases that there were."""
    seen: set[Phase] = set()
    while engine.runs:
        seen.add(engine.state.phase)
        if engine.state.phase is failure.phase:
            failure.happens(there, name)
        there.step(engine)
    return seen


@pytest.mark.parametrize("service", TEN)
def test_what_cannot_be_recorded_is_whole_all_the_same(service: str) -> None:
    """Every service runs the release; a tag could not be moved. It says so, and the same release heals it."""
    there = world(TEN, first=False, advance=Refusing("registry.move_tag", f"shop/{service}"))
    engine = there.begin("r2")
    there.finish()
    assert engine.state.outcome is Outcome.FAILED
    assert "could not be recorded" in (engine.state.failure.summary if engine.state.failure else "")
    assert {there.aws.runs(name) for name in TEN} == {there.aws.digest(name, "r2") for name in TEN}
    there.advance = advance
    there.heal("r2")
    check(there, When.AT_REST, When.AT_THE_END)
