"""Rule actions: what a listener does with a request that a rule took.

``forward`` (to one or to several weighted target groups), ``redirect`` and ``fixed-response``. Authentication actions
need an identity provider and are refused. Target group stickiness is stored and described, but every request is
weighed anew.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appdp.local.elb.balance import WeightedChoice
from appdp.local.wire import ServiceError

# See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MAX_TARGET_GROUPS_PER_ACTION = 5
MAX_WEIGHT = 999
_TERMINAL = ("forward", "redirect", "fixed-response")


@dataclass(frozen=True, slots=True)
class Forward:
    """Send the request to a target of one of these groups."""

    choice: WeightedChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedResponse:
    """Answer without a target."""

    status: int
    content_type: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Send the client elsewhere; parts may hold ``#{host}`` and the like."""

    protocol: str
    host: str
    port: str
    path: str
    query: str
    status: int

    def location(self, parts: Mapping[str, str], publish: Callable[[int], int | None] = lambda _port: None) -> str:
        """The address to answer with.

        Args:
            parts: the request's ``protocol``, ``host``, ``port``, ``path`` (without its first slash) and ``query``.
            publish: the loopback port of another listener port of the same load balancer, if there is one, so that a
                redirect from one listener to another works on this machine.
        """

        def fill(template: str) -> str:
            return re.sub(r"#\{(\w+)\}", lambda found: parts.get(found[1], found[0]), template)

        protocol, port, query = fill(self.protocol).lower(), fill(self.port), fill(self.query)
        # Listeners of the embedded AWS speak plain HTTP, so the published port of an HTTPS listener is not an https
        # address.
        published = publish(int(port)) if port.isdigit() else None
        scheme, shown = ("http", str(published)) if published else (protocol, port)
        return f"{scheme}://{fill(self.host)}:{shown}{fill(self.path)}{'?' if query else ''}{query}"


Answer = Forward | FixedResponse | Redirect


def normalise_actions(actions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Check actions and give them DescribeRules's form. Raises :class:`ServiceError`."""
    given = list(actions)
    if len(given) != 1:
        raise ServiceError(
            "InvalidLoadBalancerAction",
            f"A rule must have exactly one action here, of type {', '.join(_TERMINAL)}; this has {len(given)}",
        )
    action = given[0]
    kind = action.get("Type")
    if kind == "forward":
        return [_forward(action)]
    if kind == "redirect":
        return [_redirect(action)]
    if kind == "fixed-response":
        return [_fixed_response(action)]
    raise ServiceError(
        "InvalidLoadBalancerAction", f"The embedded AWS does not know action type '{kind}'; use {', '.join(_TERMINAL)}"
    )


def compile_action(actions: Sequence[Mapping[str, Any]]) -> Answer:
    """What to do with a request, from actions in normal form."""
    action = actions[0]
    match action["Type"]:
        case "forward":
            return Forward(WeightedChoice(weights_of(actions)))
        case "redirect":
            config = action["RedirectConfig"]
            return Redirect(
                protocol=config["Protocol"],
                host=config["Host"],
                port=config["Port"],
                path=config["Path"],
                query=config["Query"],
                status=int(config["StatusCode"].removeprefix("HTTP_")),
            )
        case _:
            config = action["FixedResponseConfig"]
            return FixedResponse(
                status=int(config["StatusCode"]),
                content_type=config.get("ContentType", "text/plain"),
                body=config.get("MessageBody", ""),
            )


def weights_of(actions: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Target group ARN → weight of the forward action, in its order; empty when there is none."""
    config = next((action["ForwardConfig"] for action in actions if action["Type"] == "forward"), {"TargetGroups": ()})
    return {group["TargetGroupArn"]: group["Weight"] for group in config["TargetGroups"]}


def with_weights(actions: Sequence[Mapping[str, Any]], weights: Mapping[str, int]) -> list[dict[str, Any]]:
    """The same rule's actions as one forward action with these weights; its stickiness and order stay."""
    nothing: Mapping[str, Any] = {"ForwardConfig": {}}
    before = next((action for action in actions if action["Type"] == "forward"), nothing)
    groups = [{"TargetGroupArn": group, "Weight": weight} for group, weight in weights.items()]
    config = {**before["ForwardConfig"], "TargetGroups": groups}
    return normalise_actions([{"Type": "forward", **_order(before), "ForwardConfig": config}])


def _forward(action: Mapping[str, Any]) -> dict[str, Any]:
    config = action.get("ForwardConfig") or {}
    groups = [
        {"TargetGroupArn": group["TargetGroupArn"], "Weight": _weight(group.get("Weight", 1))}
        for group in config.get("TargetGroups") or [{"TargetGroupArn": action.get("TargetGroupArn", "")}]
    ]
    arns = [group["TargetGroupArn"] for group in groups]
    if not all(arns):
        raise ServiceError(
            "ValidationError", "A forward action must name a target group in TargetGroupArn or ForwardConfig"
        )
    if len(set(arns)) != len(arns):
        raise ServiceError("ValidationError", f"A forward action names a target group twice: {', '.join(arns)}")
    if len(arns) > MAX_TARGET_GROUPS_PER_ACTION:
        raise ServiceError(
            "TooManyTargetGroups",
            f"A forward action can name {MAX_TARGET_GROUPS_PER_ACTION} target groups, not {len(arns)}",
        )
    stickiness = dict(config.get("TargetGroupStickinessConfig") or {"Enabled": False})
    normal: dict[str, Any] = {
        "Type": "forward",
        **_order(action),
        "ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": stickiness},
    }
    if len(arns) == 1:
        normal["TargetGroupArn"] = arns[0]
    return normal


def _weight(value: object) -> int:
    weight = int(str(value))
    if not 0 <= weight <= MAX_WEIGHT:
        raise ServiceError(
            "ValidationError", f"Target group weight '{weight}' must be between 0 and {MAX_WEIGHT} inclusive"
        )
    return weight


def _redirect(action: Mapping[str, Any]) -> dict[str, Any]:
    given = action.get("RedirectConfig") or {}
    unchanged = {
        "Protocol": "#{protocol}",
        "Host": "#{host}",
        "Port": "#{port}",
        "Path": "/#{path}",
        "Query": "#{query}",
    }
    config = {name: str(given.get(name) or default) for name, default in unchanged.items()}
    config["Query"] = str(given.get("Query", "#{query}"))
    status = given.get("StatusCode")
    if status not in ("HTTP_301", "HTTP_302"):
        raise ServiceError("ValidationError", f"Redirect status code '{status}' must be one of '[HTTP_301, HTTP_302]'")
    parts = ("Protocol", "Host", "Port", "Path")
    if all(config[part] == unchanged[part] for part in parts):
        raise ServiceError(
            "InvalidLoadBalancerAction", "The redirect configuration is not valid because it creates a loop."
        )
    return {"Type": "redirect", **_order(action), "RedirectConfig": {**config, "StatusCode": status}}


def _fixed_response(action: Mapping[str, Any]) -> dict[str, Any]:
    config = {name: str(value) for name, value in (action.get("FixedResponseConfig") or {}).items()}
    status = config.get("StatusCode", "")
    if not re.fullmatch(r"[245]\d\d", status):
        raise ServiceError(
            "ValidationError", f"Fixed response status code '{status}' must be of the form 2XX, 4XX or 5XX"
        )
    return {"Type": "fixed-response", **_order(action), "FixedResponseConfig": config}


def _order(action: Mapping[str, Any]) -> dict[str, Any]:
    return {"Order": int(action["Order"])} if action.get("Order") else {}
