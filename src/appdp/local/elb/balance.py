"""Which target group, and which of its targets, gets the next request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")


class WeightedChoice:
    """Target groups in proportion to their weights, as evenly interleaved as they can be.

    An ALB draws by chance; here the proportions are exact over any run of requests as long as the sum of the weights,
    so that a canary of 10 percent is one request in ten also when there are few. A group of weight 0 gets nothing;
    other groups do not stand in for a group without healthy targets.

    See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html (forward actions)
    """

    __slots__ = ("_credit", "_total", "weights")

    def __init__(self, weights: Mapping[str, int]) -> None:
        self.weights = dict(weights)
        self._credit = {name: 0 for name, weight in weights.items() if weight > 0}
        self._total = sum(weights.values())

    def next(self) -> str | None:
        """The group for the next request, or None when every weight is 0."""
        if not self._credit:
            return None
        for name in self._credit:
            self._credit[name] += self.weights[name]
        chosen = max(self._credit, key=self._credit.__getitem__)
        self._credit[chosen] -= self._total
        return chosen


class RoundRobin:
    """Each of a list of items in turn, also while the list changes between calls."""

    __slots__ = ("_turn",)

    def __init__(self) -> None:
        self._turn = -1

    def next(self, items: Sequence[Item]) -> Item:
        """The next item; ``items`` is not empty."""
        self._turn = (self._turn + 1) % len(items)
        return items[self._turn]
