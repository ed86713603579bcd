"""Task definitions are registered as fast as ECS allows, and no faster."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.engine.deploy.pacing import LEAST_A_STEP, MOST_A_STEP, allowed, wait_for_more
from appdp.errors import Throttled
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.environment import StrategyKind
from appdp.model.service_state import Progress, ServiceState
from tests.fakes.aws import FakeAws
from tests.fakes.driver import drive, started
from tests.fakes.interruptions import Interruptions
from tests.unit.engine.invariants import holds_for

NOW = 1_800_000_000.0


def with_registered(*at: float, waiting: int = 100) -> Deployment:
    """A deployment with services that were registered at these times, and some that wait."""
    registered = [ServiceState(name=f"r{n}", progress=Progress.REGISTERED, since=when) for n, when in enumerate(at)]
    rest = [ServiceState(name=f"w{n}") for n in range(waiting)]
    return replace(started(FakeAws(), "r1"), services=(*registered, *rest))


@pytest.mark.parametrize(
    ("at", "later", "count"),
    [
        ((), 0, MOST_A_STEP),
        ((NOW,) * 20, 0, 0),
        ((NOW,) * 20, 7.9, 7),
        ((NOW,) * 20, 500, 20),
        ((NOW,) * 5, 0, 15),
        ((*(NOW,) * 20, *(NOW + 10,) * 10), 10, 0),
        ((*(NOW,) * 20, *(NOW + 10,) * 10), 14, 4),
        ((NOW,) * 20, -60, 0),
    ],
)
def test_how_many_are_allowed(at: tuple[float, ...], later: float, count: int) -> None:
    assert allowed(with_registered(*at), NOW + later) == count


def test_it_waits_for_enough_of_them_to_be_worth_a_step() -> None:
    assert wait_for_more(with_registered(*(NOW,) * 20), NOW) == LEAST_A_STEP
    assert wait_for_more(with_registered(*(NOW,) * 20, waiting=3), NOW) == 3
    assert wait_for_more(with_registered(*(NOW,) * 20, waiting=0), NOW) == 0
    assert wait_for_more(with_registered(NOW), NOW) == 0


def test_when_others_use_the_same_rate_what_is_registered_is_kept() -> None:
    aws = FakeAws({f"s{number:02}": StrategyKind.ROLLING for number in range(12)})
    aws.publish("r1")
    aws.publish("r2")
    aws.standing_at("r1")
    calls: list[int] = []

    def slower(number: int, name: str) -> None:
        calls.append(number) if name == "task_definitions.register" else None
        if name == "task_definitions.register" and len(calls) == 8:
            raise Throttled(name, code="ThrottlingException")

    ports = Interruptions(before=slower).around(aws.ports)
    deployment = drive(aws, started(aws, "r2"), ports=ports, until=lambda state: len(calls) > 0)
    assert deployment.phase is Phase.GREEN
    assert [one.progress for one in deployment.services].count(Progress.REGISTERED) == 7
    assert drive(aws, deployment, ports=ports).outcome is Outcome.SUCCEEDED
    assert len(aws.definitions.registered) == 12
    holds_for(aws, "r2")


def test_when_not_even_one_can_be_registered_the_same_state_is_tried_again() -> None:
    aws = FakeAws()
    aws.publish("r1")
    aws.publish("r2")
    aws.standing_at("r1")

    def slower(number: int, name: str) -> None:
        if name == "task_definitions.register":
            raise Throttled(name, code="ThrottlingException")

    with pytest.raises(Throttled):
        drive(aws, started(aws, "r2"), ports=Interruptions(before=slower).around(aws.ports))
