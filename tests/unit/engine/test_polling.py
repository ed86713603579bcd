"""Fast at first, slower later: a long deployment stays within an execution's history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.engine.deploy.polling import DAY_SECONDS, hold_seconds, wait_seconds
from appdp.model.hold import LONGEST_EXPIRY_SECONDS
from tests.fakes.deployments import a_deployment

EVENTS_PER_TURN = 10
HISTORY_LIMIT = 25_000

DEPLOYMENT = a_deployment()


def turns(total_seconds: float, phases: int) -> int:
    """How many turns of the loop a deployment takes whose phases are equally long."""
    now, count, phase = 0.0, 0, DEPLOYMENT
    while now < total_seconds:
        began = (now // (total_seconds / phases)) * (total_seconds / phases)
        phase = replace(phase, phase_since=began)
        now += wait_seconds(phase, now)
        count += 1
    return count


@pytest.mark.parametrize(
    ("age", "wait"), [(0, 1), (39, 1), (40, 2), (60, 3), (1199, 59), (1200, 60), (20_000, 60), (DAY_SECONDS, 300)]
)
def test_waits_grow_with_the_age_of_the_phase(age: float, wait: float) -> None:
    assert wait_seconds(DEPLOYMENT, age) == wait


def test_a_clock_that_went_back_does_no_harm() -> None:
    assert wait_seconds(replace(DEPLOYMENT, phase_since=100.0), 50.0) == 1


@pytest.mark.parametrize("phases", [1, 2, 6])
def test_a_day_stays_within_the_history(phases: int) -> None:
    registering = 300  # one turn for each of as many services
    assert (turns(DAY_SECONDS, phases) + registering) * EVENTS_PER_TURN < HISTORY_LIMIT


def test_two_days_stay_within_the_history_too() -> None:
    assert (turns(2 * DAY_SECONDS, 2) + 300) * EVENTS_PER_TURN < HISTORY_LIMIT


@pytest.mark.parametrize(
    ("age", "wait"),
    [(0, 1), (40, 2), (400, 20), (3599, 20), (3600, 30), (14_399, 30), (14_400, 60), (80_000, 60), (DAY_SECONDS, 300)],
)
def test_on_hold_an_approval_takes_effect_soon(age: float, wait: float) -> None:
    assert hold_seconds(DEPLOYMENT, age) == wait


def test_the_longest_hold_a_day_of_baking_and_the_way_back_stay_within_the_history() -> None:
    """Nine events a round, as the state machine has it; more only when AWS fails for a while."""
    rounds, now = 100, 0.0  # one for each service; the gate cannot name so many
    for length, wait in (
        (1800, wait_seconds),  # greens come up
        (LONGEST_EXPIRY_SECONDS, hold_seconds),
        (DAY_SECONDS, wait_seconds),  # bake
        (DAY_SECONDS, wait_seconds),  # the way back bakes, too
    ):
        phase, end = replace(DEPLOYMENT, phase_since=now), now + length
        while now < end:
            now += wait(phase, now)
            rounds += 1
    assert rounds * 9 < HISTORY_LIMIT
