"""How long ``appdp verify`` takes as an environment grows, on a fake AWS that takes 50 ms for each call.

Calls are counted as the adapters make them: ids that a call takes together are one call. Run ``python
benchmarks/verify.py [RUNS]``; prints a Markdown table.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for the fakes

from tests.fakes.verify_world import VerifyWorld

from appdp.cli.verify import THREADS, at_once
from appdp.engine.verify import Result, examine, load

CALL_SECONDS = 0.05
SERVICES = (1, 10, 50, 200)

BATCHES = {
    "clusters": 100,
    "services": 10,
    "target_groups": 20,
    "rules": 20,
    "load_balancers": 20,
    "alarms": 100,
    "parameters": 10,
    "subnets": 200,
    "security_groups": 200,
}
"""Method → ids that its adapter asks for in one call."""

CALLS = {"newest_deployments": 2, "of_service": 2, "listener_rules": 3}
"""Method → calls that its adapter makes: it lists first and describes then."""


class Slow:
    """A port whose every call takes its time."""

    def __init__(self, port: Any, count: list[int]) -> None:  # noqa: ANN401  (any port)
        self._port, self._count = port, count
        self._made: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (any method)
        # The same object each time, as a port's own methods are equal: what was asked is remembered by it.
        if name not in self._made:
            self._made[name] = self._slow(name, getattr(self._port, name))
        return self._made[name]

    def _slow(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:  # noqa: ANN401  (any method)
            ids = len(args[-1]) if args and isinstance(args[-1], tuple) else 1
            calls = -(-ids // BATCHES[name]) if name in BATCHES else CALLS.get(name, 1)
            self._count.append(calls)
            time.sleep(CALL_SECONDS * calls)
            return method(*args, **named)

        return call


def measure(services: int) -> tuple[float, int]:
    """Seconds, and calls, of one verification; three of four services are blue/green."""
    workers = services // 4
    web = tuple(f"web{number}" for number in range(services - workers))
    world = VerifyWorld(web, tuple(f"worker{number}" for number in range(workers)))
    world.quotas = dict.fromkeys(world.quotas, 10_000.0)
    count: list[int] = []
    slow = {each.name: Slow(getattr(world.ports, each.name), count) for each in fields(world.ports)}
    facts = {each.name: Slow(getattr(world.facts, each.name), count) for each in fields(world.facts)}
    started = time.perf_counter()
    found = examine(load("shop", "dev", None, replace(world.ports, **slow), replace(world.facts, **facts)), at_once)
    taken = time.perf_counter() - started
    wrong = [one for one in found.checked if one.result in (Result.FAILED, Result.UNKNOWN)]
    if wrong:
        raise SystemExit(f"The fake environment is not healthy: {wrong[:3]}")
    return taken, sum(count)


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"Verifying with {THREADS} threads, {CALL_SECONDS * 1000:g} ms a call, {runs} runs each\n")
    print("| services | median s | fastest | slowest | calls | calls per service | one after the other s |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for services in SERVICES:
        results = [measure(services) for _ in range(runs)]
        taken, calls = sorted(result[0] for result in results), results[0][1]
        print(
            f"| {services} | {median(taken):.2f} | {taken[0]:.2f} | {taken[-1]:.2f} "
            f"| {calls} | {calls / services:.1f} | {calls * CALL_SECONDS:.1f} |"
        )


if __name__ == "__main__":
    main()
