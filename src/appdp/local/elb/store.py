"""Load balancers, listeners and rules, and where they are kept: on one event loop, so without locks."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from appdp.local.elb import names
from appdp.local.elb.actions import Answer, compile_action, normalise_actions, weights_of
from appdp.local.elb.rules import Matcher, RequestView, compile_conditions, normalise_conditions
from appdp.local.elb.targets import TargetGroup
from appdp.local.wire import Caller, ServiceError

DEFAULT_PRIORITY = 1_000_000
"""Sorts a listener's default rule behind every priority that AWS allows (1–50,000)."""


@dataclass(slots=True, kw_only=True, eq=False)
class LoadBalancer:
    """An Application Load Balancer."""

    arn: str
    name: str
    dns_name: str
    scheme: str
    vpc_id: str
    ip_address_type: str
    subnets: list[dict[str, str]]
    security_groups: list[str]
    attributes: dict[str, str]
    tags: dict[str, str]
    created: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))


@dataclass(slots=True, kw_only=True, eq=False)
class Rule:
    """One rule of a listener; the default rule has :data:`DEFAULT_PRIORITY` and no conditions."""

    arn: str
    listener: str
    priority: int
    conditions: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    matcher: Matcher = field(default=lambda _request: True)
    answer: Answer = field(init=False)

    @property
    def is_default(self) -> bool:
        """Whether it takes what no other rule takes."""
        return self.priority == DEFAULT_PRIORITY

    def take(self, conditions: Iterable[Mapping[str, Any]]) -> None:
        """Set which requests it takes, from now on."""
        self.conditions = normalise_conditions(conditions)
        self.matcher = compile_conditions(self.conditions)

    def act(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """Set what it does with them, from now on."""
        self.actions = normalise_actions(actions)
        self.answer = compile_action(self.actions)


@dataclass(slots=True, kw_only=True, eq=False)
class Listener:
    """A port of a load balancer and its rules, in the order in which they are tried."""

    arn: str
    load_balancer: str
    port: int
    protocol: str
    attributes: dict[str, str]
    tags: dict[str, str]
    certificates: list[dict[str, Any]] = field(default_factory=list)
    ssl_policy: str = ""
    rules: list[Rule] = field(default_factory=list)

    @property
    def default_rule(self) -> Rule:
        """The rule that is tried last."""
        return self.rules[-1]

    def sort(self) -> None:
        """Put the rules in the order of their priorities."""
        self.rules.sort(key=lambda rule: rule.priority)

    def rule_for(self, request: RequestView) -> Rule:
        """The first rule that takes the request."""
        return next(rule for rule in self.rules if rule.matcher(request))


class _Named(Protocol):
    arn: str


Thing = TypeVar("Thing", bound=_Named)


class Store:
    """Everything by ARN."""

    def __init__(self) -> None:
        self.load_balancers: dict[str, LoadBalancer] = {}
        self.target_groups: dict[str, TargetGroup] = {}
        self.listeners: dict[str, Listener] = {}

    def load_balancer(self, arn: str) -> LoadBalancer:
        """Raises LoadBalancerNotFound."""
        return _found(self.load_balancers.get(arn), "LoadBalancerNotFound", f"Load balancer '{arn}' not found")

    def target_group(self, arn: str) -> TargetGroup:
        """Raises TargetGroupNotFound."""
        return _found(self.target_groups.get(arn), "TargetGroupNotFound", f"Target groups '{arn}' not found")

    def listener(self, arn: str) -> Listener:
        """Raises ListenerNotFound."""
        return _found(self.listeners.get(arn), "ListenerNotFound", f"Listeners '{arn}' not found")

    def rule(self, arn: str) -> Rule:
        """Raises RuleNotFound."""
        return _found(self.find_rule(arn), "RuleNotFound", f"Rules '{arn}' not found")

    def find_rule(self, arn: str) -> Rule | None:
        """The rule, or None."""
        return next((rule for listener in self.listeners.values() for rule in listener.rules if rule.arn == arn), None)

    def listeners_of(self, load_balancer: str) -> list[Listener]:
        """A load balancer's listeners, oldest first."""
        return [listener for listener in self.listeners.values() if listener.load_balancer == load_balancer]

    def users_of(self, target_group: str) -> list[str]:
        """ARNs of the load balancers whose rules name a target group; also with weight 0."""
        using = (
            listener.load_balancer
            for listener in self.listeners.values()
            if any(target_group in weights_of(rule.actions) for rule in listener.rules)
        )
        return list(dict.fromkeys(using))

    def groups_in_use(self) -> set[str]:
        """ARNs of all target groups that some rule names."""
        return {
            group
            for listener in self.listeners.values()
            for rule in listener.rules
            for group in weights_of(rule.actions)
        }

    def check_groups(self, actions: Sequence[Mapping[str, Any]], load_balancer: str) -> None:
        """Refuse actions, in normal form, that name a group which does not exist or serves another load balancer.

        See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html (load
        balancers per target group: 1)
        """
        for group in weights_of(actions):
            self.target_group(group)
            if any(user != load_balancer for user in self.users_of(group)):
                raise ServiceError(
                    "TargetGroupAssociationLimit",
                    f"The following target groups cannot be associated with more than one load balancer: {group}",
                )


def owned(things: Iterable[Thing], caller: Caller) -> list[Thing]:
    """Those of the caller's account and region."""
    prefix = names.arn_prefix(caller)
    return [thing for thing in things if thing.arn.startswith(prefix)]


Found = TypeVar("Found")


def _found(thing: Found | None, code: str, message: str) -> Found:
    if thing is None:
        raise ServiceError(code, message)
    return thing
