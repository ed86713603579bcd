"""How many tasks a service runs, when the number follows the load."""

from __future__ import annotations

from dataclasses import dataclass

from appdp.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Keeps a service's task count between two bounds, by one or more target-tracking policies.

    Args:
        min: fewest tasks, at least 1; also what the first release starts with.
        max: most tasks, at least ``min``.
        cpu_percent: average CPU use to hold, 1 to 100. Default: does not count, unless no other target is given: then
            60.
        memory_percent: average memory use to hold, 1 to 100. Default: does not count.
        requests_per_target: requests per minute and task to hold. Default: does not count. Only with the rolling
            strategy: the metric belongs to one target group, and the other strategies change the live one with each
            release.

    Raises:
        ConfigurationError: a number out of range.

    See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
    """

    min: int
    max: int
    cpu_percent: int | None = None
    memory_percent: int | None = None
    requests_per_target: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.min <= self.max:
            raise ConfigurationError(f"Scaling min={self.min}, max={self.max}: allowed is 1 <= min <= max.")
        for name in ("cpu_percent", "memory_percent"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= 100:
                raise ConfigurationError(f"Scaling {name}={value}: allowed are 1 to 100 percent.")
        if self.requests_per_target is not None and self.requests_per_target < 1:
            raise ConfigurationError(f"Scaling requests_per_target={self.requests_per_target}: at least 1 a minute.")
        if (self.cpu_percent, self.memory_percent, self.requests_per_target) == (None, None, None):
            object.__setattr__(self, "cpu_percent", 60)
