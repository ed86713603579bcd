"""Operations on target groups and their targets.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html and its siblings
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from appdp.local.elb import attributes, names
from appdp.local.elb.health import NOT_IN_USE, NOT_REGISTERED, HealthCheck, matcher_ranges
from appdp.local.elb.paging import page
from appdp.local.elb.running import Running
from appdp.local.elb.store import Store, owned
from appdp.local.elb.tags import merged
from appdp.local.elb.targets import TargetGroup
from appdp.local.wire import Caller, ServiceError, TargetState

Params = dict[str, Any]

_PROTOCOLS = ("HTTP", "HTTPS")
# See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html (settings)
_RANGES = {
    "HealthCheckIntervalSeconds": (5, 300),
    "HealthCheckTimeoutSeconds": (2, 120),
    "HealthyThresholdCount": (2, 10),
    "UnhealthyThresholdCount": (2, 10),
}


class TargetGroups:
    """The operations; each takes and gives the API's own keys."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._store = running.store

    async def create(self, params: Params, caller: Caller) -> Params:
        """CreateTargetGroup. The same settings again give the same target group."""
        created = _new(params, caller)
        for known in owned(self._store.target_groups.values(), caller):
            if known.name == created.name:
                if _settings(known) != _settings(created):
                    raise ServiceError(
                        "DuplicateTargetGroupName",
                        f"A target group with the same name '{known.name}' exists, but with different settings",
                    )
                return {"TargetGroups": [describe(known, self._store)]}
        self._store.target_groups[created.arn] = created
        return {"TargetGroups": [describe(created, self._store)]}

    async def describe(self, params: Params, caller: Caller) -> Params:
        """DescribeTargetGroups: those named, those of a load balancer, or all."""
        if arns := params.get("TargetGroupArns"):
            found = [self._store.target_group(arn) for arn in arns]
        else:
            found = owned(self._store.target_groups.values(), caller)
        if load_balancer := params.get("LoadBalancerArn"):
            self._store.load_balancer(load_balancer)
            found = [group for group in found if load_balancer in self._store.users_of(group.arn)]
        if wanted := params.get("Names"):
            by_name = {group.name: group for group in found}
            if any(name not in by_name for name in wanted):
                raise ServiceError("TargetGroupNotFound", "One or more target groups not found")
            found = [by_name[name] for name in wanted]
        return page("TargetGroups", found, params, lambda group: describe(group, self._store))

    async def modify(self, params: Params, _caller: Caller) -> Params:
        """ModifyTargetGroup: the health check settings."""
        group = self._store.target_group(params["TargetGroupArn"])
        group.health_check = _health_check(params, group.health_check)
        self._running.settings_changed(group)
        return {"TargetGroups": [describe(group, self._store)]}

    async def delete(self, params: Params, _caller: Caller) -> Params:
        """DeleteTargetGroup, when no rule names it. Succeeds when there is none."""
        group = self._store.target_groups.get(params["TargetGroupArn"])
        if group is None:
            return {}
        if self._store.users_of(group.arn):
            raise ServiceError(
                "ResourceInUse", f"Target group '{group.arn}' is currently in use by a listener or a rule"
            )
        del self._store.target_groups[group.arn]
        self._running.remove_group(group)
        return {}

    async def describe_attributes(self, params: Params, _caller: Caller) -> Params:
        """DescribeTargetGroupAttributes."""
        return {"Attributes": attributes.described(self._store.target_group(params["TargetGroupArn"]).attributes)}

    async def modify_attributes(self, params: Params, _caller: Caller) -> Params:
        """ModifyTargetGroupAttributes."""
        group = self._store.target_group(params["TargetGroupArn"])
        group.attributes = attributes.changed(group.attributes, params["Attributes"], kind="Target group")
        return {"Attributes": attributes.described(group.attributes)}

    async def register(self, params: Params, _caller: Caller) -> Params:
        """RegisterTargets."""
        group = self._store.target_group(params["TargetGroupArn"])
        for ip, port in [_address(group, target) for target in params["Targets"]]:
            self._running.register(group, ip, port)
        return {}

    async def deregister(self, params: Params, _caller: Caller) -> Params:
        """DeregisterTargets: returns at once, while the targets drain. Unknown targets are passed over."""
        group = self._store.target_group(params["TargetGroupArn"])
        for target in params["Targets"]:
            for ip, port in list(group.targets):
                if ip == target["Id"] and port == int(target.get("Port") or port):
                    self._running.drain(group, ip, port)
        return {}

    async def describe_health(self, params: Params, _caller: Caller) -> Params:
        """DescribeTargetHealth: of the targets given, or of all."""
        group = self._store.target_group(params["TargetGroupArn"])
        wanted = [_address(group, target) for target in params.get("Targets") or ()] or list(group.targets)
        return {"TargetHealthDescriptions": [_describe_target(group, ip, port) for ip, port in wanted]}


