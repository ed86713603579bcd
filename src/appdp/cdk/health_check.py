"""How a load balancer finds out whether a task can take traffic."""

from __future__ import annotations

from dataclasses import dataclass, field

from aws_cdk import Duration
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from appdp.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A target group's health check.

    Args:
        path: what is asked for, starting with ``/``. Default: ``/``.
        interval: time between two checks, 5 to 300 seconds. Default: 10 seconds.
        timeout: how long an answer may take, 2 to 120 seconds, shorter than the interval. Default: 5 seconds.
        healthy: successes in a row until a task takes traffic, 2 to 10. Default: 2.
        unhealthy: failures in a row until it does not, 2 to 10. Default: 2.
        codes: the HTTP status codes of success, such as ``"200"`` or ``"200-299"``. Default: 200.
        grace: how long ECS leaves a new task alone although its checks fail; 0 or more. Default: 60 seconds.

    Raises:
        ConfigurationError: a value out of range.

    See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """

    path: str = "/"
    interval: Duration = field(default_factory=lambda: Duration.seconds(10))
    timeout: Duration = field(default_factory=lambda: Duration.seconds(5))
    healthy: int = 2
    unhealthy: int = 2
    codes: str = "200"
    grace: Duration = field(default_factory=lambda: Duration.seconds(60))

    def __post_init__(self) -> None:
        interval, timeout = self.interval.to_seconds(), self.timeout.to_seconds()
        if not self.path.startswith("/"):
            raise ConfigurationError(f"HealthCheck path={self.path!r}: it must start with '/'.")
        if not 5 <= interval <= 300:
            raise ConfigurationError(f"HealthCheck interval={interval:g} s: allowed are 5 to 300 seconds.")
        if not 2 <= timeout <= 120 or timeout >= interval:
            raise ConfigurationError(
                f"HealthCheck timeout={timeout:g} s: allowed are 2 to 120 seconds, and less than the interval "
                f"({interval:g} s)."
            )
        for name in ("healthy", "unhealthy"):
            if not 2 <= getattr(self, name) <= 10:
                raise ConfigurationError(f"HealthCheck {name}={getattr(self, name)}: allowed are 2 to 10 checks.")

    def for_target_group(self) -> elbv2.HealthCheck:
        """What the target group takes."""
        return elbv2.HealthCheck(
            path=self.path,
            interval=self.interval,
            timeout=self.timeout,
            healthy_threshold_count=self.healthy,
            unhealthy_threshold_count=self.unhealthy,
            healthy_http_codes=self.codes,
        )
