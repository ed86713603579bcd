"""What a service's tasks run on: Fargate on demand, Fargate Spot, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_ecs as ecs

from appdp.errors import ConfigurationError

MAX_BASE: Final = 100_000
MAX_WEIGHT: Final = 1_000
"""See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How a service's tasks are spread over Fargate and Fargate Spot. Use the class methods.

    It is always written as a capacity provider strategy, also for on demand alone, so that a later change of mind
    does not replace the service. The cluster must have both providers: ``ecs.Cluster(...,
    enable_fargate_capacity_providers=True)``.

    Args:
        base: how many tasks run on demand before the weights count. 0 to 100,000.
        on_demand_weight: share of the other tasks on demand. 0 to 1,000.
        spot_weight: share of the other tasks on Spot. 0 to 1,000; not both weights 0.

    Raises:
        ConfigurationError: a number out of range, or both weights 0.
    """

    base: int = 0
    on_demand_weight: int = 1
    spot_weight: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.base <= MAX_BASE:
            raise ConfigurationError(f"Capacity base={self.base}: allowed are 0 to {MAX_BASE} tasks.")
        for name in ("on_demand_weight", "spot_weight"):
            weight = getattr(self, name)
            if not 0 <= weight <= MAX_WEIGHT:
                raise ConfigurationError(f"Capacity {name}={weight}: allowed are 0 to {MAX_WEIGHT}.")
        if self.on_demand_weight == 0 and self.spot_weight == 0:
            raise ConfigurationError(
                "Capacity on_demand_weight=0 and spot_weight=0: ECS cannot place a task beyond the base.",
                hint="Give at least one of them a weight of 1.",
            )

    @classmethod
    def on_demand(cls) -> Capacity:
        """All tasks on Fargate on demand."""
        return cls()

    @classmethod
    def spot(cls) -> Capacity:
        """All tasks on Fargate Spot: cheaper, and AWS may take a task away with two minutes' notice."""
        return cls(on_demand_weight=0, spot_weight=1)

    @classmethod
    def mix(cls, *, base: int = 1, on_demand_weight: int = 0, spot_weight: int = 1) -> Capacity:
        """``base`` tasks on demand, the others by weight. Default: one on demand, all others on Spot."""
        return cls(base=base, on_demand_weight=on_demand_weight, spot_weight=spot_weight)

    def strategies(self) -> list[ecs.CapacityProviderStrategy]:
        """The capacity provider strategy of the service."""
        items = []
        if self.base or self.on_demand_weight:
            items.append(_item("FARGATE", self.on_demand_weight, self.base))
        if self.spot_weight:
            items.append(_item("FARGATE_SPOT", self.spot_weight, 0))
        return items


def _item(provider: str, weight: int, base: int) -> ecs.CapacityProviderStrategy:
    # A base of 0 is left out: only one item of a strategy may have one.
    return ecs.CapacityProviderStrategy(capacity_provider=provider, weight=weight, base=base or None)
