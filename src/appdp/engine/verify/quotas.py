"""Whether the account has room for a deployment. Only quotas that Service Quotas knows by a code are looked at."""

from __future__ import annotations

import math
from typing import Final

from appdp.engine.verify.check import EnvironmentCheck, Finding, Skip, judged
from appdp.engine.verify.load_balancing import groups, short, weights
from appdp.engine.verify.ports import Item
from appdp.engine.verify.subject import Scene, ServiceSubject

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
_ELB: Final = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"
_RAISE: Final = "Ask for more in Service Quotas ({service}, {code}), or make it smaller."

_VCPU: Final = ("fargate", "L-3032A538")
"""Fargate On-Demand vCPU resource count."""
_RULES: Final = ("elasticloadbalancing", "L-7EED9B64")
"""Rules per Application Load Balancer, default rules not counted."""
_GROUPS: Final = ("elasticloadbalancing", "L-822D1B1B")
"""Target Groups per Application Load Balancer."""

_UNITS: Final = 1024
"""CPU units of one vCPU."""


def _vcpu(scene: Scene) -> Finding:
    needed = sum(_most(each) for each in scene.service_subjects)
    if not needed:
        raise Skip("no service runs on demand on Fargate")
    limit = scene.memo.ask(scene.facts.quotas.value, *_VCPU)
    found = f"a deployment of all services takes {needed:g} vCPU of {limit:g}, without what else runs in the account"
    return judged([found] if needed > limit else [], found, then=_then(_VCPU))


def _most(subject: ServiceSubject) -> float:
    """The vCPUs of a service while all of it is deployed: twice what it has, or what maximumPercent lets a rolling
    deployment have.

    See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    try:
        live, definition = subject.live, subject.definition
    except Skip:
        return 0
    spot = any(each.get("capacityProvider") == "FARGATE_SPOT" for each in live.get("capacityProviderStrategy") or ())
    if spot or "FARGATE" not in definition.get("requiresCompatibilities", ()):
        return 0
    count = max(int(live.get("desiredCount", 0)), subject.manifest.desired_count)
    percent = 200 if subject.shifts else int(subject.configuration.get("maximumPercent", 200))
    return math.floor(count * percent / 100) * int(definition.get("cpu", 0)) / _UNITS


def _rules(scene: Scene) -> Finding:
    limit = scene.memo.ask(scene.facts.quotas.value, *_RULES)
    counts = {arn: sum(not rule.get("IsDefault") for rule in rules) for arn, rules in _listened(scene).items()}
    return _room(counts, limit, "rules", _RULES)


def _target_groups(scene: Scene) -> Finding:
    limit = scene.memo.ask(scene.facts.quotas.value, *_GROUPS)
    counts = {arn: len({group for rule in rules for group in weights(rule)}) for arn, rules in _listened(scene).items()}
    return _room(counts, limit, "target groups", _GROUPS)


def _room(counts: dict[str, int], limit: float, what: str, quota: tuple[str, str]) -> Finding:
    faults = [
        f"load balancer {short(arn)} has {count} {what} of {limit:g}: none can be added"
        for arn, count in counts.items()
        if count >= limit
    ]
    found = ", ".join(f"{short(arn)} has {count} {what} of {limit:g}" for arn, count in counts.items())
    return judged(faults, found, then=_then(quota))


def _listened(scene: Scene) -> dict[str, tuple[Item, ...]]:
    """Load balancer → its rules, for those of the whole environment.

    Raises:
        Skip: there is none.
    """
    arns: dict[str, None] = {}
    for each in scene.service_subjects:
        try:
            arns |= dict.fromkeys(arn for group in groups(each).values() for arn in group.get("LoadBalancerArns", ()))
        except Skip:
            continue
    if not arns:
        raise Skip("no service has a load balancer")
    return {arn: scene.memo.ask(scene.facts.load_balancing.listener_rules, arn) for arn in arns}


def _then(quota: tuple[str, str]) -> str:
    return _RAISE.format(service=quota[0], code=quota[1])


CHECKS: Final = (
    EnvironmentCheck(
        id="quota-fargate-vcpu",
        asks="The account's quota of Fargate On-Demand vCPUs holds all services while they are deployed.",
        why="Blue and green run at the same time, so a deployment takes twice as many.",
        source=f"{_GUIDE}/service-quotas.html",
        look=_vcpu,
    ),
    EnvironmentCheck(
        id="quota-rules",
        asks="Each load balancer has room for one more rule.",
        why="The next service could not be added.",
        source=_ELB,
        look=_rules,
    ),
    EnvironmentCheck(
        id="quota-target-groups",
        asks="Each load balancer has room for one more target group.",
        why="The next service could not be added.",
        source=_ELB,
        look=_target_groups,
    ),
)
