"""How a service's deployments reach its users."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_ecs as ecs

from appdp.errors import ConfigurationError
from appdp.model.environment import StrategyKind

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BAKE_MINUTES: Final = 1_440
"""See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html"""

MAX_TOTAL_BAKE_MINUTES: Final = 1_980
"""CloudFormation gives up on a service whose bake times add up to more than 33 hours.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html
"""

MIN_PERCENT: Final[Mapping[StrategyKind, float]] = {StrategyKind.CANARY: 0.1, StrategyKind.LINEAR: 3.0}
"""See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html and, for canary,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html
"""

_ECS_STRATEGY: Final = {
    StrategyKind.ROLLING: ecs.DeploymentStrategy.ROLLING,
    StrategyKind.BLUE_GREEN: ecs.DeploymentStrategy.BLUE_GREEN,
    StrategyKind.CANARY: ecs.DeploymentStrategy.CANARY,
    StrategyKind.LINEAR: ecs.DeploymentStrategy.LINEAR,
}

MAX_TERMINATION_WAIT_MINUTES: Final = 2_880
"""See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BlueInstanceTerminationOption.html"""


class CodeDeployTraffic(StrEnum):
    """How CodeDeploy moves traffic; the values are the names of its ready-made deployment configurations.

    See: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
    """

    ALL_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
    CANARY_10_PERCENT_5_MINUTES = "CodeDeployDefault.ECSCanary10Percent5Minutes"
    CANARY_10_PERCENT_15_MINUTES = "CodeDeployDefault.ECSCanary10Percent15Minutes"
    LINEAR_10_PERCENT_EVERY_1_MINUTES = "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"
    LINEAR_10_PERCENT_EVERY_3_MINUTES = "CodeDeployDefault.ECSLinear10PercentEvery3Minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A deployment strategy of ECS. Use the class methods.

    Choose it before the first release. A change from rolling to one of the others is safe at any time. A change back to
    rolling is not: CloudFormation then points the listener rule at blue, which is empty when green is live.

    Args:
        kind: the strategy.
        bake_minutes: how long blue stands by after all traffic went to green. 0 to 1,440.
        percent: canary: the first share of the traffic; linear: the share of each step. In steps of 0.1.
        step_bake_minutes: how long a share is watched before the next. 0 to 1,440.
        traffic: CodeDeploy only: how traffic moves.

    Raises:
        ConfigurationError: a number out of range.
    """

    kind: StrategyKind
    bake_minutes: int = 0
    percent: float | None = None
    step_bake_minutes: int = 0
    traffic: CodeDeployTraffic | None = None

    def __post_init__(self) -> None:
        longest = MAX_TERMINATION_WAIT_MINUTES if self.kind is StrategyKind.CODEDEPLOY else MAX_BAKE_MINUTES
        _check_minutes(f"{self.kind} bake", self.bake_minutes, longest)
        _check_minutes(f"{self.kind} step bake", self.step_bake_minutes)
        if self.percent is not None:
            _check_percent(self.kind, self.percent)
            self._check_total(self.percent)

    def _check_total(self, percent: float) -> None:
        steps = math.ceil(100 / percent) if self.kind is StrategyKind.LINEAR else 1
        total = self.bake_minutes + steps * self.step_bake_minutes
        if total > MAX_TOTAL_BAKE_MINUTES:
            raise ConfigurationError(
                f"Strategy {self.kind}: {steps} step(s) of {self.step_bake_minutes} minutes and a bake of "
                f"{self.bake_minutes} make {total} minutes; CloudFormation allows {MAX_TOTAL_BAKE_MINUTES}.",
                hint="Bake for a shorter time, or take larger steps.",
            )

    @classmethod
    def rolling(cls) -> Strategy:
        """Replace tasks one after another. ECS's circuit breaker takes a release back that does not start."""
        return cls(kind=StrategyKind.ROLLING)

    @classmethod
    def blue_green(cls, *, bake: Duration | None = None) -> Strategy:
        """Bring up a full second set of tasks, test it, and move all traffic at once.

        Args:
            bake: how long the old set stands by afterwards, in whole minutes up to a day. Default: 5 minutes.
        """
        return cls(kind=StrategyKind.BLUE_GREEN, bake_minutes=_minutes("bake", bake, 5))

    @classmethod
    def canary(cls, *, percent: float, step_bake: Duration | None = None, bake: Duration | None = None) -> Strategy:
        """As blue/green, but a small share of the traffic moves first.

        Args:
            percent: that share, 0.1 to 100.
            step_bake: how long it is watched, in whole minutes up to a day. Default: 10 minutes.
            bake: how long the old set stands by afterwards. Default: 5 minutes.
        """
        return cls(
            kind=StrategyKind.CANARY,
            percent=percent,
            step_bake_minutes=_minutes("step_bake", step_bake, 10),
            bake_minutes=_minutes("bake", bake, 5),
        )

    @classmethod
    def linear(
        cls, *, step_percent: float, step_bake: Duration | None = None, bake: Duration | None = None
    ) -> Strategy:
        """As blue/green, but traffic moves in equal steps.

        Args:
            step_percent: the size of a step, 3 to 100.
            step_bake: the time between two steps, in whole minutes up to a day. Default: 6 minutes.
            bake: how long the old set stands by afterwards. Default: 5 minutes.
        """
        return cls(
            kind=StrategyKind.LINEAR,
            percent=step_percent,
            step_bake_minutes=_minutes("step_bake", step_bake, 6),
            bake_minutes=_minutes("bake", bake, 5),
        )

    @classmethod
    def codedeploy(
        cls,
        *,
        traffic: CodeDeployTraffic = CodeDeployTraffic.ALL_AT_ONCE,
        termination_wait: Duration | None = None,
    ) -> Strategy:
        """Blue/green by AWS CodeDeploy, for services that are there already and keep it for now.

        For a new service choose :meth:`blue_green`, :meth:`canary` or :meth:`linear`: AWS recommends these. With
        CodeDeploy there is no Service Connect, a green has one hour to come up, and CloudFormation may refuse to
        change more of the service than its count, since UpdateService takes little else then.

        See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html and
        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html

        Args:
            traffic: how it moves. Default: all at once.
            termination_wait: how long the old tasks stand by afterwards, in whole minutes up to two days. Default: 5
                minutes.
        """
        return cls(
            kind=StrategyKind.CODEDEPLOY,
            traffic=traffic,
            bake_minutes=_minutes("termination_wait", termination_wait, 5),
        )

    @property
    def ecs_strategy(self) -> ecs.DeploymentStrategy | None:
        """ECS's own word; None when CodeDeploy deploys the service."""
        return _ECS_STRATEGY.get(self.kind)

    @property
    def bake_time(self) -> Duration | None:
        """ECS's bake time, or None for a rolling deployment, which has none, and for CodeDeploy's."""
        native = self.kind.shifts_traffic and self.kind is not StrategyKind.CODEDEPLOY
        return Duration.minutes(self.bake_minutes) if native else None

    def steps(self, kind: StrategyKind) -> ecs.TrafficShiftConfig | None:
        """The steps, if this is a strategy of that kind."""
        if self.kind is not kind:
            return None
        return ecs.TrafficShiftConfig(
            step_percent=self.percent, step_bake_time=Duration.minutes(self.step_bake_minutes)
        )


def _minutes(name: str, duration: Duration | None, default: int) -> int:
    if duration is None:
        return default
    seconds = duration.to_seconds()
    if seconds % 60:
        raise ConfigurationError(f"Strategy {name}={seconds:g} s: ECS takes whole minutes.")
    return int(seconds // 60)


def _check_minutes(name: str, minutes: int, longest: int = MAX_BAKE_MINUTES) -> None:
    if not 0 <= minutes <= longest:
        days = {MAX_BAKE_MINUTES: "one day", MAX_TERMINATION_WAIT_MINUTES: "two days"}[longest]
        raise ConfigurationError(f"Strategy {name}={minutes} minutes: allowed are 0 to {longest} ({days}).")


def _check_percent(kind: StrategyKind, percent: float) -> None:
    smallest = MIN_PERCENT[kind]
    if not smallest <= percent <= 100 or not math.isclose(percent * 10, round(percent * 10)):
        raise ConfigurationError(f"Strategy {kind} percent={percent}: allowed are {smallest} to 100 in steps of 0.1.")
