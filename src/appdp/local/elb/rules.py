"""Listener rule conditions: which requests a rule takes.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from appdp.local.wire import ServiceError

_CONFIGS = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "query-string": "QueryStringConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
}
# Fields whose pattern DescribeRules also gives as plain ``Values``.
_WITH_VALUES = ("path-pattern", "host-header")
_ONCE_PER_RULE = ("path-pattern", "host-header", "http-request-method", "source-ip")
# See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MAX_VALUES_PER_RULE = 5
MAX_WILDCARDS_PER_RULE = 5
MAX_VALUE_LENGTH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """What rules see of a request. ``headers`` are looked up without regard to case."""

    method: str
    path: str
    query: str
    host: str
    headers: Mapping[str, str]
    source_ip: str


Matcher = Callable[[RequestView], bool]


def matches_pattern(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Whether ``value`` is of the form ``pattern``: ``*`` is 0 or more characters, ``?`` exactly one."""
    return _pattern(pattern, ignore_case=ignore_case).fullmatch(value) is not None


def normalise_conditions(conditions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Check conditions and give them DescribeRules's form. Raises :class:`ServiceError`."""
    normal = [_normalise(condition) for condition in conditions]
    fields = [condition["Field"] for condition in normal]
    for once in _ONCE_PER_RULE:
        if fields.count(once) > 1:
            raise ServiceError("InvalidConfigurationRequest", f"A rule can only have one '{once}' condition")
    values = [value for condition in normal for value in _comparisons(condition)]
    if len(values) > MAX_VALUES_PER_RULE:
        raise ServiceError(
            "ValidationError", f"A rule can have {MAX_VALUES_PER_RULE} condition values; this has {len(values)}"
        )
    wildcards = sum(len(re.findall(r"(?<!\\)[*?]", value)) for value in values)
    if wildcards > MAX_WILDCARDS_PER_RULE:
        raise ServiceError(
            "ValidationError", f"A rule can have {MAX_WILDCARDS_PER_RULE} wildcards; this has {wildcards}"
        )
    return normal


def compile_conditions(conditions: Sequence[Mapping[str, Any]]) -> Matcher:
    """One function for all conditions of a rule, in normal form; a rule without conditions takes every request."""
    matchers = [_COMPILERS[condition["Field"]](condition[_CONFIGS[condition["Field"]]]) for condition in conditions]
    return lambda request: all(matcher(request) for matcher in matchers)


def _normalise(condition: Mapping[str, Any]) -> dict[str, Any]:
    name = str(condition.get("Field", ""))
    if name not in _CONFIGS:
        raise ServiceError(
            "ValidationError", f"Condition field '{name}' must be one of '[{', '.join(sorted(_CONFIGS))}]'"
        )
    if condition.get("RegexValues"):
        raise ServiceError("InvalidConfigurationRequest", "The embedded AWS does not evaluate RegexValues; use Values")
    config = dict(condition.get(_CONFIGS[name]) or {"Values": list(condition.get("Values") or ())})
    if not config.get("Values"):
        raise ServiceError("ValidationError", f"A condition with field '{name}' must have a value")
    _check_values(name, config)
    normal = {"Field": name, _CONFIGS[name]: config}
    if name in _WITH_VALUES:
        normal["Values"] = list(config["Values"])
    return normal


def _check_values(name: str, config: Mapping[str, Any]) -> None:
    if name == "http-header" and not config.get("HttpHeaderName"):
        raise ServiceError("ValidationError", "A condition with field 'http-header' must have an HttpHeaderName")
    if name == "source-ip":
        for value in config["Values"]:
            _network(value)
    if name == "query-string" and not all(isinstance(pair, Mapping) and pair.get("Value") for pair in config["Values"]):
        raise ServiceError("ValidationError", "A condition with field 'query-string' must have a Value in each pair")
    too_long = [
        value for value in _comparisons({"Field": name, _CONFIGS[name]: config}) if len(value) > MAX_VALUE_LENGTH
    ]
    if too_long:
        raise ServiceError(
            "ValidationError", f"Condition value '{too_long[0]}' is longer than {MAX_VALUE_LENGTH} characters"
        )


def _comparisons(condition: Mapping[str, Any]) -> list[str]:
    values = condition[_CONFIGS[condition["Field"]]]["Values"]
    if condition["Field"] == "query-string":
        return [f"{pair.get('Key') or ''}{pair['Value']}" for pair in values]
    return [str(value) for value in values]


def _network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(value)
    except ValueError:
        raise ServiceError("ValidationError", f"The CIDR block '{value}' is not valid") from None


def _pattern(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    parts = re.findall(r"\\[*?]|.", pattern, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    text = "".join(wild.get(part) or re.escape(part[-1] if part in (r"\*", r"\?") else part) for part in parts)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _any(patterns: Iterable[str], *, ignore_case: bool) -> Callable[[str], bool]:
    compiled = [_pattern(pattern, ignore_case=ignore_case) for pattern in patterns]
    return lambda value: any(one.fullmatch(value) for one in compiled)


def _path(config: Mapping[str, Any]) -> Matcher:
    fits = _any(config["Values"], ignore_case=False)
    return lambda request: fits(request.path)


def _host(config: Mapping[str, Any]) -> Matcher:
    fits = _any(config["Values"], ignore_case=True)
    return lambda request: fits(request.host)


def _header(config: Mapping[str, Any]) -> Matcher:
    name, fits = config["HttpHeaderName"], _any(config["Values"], ignore_case=True)
    return lambda request: name in request.headers and fits(request.headers[name])


def _method(config: Mapping[str, Any]) -> Matcher:
    methods = frozenset(config["Values"])
    return lambda request: request.method in methods


def _query(config: Mapping[str, Any]) -> Matcher:
    pairs = [
        (_pattern(pair.get("Key") or "*", ignore_case=True), _pattern(pair["Value"], ignore_case=True))
        for pair in config["Values"]
    ]

    def fits(request: RequestView) -> bool:
        given = parse_qsl(request.query, keep_blank_values=True)
        return any(key.fullmatch(name) and value.fullmatch(text) for key, value in pairs for name, text in given)

    return fits


def _source_ip(config: Mapping[str, Any]) -> Matcher:
    networks = [_network(value) for value in config["Values"]]

    def fits(request: RequestView) -> bool:
        address = ipaddress.ip_address(request.source_ip)
        return any(address in network for network in networks)

    return fits


_COMPILERS: dict[str, Callable[[Mapping[str, Any]], Matcher]] = {
    "path-pattern": _path,
    "host-header": _host,
    "http-header": _header,
    "query-string": _query,
    "http-request-method": _method,
    "source-ip": _source_ip,
}
