"""A target's health as a state machine, and what one health check says.

* A new target is ``initial`` and healthy after one passed check; a target that was unhealthy needs
  ``HealthyThresholdCount`` passed checks in a row; ``UnhealthyThresholdCount`` failed checks in a row make a target
  unhealthy.
* States, reason codes and their texts are those of DescribeTargetHealth.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appdp.local.wire import TargetState

REGISTERING = TargetState(
    state="initial", reason="Elb.RegistrationInProgress", description="Target registration is in progress"
)
CHECKING = TargetState(
    state="initial", reason="Elb.InitialHealthChecking", description="Initial health checks in progress"
)
HEALTHY = TargetState(state="healthy", reason="", description="")
NOT_IN_USE = TargetState(
    state="unused",
    reason="Target.NotInUse",
    description="Target group is not configured to receive traffic from the load balancer",
)
NOT_REGISTERED = TargetState(
    state="unused", reason="Target.NotRegistered", description="Target is not registered to the target group"
)
DRAINING = TargetState(
    state="draining", reason="Target.DeregistrationInProgress", description="Target deregistration is in progress"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A target group's health check settings, with the defaults of an ALB's ``instance`` and ``ip`` target groups."""

    enabled: bool = True
    protocol: str = "HTTP"
    port: str = "traffic-port"
    path: str = "/"
    interval_seconds: int = 30
    timeout_seconds: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"

    def accepts(self, status: int) -> bool:
        """Whether a response with this status passes."""
        return any(first <= status <= last for first, last in matcher_ranges(self.matcher))


def matcher_ranges(matcher: str) -> Iterator[tuple[int, int]]:
    """The ranges in a matcher such as ``200,202`` or ``200-299``. Raises ValueError when it is not one."""
    for part in matcher.split(","):
        first, dash, last = part.strip().partition("-")
        yield int(first), int(last) if dash else int(first)


@dataclass(frozen=True, slots=True)
class Passed:
    """The target answered with a status that the matcher accepts."""


@dataclass(frozen=True, slots=True)
class Mismatched:
    """The target answered with another status."""

    status: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The target did not answer in time."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The connection failed, or the answer was not HTTP."""


CheckResult = Passed | Mismatched | TimedOut | Failed


class Health:
    """One target's way through the states, from the results of its checks."""

    __slots__ = ("_failed", "_passed", "state")

    def __init__(self) -> None:
        self.state = NOT_IN_USE
        self._passed = 0
        self._failed = 0

    def begin(self) -> None:
        """The target's group receives traffic from now on: its checks begin."""
        self.state = REGISTERING
        self._passed = self._failed = 0

    def cease(self) -> None:
        """No listener forwards to the target's group any more."""
        self.state = NOT_IN_USE

    def first_check_sent(self) -> None:
        """The target is registered and its first check is under way."""
        if self.state is REGISTERING:
            self.state = CHECKING

    def checked(self, result: CheckResult, settings: HealthCheck) -> None:
        """Take the result of one check."""
        if isinstance(result, Passed):
            self._passed, self._failed = self._passed + 1, 0
            needed = settings.healthy_threshold if self.state.state == "unhealthy" else 1
            if self._passed >= needed:
                self.state = HEALTHY
            return
        self._passed, self._failed = 0, self._failed + 1
        if self.state.state == "unhealthy" or self._failed >= settings.unhealthy_threshold:
            self.state = _unhealthy(result)


def _unhealthy(result: Mismatched | TimedOut | Failed) -> TargetState:
    match result:
        case Mismatched(status):
            reason, description = "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"
        case TimedOut():
            reason, description = "Target.Timeout", "Request timed out"
        case Failed():
            reason, description = "Target.FailedHealthChecks", "Health checks failed"
    return TargetState(state="unhealthy", reason=reason, description=description)
