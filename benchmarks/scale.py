"""What a release costs as an environment grows: calls of AWS, time, steps, history and state, for 1 to 200 services.

Everything is simulated but the engine: a fake AWS with real rate limits, 50 ms a call, and a clock that only the
simulation moves. So the wall time is what an environment on AWS would see, apart from its containers' own start, and
the CPU time is the engine's (without the fakes: what is spent inside ``advance`` less what its calls take). Run
``python benchmarks/scale.py``; prints Markdown tables.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for the fakes

from tests.fakes.aws import FakeAws
from tests.fakes.driver import started
from tests.fakes.interruptions import Interruptions
from tests.fakes.rates import BUCKETS, Rates

from appdp.engine.deploy import advance
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Phase
from appdp.model.environment import StrategyKind
from appdp.model.packing import pack
from appdp.model.service_state import Progress

SERVICES = (1, 10, 50, 200)
EVENTS_A_STEP = 9
"""History events of one turn of the state machine's loop; see ``appdp.cdk.state_machine``."""
INVOKE_SECONDS = 0.2
"""What Step Functions and Lambda take for one turn."""


@dataclass
class Run:
    """What one deployment cost."""

    services: int
    rates: Rates
    end: Deployment
    steps: int = 0
    registering: float = 0.0
    seconds: float = 0.0
    longest_step: float = 0.0
    largest_state: int = 0
    cpu: float = 0.0
    phases: set[Phase] = field(default_factory=set)

    @property
    def calls(self) -> int:
        """Calls of AWS in all."""
        return self.rates.calls.total()

    @property
    def events(self) -> int:
        """Events of the execution's history."""
        return self.steps * EVENTS_A_STEP

    @property
    def ideal(self) -> float:
        """Seconds that ECS's rate needs for as many task definitions."""
        burst, rate = BUCKETS["task definition modify"]
        return max(0.0, (self.services - burst) / rate)


def environment(services: int, *, rolling: int = 5) -> FakeAws:
    """Services that run r1; every fifth one is a worker. r2 is published."""
    kinds = {
        f"service-{number:03}": StrategyKind.ROLLING if number % rolling == rolling - 1 else StrategyKind.BLUE_GREEN
        for number in range(services)
    }
    aws = FakeAws(kinds)
    aws.publish("r1")
    aws.publish("r2")
    aws.standing_at("r1")
    return aws


def run(aws: FakeAws, release: str = "r2") -> Run:
    """One deployment from its beginning to its end."""
    rates = Rates(aws.ports, aws.clock)
    measured = Run(len(aws.services.services), rates, started(aws, release))
    began = aws.clock.now()
    while not measured.end.done:
        _step(aws, measured, rates)
    measured.seconds = aws.clock.now() - began
    return measured


def _step(aws: FakeAws, measured: Run, rates: Rates) -> None:
    before, at, waiting = measured.end, aws.clock.now(), _waiting(measured.end)
    exactly = rates.now()
    rates.spend(INVOKE_SECONDS)
    step = advance(before, rates.ports)
    measured.end, measured.steps = step.deployment, measured.steps + 1
    measured.longest_step = max(measured.longest_step, aws.clock.now() - at)
    measured.largest_state = max(measured.largest_state, len(json.dumps(pack(step.deployment.to_dict()))))
    measured.phases.add(step.deployment.phase)
    aws.clock.sleep(step.wait_seconds)
    if waiting and before.phase is Phase.GREEN:
        measured.registering += rates.now() - exactly


def _waiting(deployment: Deployment) -> bool:
    return any(service.progress is Progress.WAITING for service in deployment.services)


def cpu_seconds(services: int) -> float:
    """The engine's own CPU time for one deployment: of its steps, without the fakes that answer it."""
    aws, spent = environment(services), [0.0, 0.0]
    ports = _timed(aws.ports, spent)
    deployment = started(aws, "r2")
    while not deployment.done:
        began = time.process_time()
        step = advance(deployment, ports)
        spent[0] += time.process_time() - began
        deployment = step.deployment
        aws.clock.sleep(step.wait_seconds)
    return spent[0] - spent[1]


def _timed(ports: Ports, spent: list[float]) -> Ports:
    began = [0.0]

    def before(number: int, name: str) -> None:
        began[0] = time.process_time()

    def after(number: int, name: str) -> None:
        spent[1] += time.process_time() - began[0]

    return Interruptions(before=before, after=after).around(ports)


def main() -> None:
    """Print the tables."""
    runs = [run(environment(services)) for services in SERVICES]
    print(
        "| services | calls | per service | register s (ECS's rate) | all s | longest step s | throttled | steps ",
        end="",
    )
    print("| events | largest state KB | engine CPU s |")
    print("| ---: " * 11 + "|")
    for one in runs:
        print(
            f"| {one.services} | {one.calls:,} | {one.calls / one.services:.0f} "
            f"| {one.registering:.0f} ({one.ideal:.0f}) | {one.seconds:.0f} | {one.longest_step:.0f} "
            f"| {one.rates.throttled.total()} | {one.steps} | {one.events:,} | {one.largest_state / 1000:.0f} "
            f"| {cpu_seconds(one.services):.2f} |"
        )
    print(f"\n| call | {' | '.join(str(services) for services in SERVICES)} |")
    print("| --- " + "| ---: " * len(SERVICES) + "|")
    for name in sorted({name for one in runs for name in one.rates.calls}):
        print(f"| `{name}` | {' | '.join(f'{one.rates.calls[name]:,}' for one in runs)} |")


if __name__ == "__main__":
    main()
