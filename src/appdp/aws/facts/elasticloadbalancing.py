"""Elastic Load Balancing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from appdp.aws.errors import translated
from appdp.aws.facts.chunks import known
from appdp.engine.verify.ports import Ids, Item

if TYPE_CHECKING:
    from appdp.aws.session import Session

_ARNS: Final = 20
"""Load balancers that DescribeLoadBalancers takes; the other calls name no limit, so this one is kept for all.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html
"""


class LoadBalancers:
    """Implements :class:`appdp.engine.verify.ports.LoadBalancing`. Needs
    ``elasticloadbalancing:DescribeTargetGroups``, ``elasticloadbalancing:DescribeRules``,
    ``elasticloadbalancing:DescribeListeners`` and ``elasticloadbalancing:DescribeLoadBalancers``.
    """

    def __init__(self, session: Session) -> None:
        self._elb: Any = session.elbv2

    @translated("elasticloadbalancing")
    def target_groups(self, arns: Ids) -> dict[str, Item]:
        """``DescribeTargetGroups``, by ARN."""
        ask = self._elb.describe_target_groups
        items = known(arns, _ARNS, lambda some: ask(TargetGroupArns=some)["TargetGroups"], "TargetGroupNotFound")
        return {item["TargetGroupArn"]: item for item in items}

    @translated("elasticloadbalancing")
    def rules(self, arns: Ids) -> dict[str, Item]:
        """``DescribeRules``, by ARN."""
        ask = self._elb.describe_rules
        items = known(arns, _ARNS, lambda some: ask(RuleArns=some)["Rules"], "RuleNotFound")
        return {item["RuleArn"]: item for item in items}

    @translated("elasticloadbalancing")
    def load_balancers(self, arns: Ids) -> dict[str, Item]:
        """``DescribeLoadBalancers``, by ARN."""
        ask = self._elb.describe_load_balancers
        items = known(arns, _ARNS, lambda some: ask(LoadBalancerArns=some)["LoadBalancers"], "LoadBalancerNotFound")
        return {item["LoadBalancerArn"]: item for item in items}

    @translated("elasticloadbalancing")
    def listener_rules(self, load_balancer: str) -> tuple[Item, ...]:
        """The rules of all listeners of a load balancer, default rules included."""
        found: list[Item] = []
        for page in self._elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=load_balancer):
            for listener in page["Listeners"]:
                pages = self._elb.get_paginator("describe_rules").paginate(ListenerArn=listener["ListenerArn"])
                found += [rule for each in pages for rule in each["Rules"]]
        return tuple(found)
