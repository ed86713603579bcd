"""How many task definitions may be registered now, so that ECS never has to say "slower".

ECS lets an account register 20 at once and one more a second. The bucket is worked out again from the deployment's own
state in every step, so a step that was killed costs at most an error that passes. Others in the account and region use
the same bucket; then ECS does say "slower", and the step keeps what it has and goes on a little later.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html (task definition modify actions)
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from appdp.engine.deploy.changing import in_progress
from appdp.model.deployment import Deployment
from appdp.model.service_state import Progress

BURST: Final = 20
PER_SECOND: Final = 1.0

MOST_A_STEP: Final = 20
"""How many one step registers. Each costs three calls, so that a step stays far below a function's five minutes."""

LEAST_A_STEP: Final = 10
"""A step for every single one would cost an execution nine history events each."""


def allowed(deployment: Deployment, now: float) -> int:
    """How many may be registered in a step that begins now."""
    return min(MOST_A_STEP, int(_tokens(deployment, now)))


def wait_for_more(deployment: Deployment, now: float) -> float:
    """Whole seconds until the next step can register what is left, or :data:`LEAST_A_STEP` of it."""
    left = len(in_progress(deployment, Progress.WAITING))
    missing = min(left, LEAST_A_STEP) - _tokens(deployment, now)
    return float(max(0, -int(-missing // PER_SECOND)))


def _tokens(deployment: Deployment, now: float) -> float:
    """What is in the bucket, if nobody else took from it."""
    registered = Counter(service.since for service in in_progress(deployment, Progress.REGISTERED))
    tokens, before = float(BURST), 0.0
    for at, count in sorted(registered.items()):
        tokens = min(BURST, tokens + (at - before) * PER_SECOND) - count
        before = at
    return min(BURST, tokens + max(0.0, now - before) * PER_SECOND)
