"""An ECS service with all that belongs to it, for ``appdp init``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.engine.scaffold import Blueprint
from appdp.errors import NotFound

if TYPE_CHECKING:
    from appdp.aws.session import Session


class AwsBlueprints:
    """Implements :class:`appdp.engine.scaffold.Blueprints`.

    Needs ``ecs:DescribeServices`` and ``ecs:DescribeTaskDefinition``, ``ec2:DescribeSubnets``,
    ``elasticloadbalancing:DescribeTargetGroups``, ``elasticloadbalancing:DescribeTargetGroupAttributes``,
    ``elasticloadbalancing:DescribeListeners``, ``elasticloadbalancing:DescribeRules`` and
    ``elasticloadbalancing:DescribeLoadBalancers``; for names that are wrong also ``ecs:ListServices`` or
    ``ecs:ListClusters``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, cluster: str, service: str) -> Blueprint:
        """Everything about one service. Reads only.

        Raises:
            NotFound: no such cluster or service; lists those that there are.
        """
        found = self._service(cluster, service)
        with translated("ecs"):
            answer = self._session.ecs.describe_task_definition(taskDefinition=found["taskDefinition"])
        network = found.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        with translated("ec2"):
            subnets = self._session.ec2.describe_subnets(SubnetIds=network.get("subnets", []))["Subnets"]
        targets = found.get("loadBalancers") or [{}]
        return Blueprint(
            service=found,
            definition=dict(answer["taskDefinition"]),
            vpc=subnets[0].get("VpcId", "") if subnets else "",
            zones={subnet.get("SubnetId", ""): subnet.get("AvailabilityZone", "") for subnet in subnets},
            **self._traffic(targets[0].get("targetGroupArn", "")),
        )

    @translated("ecs")
    def _service(self, cluster: str, service: str) -> dict[str, Any]:
        ecs = self._session.ecs
        try:
            answer = ecs.describe_services(cluster=cluster, services=[service])
        except ClientError as error:
            if code_of(error) != "ClusterNotFoundException":
                raise
            pages = ecs.get_paginator("list_clusters").paginate()
            names = sorted(arn.rpartition("/")[2] for page in pages for arn in page["clusterArns"])
            raise NotFound("cluster", cluster, tuple(names)) from error
        found = [one for one in answer["services"] if one.get("status") != "INACTIVE"]
        if not found:
            listed = ecs.get_paginator("list_services").paginate(cluster=cluster)
            names = sorted(arn.rpartition("/")[2] for page in listed for arn in page["serviceArns"])
            raise NotFound(f"service of cluster {cluster}", service, tuple(names))
        return dict(found[0])

    @translated("elasticloadbalancing")
    def _traffic(self, group: str) -> dict[str, Any]:
        if not group:
            return {}
        elb = self._session.elbv2
        described = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        attributes = elb.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
        found = {
            "target_group": dict(described),
            "attributes": {item.get("Key", ""): item.get("Value", "") for item in attributes},
        }
        for balancer in described.get("LoadBalancerArns", ()):
            for listener in self._listeners(balancer):
                rules = [
                    rule
                    for page in elb.get_paginator("describe_rules").paginate(ListenerArn=listener)
                    for rule in page["Rules"]
                ]
                ours = [rule for rule in rules if _leads_to(rule, group)]
                if ours:
                    return {**found, **self._rule(balancer, listener, rules, ours[0])}
        return found

    def _listeners(self, balancer: str) -> list[str]:
        pages = self._session.elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
        listeners = [listener for page in pages for listener in page["Listeners"]]
        # A test listener has the same rules, on a port that is further up.
        return [one.get("ListenerArn", "") for one in sorted(listeners, key=lambda one: one.get("Port", 0))]

    def _rule(self, balancer: str, listener: str, rules: list[Any], rule: Any) -> dict[str, Any]:  # noqa: ANN401  (whatever stands there)
        described = self._session.elbv2.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"][0]
        return {
            "rule": dict(rule),
            "listener": listener,
            "priorities": tuple(int(one["Priority"]) for one in rules if str(one.get("Priority")).isdigit()),
            "balancer_groups": tuple(described.get("SecurityGroups", ())),
        }


def _leads_to(rule: Any, group: str) -> bool:  # noqa: ANN401  (any of the API's shapes)
    for action in rule.get("Actions", ()):
        targets = action.get("ForwardConfig", {}).get("TargetGroups", ())
        if group in (action.get("TargetGroupArn"), *(one.get("TargetGroupArn") for one in targets)):
            return True
    return False
