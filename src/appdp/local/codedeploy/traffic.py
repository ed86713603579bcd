"""Where the traffic of a deployment goes: the rules behind its listeners.

A deployment group names listeners, not rules. CodeDeploy rewrites those of a listener's rules, the default rule
included, that forward to a target group of the pair. The group that gets nothing stays in the rule with weight 0, so
that its targets go on being checked.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TargetGroupPairInfo.html; the weight of 0 is what
CodeDeploy does since 2022: https://github.com/traveloka/terraform-aws-alb-single-listener/pull/47
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appdp.local.codedeploy.failures import Failure
from appdp.local.wire import Caller, LoadBalancing, ServiceError

INVALID = "ELASTIC_LOAD_BALANCING_INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The two target groups of a deployment, and the rules that lead to them."""

    balancing: LoadBalancing
    original: str
    replacement: str
    production_rules: tuple[str, ...]
    test_rules: tuple[str, ...]

    def shift_production(self, percent: int) -> None:
        """Send so much of the production traffic to the replacement; raises :class:`Failure`."""
        self._write(self.production_rules, percent)

    def shift_test(self, percent: int) -> None:
        """Send so much of the test traffic to the replacement; raises :class:`Failure`."""
        self._write(self.test_rules, percent)

    def _write(self, rules: tuple[str, ...], percent: int) -> None:
        weights = {self.replacement: percent, self.original: 100 - percent}
        try:
            for rule in rules:
                self.balancing.set_rule_weights(rule, weights)
        except ServiceError as error:
            raise _invalid(error.message) from error


def route(
    balancing: LoadBalancing, settings: Mapping[str, Any], original: str, caller: Caller, *, back: bool = False
) -> Traffic:
    """Find the rules of a deployment group.

    Args:
        settings: the deployment group's.
        original: the target group of the task set that serves production now.
        back: for a rollback, to which it does not matter how far the traffic got.

    Raises:
        Failure: the target groups or the listeners are not what the deployment needs.
    """
    pair = settings["loadBalancerInfo"]["targetGroupPairInfoList"][0]
    groups = [_group(balancing, item["name"], caller) for item in pair["targetGroups"]]
    if original not in groups:
        raise _invalid(f"The target group {original} of the primary task set is not one of the deployment group's.")
    return Traffic(
        balancing=balancing,
        original=original,
        replacement=next(group for group in groups if group != original),
        production_rules=_rules(balancing, pair["prodTrafficRoute"], groups if back else [original]),
        test_rules=_rules(balancing, pair.get("testTrafficRoute") or {}, groups),
    )


def _group(balancing: LoadBalancing, name: str, caller: Caller) -> str:
    arn = balancing.named(name, caller)
    if arn is None:
        raise _invalid(f"The target group {name} does not exist.")
    return arn


def _rules(balancing: LoadBalancing, traffic_route: Mapping[str, Any], groups: list[str]) -> tuple[str, ...]:
    """The rules of a route's listener that forward to one of ``groups``."""
    found: list[str] = []
    for listener in traffic_route.get("listenerArns") or ():
        try:
            leading = [rule for rule in balancing.rules_of(listener) if set(groups) & set(balancing.rule_weights(rule))]
        except ServiceError as error:
            raise _invalid(error.message) from error
        if not leading:
            raise _invalid(f"Primary taskset target group must be behind listener {listener}")
        found += leading
    return tuple(found)


def _invalid(reason: str) -> Failure:
    return Failure(INVALID, f"The ELB could not be updated due to the following error: {reason}")
