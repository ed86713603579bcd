"""More than ten thousand scenarios in every run: whatever happens to an environment, the invariants hold.

The scenarios are the same in every run. They are divided among tests, so that the processes that run tests share them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.stateful import run_state_machine_as_test

from tests.unit.engine.invariants import INVARIANTS, Violated
from tests.unit.engine.model.machine import Environment
from tests.unit.engine.model.mutants import MUTANTS, Mutant

pytestmark = pytest.mark.timeout(900)

SHARDS = 20
SCENARIOS = 500
"""Of each shard, at least."""
QUICK = 20
RARE = ("is_frozen_in_a_step", "is_deployed_by_cdk_around_the_record", "is_forced_in_the_console")
"""Rules that take much room; a mistake is looked for without them, unless it needs one."""
SETTINGS = settings(
    deadline=None,
    database=None,
    stateful_step_count=10,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def _the_same_in_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis also draws constants of the modules that happen to be loaded, which depends on the tests before."""
    monkeypatch.setattr(HypothesisProvider, "_maybe_draw_constant", lambda *_, **__: None)


def told(environment: type[Environment], scenarios: int, shard: int) -> int:
    """Run scenarios; how many came to their end."""
    before = environment.told
    run_state_machine_as_test(seed(shard)(environment), settings=settings(SETTINGS, max_examples=scenarios))
    return environment.told - before


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_whatever_happens_the_invariants_hold(shard: int, record_property: Callable[[str, object], None]) -> None:
    count = told(Environment, SCENARIOS, shard)
    record_property("scenarios", count)
    assert count >= SCENARIOS


def test_there_are_ten_thousand() -> None:
    assert SHARDS * SCENARIOS >= 10_000


def test_some_scenarios_in_the_quick_tests_too() -> None:
    assert told(Environment, QUICK, SHARDS) >= QUICK


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.mistake)
def test_an_engine_with_a_mistake_is_caught(mutant: Mutant) -> None:
    without = dict.fromkeys({*RARE} - {mutant.needs})
    changed = {"engine": staticmethod(mutant.advance), "alone": mutant.needs != "beside", **without}
    machine = type("Mistaken", (Environment,), changed)
    found: set[str] = set()
    for shard in range(SHARDS):
        found.update(_violated(machine, shard))
        if found & set(mutant.caught_by):
            return
    raise AssertionError(f"caught by {', '.join(sorted(found)) or 'nothing'}, not by {', '.join(mutant.caught_by)}")


def _violated(machine: type[Environment], shard: int) -> tuple[str, ...]:
    """The names of the invariants that the first bad scenario of a shard violates."""
    try:
        run_state_machine_as_test(
            seed(shard)(machine), settings=settings(SETTINGS, max_examples=SCENARIOS, phases=(Phase.generate,))
        )
    except Violated as violated:
        return violated.names
    return ()


def test_every_invariant_has_a_name_and_a_sentence() -> None:
    assert len({invariant.name for invariant in INVARIANTS}) == len(INVARIANTS)
    assert all(invariant.sentence.endswith(".") for invariant in INVARIANTS)
