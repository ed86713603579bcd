"""How long to wait between two looks: fast at first, slower later.

A Standard execution ends after 25,000 history events
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html), and one turn of the loop writes about ten.
So each phase begins with a look a second, and slows down with its age to one a minute; a deployment that is older
than a day is looked at every five minutes. Two days then cost about 21,000 events; ``tests/unit/engine`` holds the
figure.

On hold, somebody waits for their approval to take effect, so a look never comes later than half a minute for the first
hours. That is paid for with a cap on how long a hold may last.
"""

from __future__ import annotations

from typing import Final

from appdp.model.deployment import Deployment

FASTEST_SECONDS: Final = 1
SLOWEST_SECONDS: Final = 60
AFTER_A_DAY_SECONDS: Final = 300
DAY_SECONDS: Final = 86_400
SLOWDOWN: Final = 20
"""A wait is the phase's age divided by this: news is at most 1/20 of the phase late."""

SOON: Final = 2.0
"""When something was just asked for, in seconds."""

AT_ONCE: Final = 0.0
"""When the next thing can be done now."""


HOLD_SECONDS: Final = ((3600, 20.0), (4 * 3600, 30.0))
"""Up to this age of a hold, in seconds → the longest wait. A hold that is older is looked at every minute."""


def hold_seconds(deployment: Deployment, now: float) -> float:
    """As :func:`wait_seconds`, for a deployment that is on hold."""
    wait = wait_seconds(deployment, now)
    if wait > SLOWEST_SECONDS:
        return wait
    age = now - deployment.phase_since
    return min([wait, *(longest for until, longest in HOLD_SECONDS if age < until)])


def wait_seconds(deployment: Deployment, now: float) -> float:
    """How long to wait before the next look: whole seconds, because that is what a state machine's Wait takes."""
    if now - deployment.started_at >= DAY_SECONDS:
        return float(AFTER_A_DAY_SECONDS)
    age = int(max(0.0, now - deployment.phase_since))
    return float(min(SLOWEST_SECONDS, max(FASTEST_SECONDS, age // SLOWDOWN)))
