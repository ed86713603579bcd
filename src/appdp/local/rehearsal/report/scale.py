"""From values to places on a drawing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from ``[first, last]`` to ``[start, end]``."""

    first: float
    last: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.last == self.first:
            return self.start
        return self.start + (value - self.first) / (self.last - self.first) * (self.end - self.start)

    def inside(self, value: float) -> float:
        """As calling it, but never off the drawing."""
        return self(min(max(value, self.first), self.last))


def step(span: float, at_most: int) -> float:
    """A round step (1, 2 or 5 times a power of ten) that divides ``span`` into at most ``at_most`` parts."""
    if span <= 0:
        return 1.0
    raw = span / at_most
    power = 10.0 ** floor(log10(raw))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999999))


def ticks(first: float, last: float, at_most: int) -> tuple[float, ...]:
    """Round values within ``[first, last]``, in order."""
    width = step(last - first, at_most)
    count = floor(last / width + 1e-9)
    lowest = -floor(-first / width + 1e-9)
    return tuple(number * width for number in range(int(lowest), int(count) + 1))
