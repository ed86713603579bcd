"""How traffic reaches a service: its target groups and its listener rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import CfnResource, Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from constructs import Construct

from appdp.cdk.health_check import HealthCheck
from appdp.errors import ConfigurationError

MAX_CONDITION_VALUES: Final = 5
MAX_PRIORITY: Final = 50_000
"""See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which requests are for a service.

    Args:
        listener: the production listener.
        priority: of the rule on the listener, 1 to 50,000; the smallest number is asked first.
        path_patterns: such as ``/api/*``.
        host_headers: such as ``shop.example.com``.
        test_listener: where a release is tested before it takes traffic. Default: nowhere.
    """

    listener: elbv2.IApplicationListener
    priority: int
    path_patterns: Sequence[str] = ()
    host_headers: Sequence[str] = ()
    test_listener: elbv2.IApplicationListener | None = None

    def check(self, path: str) -> None:
        """Raise unless it makes a rule."""
        values = [*self.path_patterns, *self.host_headers]
        if not 1 <= len(values) <= MAX_CONDITION_VALUES:
            raise ConfigurationError(
                f"{path}: {len(values)} path_patterns and host_headers: a listener rule takes 1 to "
                f"{MAX_CONDITION_VALUES} of them together.",
                hint="For all requests, say path_patterns=['/*'].",
            )
        if not 1 <= self.priority <= MAX_PRIORITY:
            raise ConfigurationError(f"{path}: priority={self.priority}: allowed are 1 to {MAX_PRIORITY}.")

    def conditions(self) -> list[elbv2.ListenerCondition]:
        """The rule's conditions."""
        found = []
        if self.path_patterns:
            found.append(elbv2.ListenerCondition.path_patterns(list(self.path_patterns)))
        if self.host_headers:
            found.append(elbv2.ListenerCondition.host_headers(list(self.host_headers)))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """What the target groups of a service have in common."""

    vpc: ec2.IVpc
    health_check: HealthCheck
    deregistration_delay: Duration


class Traffic(Construct):
    """The target groups and listener rules of one service.

    With a strategy that shifts traffic there are two target groups, and ECS rewrites the weights of the rules at every
    deployment. CloudFormation would put its own weights back if it ever updated a rule, so a rule is a resource of
    its own whose text depends on nothing but its listener, priority and conditions, and which carries no tags.
    **Change those three only while blue is live**: CloudFormation rewrites the rule then, and sends all traffic to
    blue. The same goes for the service's VPC, because another VPC means other target groups.

    And it goes for the tags of the whole *stack*: CloudFormation passes them on to every resource, whatever the
    template says. ``Tags.of(app).add(…)`` and ``Tags.of(stack).add(…)`` become tags of the stack too, unless the app
    has the feature flag ``@aws-cdk/core:explicitStackTags``; with it, they stay in the template, where the rules leave
    them out, so they may change at any time.

    See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html,
    https://github.com/aws/aws-cdk/issues/36649 and, for tags,
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html

    Args:
        scope: the service.
        construct_id: such as ``"Traffic"``.
        route: which requests.
        targets: what the target groups have in common.
        shifts: whether the strategy shifts traffic.

    Attributes:
        blue: the target group with which the service starts; with the rolling strategy the only one.
        green: the other one, or None.
        rule: the rule on the production listener.
        test_rule: the rule on the test listener, or None.
        test_url: where a green can be tried, or None where that is not known.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, route: Route, targets: TargetSettings, shifts: bool
    ) -> None:
        super().__init__(scope, construct_id)
        route.check(scope.node.path)
        self.blue = self._target_group("Blue", targets)
        self.green = self._target_group("Green", targets) if shifts else None
        self.rule = self._rule("Rule", route.listener, route)
        self.test_rule = (
            self._rule("TestRule", route.test_listener, route) if shifts and route.test_listener is not None else None
        )
        self.test_url = None if self.test_rule is None else test_url(route)

    @property
    def target_groups(self) -> list[elbv2.ApplicationTargetGroup]:
        """Blue, and green if there is one."""
        return [self.blue] if self.green is None else [self.blue, self.green]

    def _target_group(self, construct_id: str, targets: TargetSettings) -> elbv2.ApplicationTargetGroup:
        return elbv2.ApplicationTargetGroup(
            self,
            construct_id,
            vpc=targets.vpc,
            target_type=elbv2.TargetType.IP,
            protocol=elbv2.ApplicationProtocol.HTTP,
            # Tasks register with their container's port, so this one never counts; but a change of it would replace
            # the target group, and then CloudFormation would write the rule again and send all traffic to blue.
            port=80,
            health_check=targets.health_check.for_target_group(),
            deregistration_delay=targets.deregistration_delay,
        )

    def _rule(
        self, construct_id: str, listener: elbv2.IApplicationListener, route: Route
    ) -> elbv2.ApplicationListenerRule:
        rule = elbv2.ApplicationListenerRule(
            self,
            construct_id,
            listener=listener,
            priority=route.priority,
            conditions=route.conditions(),
            action=self._action(),
        )
        resource = rule.node.default_child
        if isinstance(resource, CfnResource):
            resource.add_property_deletion_override("Tags")
        return rule

    def _action(self) -> elbv2.ListenerAction:
        if self.green is None:
            return elbv2.ListenerAction.forward([self.blue])
        return elbv2.ListenerAction.weighted_forward(
            [
                elbv2.WeightedTargetGroup(target_group=self.blue, weight=100),
                elbv2.WeightedTargetGroup(target_group=self.green, weight=0),
            ]
        )

    def send_to(self, service: ecs.FargateService, *, container: str, port: int, role: iam.IRole | None) -> None:
        """Register the service's tasks. ``role`` is the one with which ECS moves traffic; None when it does not."""
        target = service.load_balancer_target(
            container_name=container, container_port=port, alternate_target=self._alternate(role)
        )
        self.blue.add_target(target)

    def _alternate(self, role: iam.IRole | None) -> ecs.AlternateTarget | None:
        if self.green is None or role is None:
            return None
        rule = ecs.ListenerRuleConfiguration.application_listener_rule
        return ecs.AlternateTarget(
            "Green",
            alternate_target_group=self.green,
            production_listener=rule(self.rule),
            test_listener=None if self.test_rule is None else rule(self.test_rule),
            role=role,
        )


def test_url(route: Route) -> str | None:
    """Where the test listener answers for a route, as far as the app knows: not on an imported one, nor for a host."""
    listener = route.test_listener
    if route.host_headers or not isinstance(listener, elbv2.ApplicationListener):
        return None
    balancer = listener.load_balancer
    if not isinstance(balancer, elbv2.ApplicationLoadBalancer):  # an imported one may not know its own name
        return None
    scheme = "https" if listener.protocol is elbv2.ApplicationProtocol.HTTPS else "http"
    path = re.split(r"[*?]", route.path_patterns[0], maxsplit=1)[0].lstrip("/")
    return f"{scheme}://{balancer.load_balancer_dns_name}:{listener.port:g}/{path}"