def describe(group: TargetGroup, store: Store) -> Params:
    """As the API shows it."""
    return {
        "TargetGroupArn": group.arn,
        "LoadBalancerArns": store.users_of(group.arn),
        **_settings(group),
    }


def state_of(group: TargetGroup, ip: str, port: int) -> TargetState:
    """A target's health; ``unused`` when it is not registered."""
    target = group.targets.get((ip, port))
    return target.state if target else NOT_REGISTERED


def _new(params: Params, caller: Caller) -> TargetGroup:
    name, kind = params["Name"], params.get("TargetType", "instance")
    if kind != "ip":
        raise ServiceError("ValidationError", f"The embedded AWS has target groups of type 'ip' only, not '{kind}'")
    protocol = params.get("Protocol", "")
    if protocol not in _PROTOCOLS:
        raise ServiceError("ValidationError", f"Target group protocol '{protocol}' must be one of '[HTTP, HTTPS]'")
    version = params.get("ProtocolVersion", "HTTP1")
    if version != "HTTP1":
        raise ServiceError("ValidationError", f"The embedded AWS speaks protocol version 'HTTP1' only, not '{version}'")
    if not params.get("Port") or not params.get("VpcId"):
        raise ServiceError("ValidationError", "A port and a VPC must be specified")
    return TargetGroup(
        arn=names.target_group_arn(caller, name),
        name=name,
        protocol=protocol,
        protocol_version=version,
        port=int(params["Port"]),
        vpc_id=params["VpcId"],
        target_type=kind,
        ip_address_type=params.get("IpAddressType", "ipv4"),
        health_check=_health_check(params, HealthCheck(protocol=protocol)),
        attributes=dict(attributes.TARGET_GROUP),
        tags=merged({}, params.get("Tags")),
    )


def _health_check(params: Mapping[str, Any], before: HealthCheck) -> HealthCheck:
    for name, (low, high) in _RANGES.items():
        if name in params and not low <= int(params[name]) <= high:
            raise ServiceError("ValidationError", f"{name} '{params[name]}' must be between {low} and {high}")
    matcher = (params.get("Matcher") or {}).get("HttpCode", before.matcher)
    try:
        valid = all(200 <= first <= last <= 499 for first, last in matcher_ranges(matcher))
    except ValueError:
        valid = False
    if not valid:
        raise ServiceError("ValidationError", f"Health check matcher HTTP code '{matcher}' must be within '200-499'")
    after = replace(
        before,
        protocol=params.get("HealthCheckProtocol", before.protocol),
        port=str(params.get("HealthCheckPort", before.port)),
        path=params.get("HealthCheckPath", before.path),
        interval_seconds=int(params.get("HealthCheckIntervalSeconds", before.interval_seconds)),
        timeout_seconds=int(params.get("HealthCheckTimeoutSeconds", before.timeout_seconds)),
        healthy_threshold=int(params.get("HealthyThresholdCount", before.healthy_threshold)),
        unhealthy_threshold=int(params.get("UnhealthyThresholdCount", before.unhealthy_threshold)),
        matcher=matcher,
    )
    if after.timeout_seconds >= after.interval_seconds:
        raise ServiceError(
            "ValidationError",
            f"Health check timeout '{after.timeout_seconds}' must be less than interval '{after.interval_seconds}'",
        )
    return after


def _settings(group: TargetGroup) -> Params:
    check = group.health_check
    return {
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "Port": group.port,
        "VpcId": group.vpc_id,
        "HealthCheckProtocol": check.protocol,
        "HealthCheckPort": check.port,
        "HealthCheckEnabled": check.enabled,
        "HealthCheckIntervalSeconds": check.interval_seconds,
        "HealthCheckTimeoutSeconds": check.timeout_seconds,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
        "HealthCheckPath": check.path,
        "Matcher": {"HttpCode": check.matcher},
        "TargetType": group.target_type,
        "ProtocolVersion": group.protocol_version,
        "IpAddressType": group.ip_address_type,
    }


def _address(group: TargetGroup, target: Mapping[str, Any]) -> tuple[str, int]:
    try:
        ip = str(ipaddress.ip_address(target["Id"]))
    except ValueError:
        raise ServiceError("ValidationError", f"The IP address '{target['Id']}' is not a valid IPv4 address") from None
    return ip, int(target.get("Port") or group.port)


def _describe_target(group: TargetGroup, ip: str, port: int) -> Params:
    state = state_of(group, ip, port)
    check_port = str(port) if group.health_check.port == "traffic-port" else group.health_check.port
    health = {"State": state.state, "Reason": state.reason, "Description": state.description}
    answer: Params = {
        "Target": {"Id": ip, "Port": port, "AvailabilityZone": "all"},
        "TargetHealth": {name: value for name, value in health.items() if value},
    }
    return answer if state is NOT_IN_USE or state is NOT_REGISTERED else {**answer, "HealthCheckPort": check_port}
