"""The attributes of load balancers, target groups and listeners, with AWS's defaults.

Those that the embedded AWS acts on: ``idle_timeout.timeout_seconds``, ``client_keep_alive.seconds``,
``routing.http.xff_header_processing.mode``, ``deletion_protection.enabled`` and
``deregistration_delay.timeout_seconds``. The others are kept and described.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html and
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from appdp.local.elb.targets import DEREGISTRATION_DELAY
from appdp.local.wire import ServiceError

LOAD_BALANCER = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "health_check_logs.s3.bucket": "",
    "health_check_logs.s3.enabled": "false",
    "health_check_logs.s3.prefix": "",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
TARGET_GROUP = {
    DEREGISTRATION_DELAY: "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
LISTENER = {"routing.http.response.server.enabled": "true"}
# A listener takes many more, all of which rename or set headers; an unset one is not described.
_LISTENER_PREFIXES = ("routing.http.response.", "routing.http.request.")
_RANGES = {
    "idle_timeout.timeout_seconds": (1, 4000),
    "client_keep_alive.seconds": (60, 604800),
    DEREGISTRATION_DELAY: (0, 3600),
}
_CHOICES = {"routing.http.xff_header_processing.mode": ("append", "preserve", "remove")}


def described(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    """As the API lists them."""
    return [{"Key": key, "Value": value} for key, value in sorted(attributes.items())]


def changed(known: Mapping[str, str], changes: Iterable[Mapping[str, object]], *, kind: str) -> dict[str, str]:
    """Attributes after a change. Raises :class:`ServiceError` for an unknown key or a value out of range."""
    values = dict(known)
    for change in changes:
        key, value = str(change["Key"]), str(change.get("Value", ""))
        if key not in values and not (kind == "Listener" and key.startswith(_LISTENER_PREFIXES)):
            raise ServiceError("ValidationError", f"{kind} attribute key '{key}' is not recognized")
        _check(key, value)
        values[key] = value
    return values


def _check(key: str, value: str) -> None:
    if key in _RANGES:
        low, high = _RANGES[key]
        if not value.isdigit() or not low <= int(value) <= high:
            raise ServiceError(
                "ValidationError", f"'{key}' is '{value}'; it must be a whole number between {low} and {high}"
            )
    if key in _CHOICES and value not in _CHOICES[key]:
        raise ServiceError("ValidationError", f"'{key}' is '{value}'; it must be one of '[{', '.join(_CHOICES[key])}]'")
