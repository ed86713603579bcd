"""A target's way through the health states, and when its checks are sent.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appdp.local.elb.actions import normalise_actions
from appdp.local.elb.attributes import LISTENER, TARGET_GROUP
from appdp.local.elb.checks import HealthChecker
from appdp.local.elb.health import CheckResult, Failed, Health, HealthCheck, Mismatched, Passed, TimedOut
from appdp.local.elb.store import DEFAULT_PRIORITY, Listener, Rule, Store
from appdp.local.elb.targets import Target, TargetGroup
from appdp.local.wire import AddressBook

SETTINGS = HealthCheck(healthy_threshold=3, unhealthy_threshold=2)
RESULTS = st.lists(st.sampled_from([Passed(), Mismatched(503), TimedOut(), Failed()]), max_size=30)


def after(*results: CheckResult, settings: HealthCheck = SETTINGS) -> Health:
    """A new target's health after checks."""
    health = Health()
    health.begin()
    for result in results:
        health.first_check_sent()
        health.checked(result, settings)
    return health


def test_a_target_registers_then_is_checked_then_is_healthy() -> None:
    health = Health()
    assert (health.state.state, health.state.reason) == ("unused", "Target.NotInUse")
    health.begin()
    assert (health.state.state, health.state.reason) == ("initial", "Elb.RegistrationInProgress")
    health.first_check_sent()
    assert (health.state.state, health.state.reason) == ("initial", "Elb.InitialHealthChecking")
    health.checked(Passed(), SETTINGS)
    assert (health.state.state, health.state.reason, health.state.description) == ("healthy", "", "")
    health.cease()
    assert health.state.state == "unused"


def test_a_new_target_may_fail_once_and_pass_then() -> None:
    assert after(Failed()).state.reason == "Elb.InitialHealthChecking"
    assert after(Failed(), Passed()).state.state == "healthy"


def test_a_healthy_target_fails_twice_in_a_row() -> None:
    assert after(Passed(), Failed()).state.state == "healthy"
    assert after(Passed(), Failed(), Passed(), Failed()).state.state == "healthy"
    assert after(Passed(), Failed(), Failed()).state.state == "unhealthy"


def test_an_unhealthy_target_passes_three_times_in_a_row() -> None:
    failed = (Failed(), Failed())
    assert after(*failed, Passed(), Passed()).state.state == "unhealthy"
    assert after(*failed, Passed(), Passed(), Failed(), Passed(), Passed()).state.state == "unhealthy"
    assert after(*failed, Passed(), Passed(), Passed()).state.state == "healthy"


@pytest.mark.parametrize(
    ("result", "reason", "description"),
    [
        (Mismatched(503), "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
        (TimedOut(), "Target.Timeout", "Request timed out"),
        (Failed(), "Target.FailedHealthChecks", "Health checks failed"),
    ],
)
def test_the_last_failure_is_the_reason(result: CheckResult, reason: str, description: str) -> None:
    state = after(Failed(), Failed(), result).state
    assert (state.state, state.reason, state.description) == ("unhealthy", reason, description)


@given(results=RESULTS)
def test_whatever_happens_thresholds_hold(results: list[CheckResult]) -> None:
    state, tail = after(*results).state.state, results[::-1]
    passed = next((n for n, result in enumerate(tail) if not isinstance(result, Passed)), len(tail))
    failed = next((n for n, result in enumerate(tail) if isinstance(result, Passed)), len(tail))
    if passed >= SETTINGS.healthy_threshold:
        assert state == "healthy"
    if failed >= SETTINGS.unhealthy_threshold:
        assert state == "unhealthy"
    if state == "initial":
        assert not any(isinstance(result, Passed) for result in results)


@pytest.mark.parametrize(
    ("matcher", "accepted", "refused"),
    [("200", (200,), (201, 404)), ("200,302", (200, 302), (301,)), ("200-299,401", (200, 250, 299, 401), (300, 400))],
)
def test_matchers(matcher: str, accepted: tuple[int, ...], refused: tuple[int, ...]) -> None:
    check = HealthCheck(matcher=matcher)
    assert all(check.accepts(status) for status in accepted)
    assert not any(check.accepts(status) for status in refused)


class SteppedClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.done = asyncio.Event()

    def time(self) -> float:
        """Now."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass; end the loop after five sleeps."""
        self.slept.append(seconds)
        self.now += seconds
        if len(self.slept) == 5:
            self.done.set()
            raise asyncio.CancelledError


def test_checks_go_out_at_the_interval_and_a_refused_one_counts_as_failed() -> None:
    async def run() -> None:
        store, clock = Store(), SteppedClock()
        group = TargetGroup(
            arn="arn:group",
            name="group",
            protocol="HTTP",
            protocol_version="HTTP1",
            port=80,
            vpc_id="vpc-1",
            target_type="ip",
            ip_address_type="ipv4",
            health_check=HealthCheck(interval_seconds=7, unhealthy_threshold=4),
            attributes=dict(TARGET_GROUP),
            tags={},
        )
        store.target_groups[group.arn] = group
        target = group.targets["10.0.0.1", 80] = Target("10.0.0.1", 80)
        default = Rule(arn="arn:rule", listener="arn:listener", priority=DEFAULT_PRIORITY)
        default.act(normalise_actions([{"Type": "forward", "TargetGroupArn": group.arn}]))
        store.listeners["arn:listener"] = Listener(
            arn="arn:listener",
            load_balancer="arn:lb",
            port=80,
            protocol="HTTP",
            attributes=dict(LISTENER),
            tags={},
            rules=[default],
        )
        checker = HealthChecker(store, AddressBook(), clock)
        checker.reconcile()
        checker.reconcile()  # again changes nothing
        await clock.done.wait()
        assert clock.slept == [7.0] * 5
        assert target.state.reason == "Target.FailedHealthChecks"
        await checker.stop()

    asyncio.run(run())
