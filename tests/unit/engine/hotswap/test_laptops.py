"""A laptop that is suspended or dies while it swaps a service."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appdp.engine.deploy.locking import RECHECK_SECONDS
from appdp.engine.hotswap import end_swap, swap_step
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import Deployment, Outcome, Owner, Phase
from appdp.model.handoff import lock_parameter
from appdp.model.lock import Lock
from tests.fakes.aws import APPLICATION, ENVIRONMENT
from tests.fakes.driver import deploy, started
from tests.fakes.driver import drive as drive_deployment
from tests.fakes.interruptions import Interruptions
from tests.unit.engine.hotswap.swap import begun, drive, marked
from tests.unit.engine.invariants import holds_for

LOCK = lock_parameter(APPLICATION, ENVIRONMENT)


def test_whoever_took_over_decides() -> None:
    aws = marked()
    deployment = begun(aws, "api")
    aws.clock.sleep(600)
    other = Lock(deployment="d2", owner=Owner(execution=None, requested_by="arn:bob"), renewed_at=aws.clock.now())
    aws.parameters.put(LOCK, other.to_json())
    ended = drive(aws, deployment)
    assert ended.outcome is Outcome.FAILED
    assert ended.failure is not None
    assert "Deployment d2 took over" in ended.failure.summary
    assert aws.runs("api") == aws.digest("api", "v1")
    assert Lock.from_json(aws.parameters.values[LOCK]).deployment == "d2"


@pytest.mark.parametrize(("at", "act"), [("services.newest_deployments", swap_step), ("parameters.delete", end_swap)])
def test_a_laptop_that_was_suspended_writes_nothing_more(at: str, act: Callable[[Deployment, Ports], object]) -> None:
    """It swapped the service that a deployment had released meanwhile, or deleted that deployment's lock."""
    aws = marked()
    aws.publish("r2")
    swapping = begun(aws, "api")
    aws.clock.sleep(RECHECK_SECONDS)
    slept: list[Deployment] = []

    def suspended(number: int, name: str) -> None:
        if name == at and not slept:
            aws.clock.sleep(240)
            slept.append(started(aws, "r2"))
            slept[0] = drive_deployment(aws, slept[0], until=lambda state: state.phase is Phase.GREEN)

    with pytest.raises(RemoteError, match="does not own the lock any more"):
        act(swapping, Interruptions(after=suspended).around(aws.ports))
    assert drive_deployment(aws, slept[0]).outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


@pytest.mark.parametrize("steps", range(4))
def test_a_laptop_that_died_is_no_hindrance_once_its_lease_is_over(steps: int) -> None:
    aws = marked()
    deployment = begun(aws, "api")
    for _ in range(steps):
        deployment = swap_step(deployment, aws.ports).deployment
        aws.clock.sleep(2)
    assert deploy(aws, "v1", id="d2").outcome is Outcome.REFUSED
    aws.clock.sleep(600)
    assert deploy(aws, "v1", id="d3").outcome is (Outcome.SUCCEEDED if steps else Outcome.NOTHING_TO_DO)
    assert aws.runs("api") == aws.digest("api", "v1")
    assert LOCK not in aws.parameters.values
