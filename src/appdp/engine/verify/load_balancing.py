"""Whether load balancer and service know each other: target groups, ports, rules, and the role that moves them."""

from __future__ import annotations

from typing import Any, Final

from appdp.engine.verify.check import DEPLOY_STACK, Finding, Result, ServiceCheck, Skip, judged
from appdp.engine.verify.ports import Item
from appdp.engine.verify.service import trusted
from appdp.engine.verify.subject import ServiceSubject

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
_RESOURCES: Final = f"{_GUIDE}/alb-resources-for-blue-green.html"
_RULE: Final = "Let the rule forward to both of the service's target groups, by deploying the service's stack again."

_ALIKE: Final = ("Protocol", "ProtocolVersion", "VpcId", "HealthCheckProtocol", "HealthCheckPath", "HealthCheckPort")


def balancer(subject: ServiceSubject) -> Item:
    """The service's load balancer settings.

    Raises:
        Skip: it has none.
    """
    found = subject.live.get("loadBalancers") or []
    if not found:
        raise Skip("the service has no load balancer")
    return dict(found[0])


def advanced(subject: ServiceSubject) -> Item:
    """What ECS needs to move traffic.

    Raises:
        Skip: the service has no load balancer, or moves no traffic.
    """
    found = balancer(subject).get("advancedConfiguration")
    if not subject.shifts:
        raise Skip("the strategy is rolling, which moves no traffic between target groups")
    return dict(found or {})


