"""The values that constructs take: what they refuse, and what they become."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aws_cdk import Duration

from appdp.cdk import Architecture, Capacity, HealthCheck, Scaling, Strategy
from appdp.cdk.fargate_sizes import check_size
from appdp.errors import ConfigurationError
from appdp.model.environment import StrategyKind


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Strategy.blue_green(bake=Duration.seconds(90)), r"bake=90 s: ECS takes whole minutes"),
        (lambda: Strategy.blue_green(bake=Duration.minutes(1441)), r"bake=1441 minutes: allowed are 0 to 1440"),
        (lambda: Strategy.canary(percent=0.05), r"canary percent=0.05: allowed are 0.1 to 100"),
        (lambda: Strategy.canary(percent=10.55), r"in steps of 0.1"),
        (lambda: Strategy.linear(step_percent=2), r"linear percent=2: allowed are 3.0 to 100"),
        (
            lambda: Strategy.linear(step_percent=10, step_bake=Duration.hours(4)),
            r"10 step\(s\) of 240 minutes and a bake of 5 make 2405 minutes; CloudFormation allows 1980",
        ),
        (lambda: Capacity(base=-1), r"base=-1: allowed are 0 to 100000"),
        (lambda: Capacity.mix(spot_weight=1001), r"spot_weight=1001: allowed are 0 to 1000"),
        (lambda: Capacity.mix(spot_weight=0), r"cannot place a task beyond the base"),
        (lambda: Scaling(min=3, max=2), r"min=3, max=2: allowed is 1 <= min <= max"),
        (lambda: Scaling(min=0, max=2), r"min=0"),
        (lambda: Scaling(min=1, max=2, cpu_percent=101), r"cpu_percent=101"),
        (lambda: Scaling(min=1, max=2, requests_per_target=0), r"requests_per_target=0"),
        (lambda: HealthCheck(path="health"), r"path='health': it must start with '/'"),
        (lambda: HealthCheck(interval=Duration.seconds(4)), r"interval=4 s: allowed are 5 to 300"),
        (lambda: HealthCheck(timeout=Duration.seconds(10)), r"timeout=10 s.*less than the interval \(10 s\)"),
        (lambda: HealthCheck(healthy=1), r"healthy=1: allowed are 2 to 10"),
        (lambda: check_size("stack/Web", 300, 512), r"stack/Web: cpu=300: Fargate offers 256, 512"),
        (lambda: check_size("stack/Web", 256, 4096), r"with cpu=256 Fargate offers 512, 1024, 2048 MiB"),
        (lambda: check_size("stack/Web", 4096, 512), r"offers 8192 to 30720 in steps of 1024 MiB"),
    ],
)
def test_what_cannot_work_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_capacity_becomes_a_capacity_provider_strategy() -> None:
    def items(capacity: Capacity) -> list[tuple[str, float | None, float | None]]:
        return [(item.capacity_provider, item.base, item.weight) for item in capacity.strategies()]

    assert items(Capacity.on_demand()) == [("FARGATE", None, 1)]
    assert items(Capacity.spot()) == [("FARGATE_SPOT", None, 1)]
    assert items(Capacity.mix()) == [("FARGATE", 1, 0), ("FARGATE_SPOT", None, 1)]
    assert items(Capacity.mix(base=2, on_demand_weight=1, spot_weight=3)) == [
        ("FARGATE", 2, 1),
        ("FARGATE_SPOT", None, 3),
    ]


def test_scaling_holds_cpu_unless_told_otherwise() -> None:
    assert Scaling(min=1, max=2).cpu_percent == 60
    assert Scaling(min=1, max=2, memory_percent=70).cpu_percent is None


def test_only_strategies_that_shift_traffic_bake() -> None:
    assert Strategy.rolling().bake_time is None
    bake = Strategy.blue_green().bake_time
    assert bake is not None
    assert bake.to_minutes() == 5
    assert [kind for kind in StrategyKind if Strategy(kind=kind).steps(StrategyKind.LINEAR)] == [StrategyKind.LINEAR]


def test_an_architecture_names_the_platform_of_its_images() -> None:
    assert [item.platform for item in Architecture] == ["linux/arm64", "linux/amd64"]
