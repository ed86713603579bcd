"""The environments that scenarios begin with."""

from __future__ import annotations

import pickle
from functools import cache

from appdp.engine.deploy import advance
from appdp.model.environment import StrategyKind
from appdp.model.job import JobRun
from tests.fakes.aws import FakeAws
from tests.fakes.cluster import Service
from tests.fakes.human import asks
from tests.fakes.registry import Behaviour
from tests.fakes.wire import LAG_SECONDS
from tests.unit.engine.model.world import NAMES, Advance, World

Beside = frozenset[str]
"""What an environment has beside its services: :data:`SCHEDULE`, and jobs, by when they run."""

SCHEDULE = "report"


def world(
    services: dict[str, StrategyKind], *, first: bool, advance: Advance = advance, beside: Beside = frozenset()
) -> World:
    """An environment before its first release, or at r1 with r0 before it; r2 and r3 are published."""
    account = _account(tuple(services.items()), first, beside)
    aws: FakeAws = pickle.loads(account)  # noqa: S301  # this very module made it
    aws.clock.hurry(lambda: all(_rests(service) for service in aws.services.services.values()))
    return World(aws, advance)


@cache
def _account(services: tuple[tuple[str, StrategyKind], ...], first: bool, beside: Beside) -> bytes:
    """How the account begins; thousands of scenarios begin alike."""
    aws = FakeAws(dict(services))
    if SCHEDULE in beside:
        aws.add_schedule(SCHEDULE, image=NAMES[0])
    for run in sorted(set(JobRun) & beside):
        aws.add_job(f"job-{run}", image=NAMES[0], run=run)
    for release in ("r0", "r1", "r2", "r3"):
        aws.publish(release)
    if not first:
        aws.standing_at("r0")
        aws.standing_at("r1")
    asks(aws, expires_seconds=300, approve=None)
    aws.clock.sleep(LAG_SECONDS)  # whoever wrote all that is over when it can be read
    return pickle.dumps(aws)


def _rests(service: Service) -> bool:
    """Whether nothing of the service moves by itself: every task serves, and will go on to."""
    running = service.of(service.revision)
    steady = all(task.target == "healthy" and task.revision.behaviour is Behaviour.RUNS for task in running)
    return service.rollout is None and steady and len(running) == service.desired_count