def group_arns(subject: ServiceSubject) -> tuple[str, ...]:
    """The service's target groups: the first, and the alternate one if it has one."""
    first = balancer(subject)
    other = (first.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")
    return tuple(filter(None, (first.get("targetGroupArn"), other)))


def groups(subject: ServiceSubject) -> dict[str, Item]:
    """Those of them that exist, by ARN. The whole environment's are asked for at once."""
    wanted = group_arns(subject)
    every = dict.fromkeys(arn for live in subject.scene.services.values() for arn in _groups_of(live))
    found = subject.memo.ask(subject.facts.load_balancing.target_groups, tuple(every))
    return {arn: found[arn] for arn in wanted if arn in found}


def rule(subject: ServiceSubject, key: str) -> Item | None:
    """``productionListenerRule`` or ``testListenerRule``, or None when it does not exist.

    Raises:
        Skip: the service has none.
    """
    arn = advanced(subject).get(key)
    if not arn:
        raise Skip(f"the service has no {key}")
    every = dict.fromkeys(arn for live in subject.scene.services.values() for arn in _rules_of(live))
    return subject.memo.ask(subject.facts.load_balancing.rules, tuple(every)).get(arn)


def weights(found: Item) -> dict[str, int]:
    """Target group → weight, of a rule's forward action."""
    for action in found.get("Actions", ()):
        forward = action.get("ForwardConfig") or {}
        if forward.get("TargetGroups"):
            return {each["TargetGroupArn"]: each.get("Weight", 1) for each in forward["TargetGroups"]}
        if action.get("TargetGroupArn"):
            return {action["TargetGroupArn"]: 1}
    return {}


def _balancers(live: Item) -> list[Any]:
    return [each for each in live.get("loadBalancers") or () if each.get("targetGroupArn")]


def _groups_of(live: Item) -> list[str]:
    pairs = (
        (each["targetGroupArn"], (each.get("advancedConfiguration") or {}).get("alternateTargetGroupArn"))
        for each in _balancers(live)
    )
    return [arn for pair in pairs for arn in pair if arn]


def _rules_of(live: Item) -> list[str]:
    found = [each.get("advancedConfiguration") or {} for each in _balancers(live)]
    keys = ("productionListenerRule", "testListenerRule")
    return [each[key] for each in found for key in keys if each.get(key)]


def _exist(subject: ServiceSubject) -> Finding:
    wanted, found = group_arns(subject), groups(subject)
    faults = [f"target group {short(arn)} does not exist" for arn in wanted if arn not in found]
    if subject.shifts and len(wanted) < 2:
        faults.append("the service has no alternate target group")
    return judged(faults, f"{len(found)} found", then=DEPLOY_STACK)


def _ip(subject: ServiceSubject) -> Finding:
    if subject.definition.get("networkMode") != "awsvpc":
        raise Skip("the network mode is not awsvpc")
    found = groups(subject)
    faults = [
        f"target group {short(arn)} takes {each.get('TargetType', 'instance')}, not ip"
        for arn, each in found.items()
        if each.get("TargetType") != "ip"
    ]
    return judged(faults, "tasks register by address", then="Make another target group, of type ip.")


def _alike(subject: ServiceSubject) -> Finding:
    found = list(groups(subject).values())
    faults = [
        f"{key} differs: {' and '.join(str(each.get(key)) for each in found)}"
        for key in _ALIKE
        if len({each.get(key) for each in found}) > 1
    ]
    ports = {str(port) for port in _container_ports(subject)}
    for each in found:
        checked = str(each.get("HealthCheckPort", "traffic-port"))
        if checked != "traffic-port" and checked not in ports:
            faults.append(f"the health check asks port {checked}, which no container of the task definition has")
    return judged(faults, "target groups and containers agree", then=DEPLOY_STACK)


def _container_ports(subject: ServiceSubject) -> list[int]:
    return [port.get("containerPort", 0) for one in subject.containers for port in one.get("portMappings", ())]


def _container(subject: ServiceSubject) -> Finding:
    name, port = balancer(subject).get("containerName"), balancer(subject).get("containerPort")
    container = next((one for one in subject.containers if one.get("name") == name), None)
    if container is None:
        faults = [f"the task definition has no container {name}"]
    else:
        ports = [each.get("containerPort") for each in container.get("portMappings", ())]
        faults = [] if port in ports else [f"container {name} has no port {port}"]
    return judged(faults, f"traffic goes to {name}:{port}", then=DEPLOY_STACK)


def _host_ports(subject: ServiceSubject) -> Finding:
    if subject.definition.get("networkMode") != "awsvpc":
        raise Skip("the network mode is not awsvpc")
    faults = [
        f"container {one.get('name')} has host port {port['hostPort']} for its port {port.get('containerPort')}"
        for one in subject.containers
        for port in one.get("portMappings", ())
        if port.get("hostPort") not in (None, port.get("containerPort"))
    ]
    return judged(faults, "host ports are container ports", then="Leave the host port out.")


def _rule_exists(subject: ServiceSubject) -> Finding:
    found = rule(subject, "productionListenerRule")
    return judged([] if found else ["the production listener rule does not exist"], "it exists", then=DEPLOY_STACK)


def _rule_groups(subject: ServiceSubject) -> Finding:
    found = rule(subject, "productionListenerRule")
    if found is None:
        raise Skip("the production listener rule does not exist")
    faults = [f"the rule does not name target group {short(arn)}" for arn in _unnamed(subject, found)]
    return judged(faults, "the rule names both target groups", then=_RULE)


def _test_rule(subject: ServiceSubject) -> Finding:
    found = rule(subject, "testListenerRule")
    if found is None:
        return Finding(result=Result.FAILED, found="the test listener rule does not exist", then=DEPLOY_STACK)
    faults = [f"the test rule does not name target group {short(arn)}" for arn in _unnamed(subject, found)]
    return judged(faults, "the test rule names both target groups", then=_RULE)


def _unnamed(subject: ServiceSubject, found: Item) -> list[str]:
    named = weights(found)
    return [arn for arn in group_arns(subject) if arn not in named]


def _role(subject: ServiceSubject) -> Finding:
    arn = advanced(subject).get("roleArn")
    if not arn:
        return Finding(result=Result.FAILED, found="the service names no role that moves traffic", then=DEPLOY_STACK)
    return trusted(subject, str(arn), "ecs.amazonaws.com")


def short(arn: str) -> str:
    """What a person calls a target group or a load balancer: the part of its ARN before the id."""
    parts = arn.split("/")
    return parts[-2] if ":elasticloadbalancing:" in arn and len(parts) > 2 else parts[-1]


CHECKS: Final = (
    ServiceCheck(
        id="target-groups-exist",
        asks="The service's target groups exist: one with the rolling strategy, two with all others.",
        why="Tasks have nowhere to register.",
        source=_RESOURCES,
        look=_exist,
    ),
    ServiceCheck(
        id="target-group-type",
        asks="Target groups of a service in awsvpc mode are of type ip.",
        why="A task with an address of its own is not an instance, and cannot register as one.",
        source=f"{_GUIDE}/alb.html",
        look=_ip,
    ),
    ServiceCheck(
        id="target-groups-alike",
        asks="Both target groups have the same protocol, VPC and health check, on a port that a container has.",
        why="A green would be judged, or reached, otherwise than the blue that it replaces.",
        source=_RESOURCES,
        look=_alike,
    ),
    ServiceCheck(
        id="load-balancer-container",
        asks="The container and port that get the traffic are in the task definition.",
        why="ECS refuses a task definition that lacks them.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html",
        look=_container,
    ),
    ServiceCheck(
        id="host-ports",
        asks="In awsvpc mode, host ports are left out or the same as container ports.",
        why="ECS refuses to register anything else.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html",
        look=_host_ports,
    ),
    ServiceCheck(
        id="listener-rule-exists",
        asks="The production listener rule exists.",
        why="ECS moves traffic by changing it.",
        source=_RESOURCES,
        look=_rule_exists,
    ),
    ServiceCheck(
        id="listener-rule-groups",
        asks="The production listener rule forwards to both target groups.",
        why="ECS refuses to move traffic between groups that the rule does not name.",
        source=_RESOURCES,
        look=_rule_groups,
    ),
    ServiceCheck(
        id="test-listener-rule",
        asks="The test listener rule exists and forwards to both target groups.",
        why="Without it nobody can try a green before it takes traffic.",
        source=_RESOURCES,
        look=_test_rule,
    ),
    ServiceCheck(
        id="load-balancing-role",
        asks="The role with which ECS moves traffic exists and trusts ecs.amazonaws.com.",
        why="ECS cannot change the rules otherwise.",
        source=f"{_GUIDE}/AmazonECSInfrastructureRolePolicyForLoadBalancers.html",
        look=_role,
    ),
)
