"""How Elastic Load Balancing names its resources: ARNs, DNS names, generated names.

See: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html (resource
types)
"""

from __future__ import annotations

import secrets
import string

from appdp.local.wire import Caller

_PREFIX = "arn:aws:elasticloadbalancing"


def arn_prefix(caller: Caller) -> str:
    """What every ARN of an account and region starts with."""
    return f"{_PREFIX}:{caller.region}:{caller.account}:"


def load_balancer_arn(caller: Caller, name: str) -> str:
    """``…:loadbalancer/app/<name>/<16 hexadecimal digits>``."""
    return f"{arn_prefix(caller)}loadbalancer/app/{name}/{_identifier()}"


def target_group_arn(caller: Caller, name: str) -> str:
    """``…:targetgroup/<name>/<16 hexadecimal digits>``."""
    return f"{arn_prefix(caller)}targetgroup/{name}/{_identifier()}"


def listener_arn(load_balancer: str) -> str:
    """``…:listener/app/<name>/<load balancer's digits>/<16 hexadecimal digits>``."""
    return f"{load_balancer.replace(':loadbalancer/', ':listener/', 1)}/{_identifier()}"


def rule_arn(listener: str) -> str:
    """``…:listener-rule/app/<name>/<load balancer's digits>/<listener's digits>/<16 hexadecimal digits>``."""
    return f"{listener.replace(':listener/', ':listener-rule/', 1)}/{_identifier()}"


def full_name(arn: str) -> str:
    """The part of an ARN that CloudWatch uses: ``app/<name>/<digits>`` or ``targetgroup/<name>/<digits>``."""
    resource = arn.split(":", 5)[5]
    return resource.removeprefix("loadbalancer/")


def dns_name(caller: Caller, name: str, *, internal: bool) -> str:
    """``[internal-]<name>-<digits>.<region>.elb.amazonaws.com``."""
    digits = secrets.randbelow(9_000_000_000) + 1_000_000_000
    return f"{'internal-' if internal else ''}{name}-{digits}.{caller.region}.elb.amazonaws.com"


def generated_name(stack: str, logical_id: str) -> str:
    """The name that CloudFormation gives where a template gives none; at most 32 characters, as ELB allows."""
    suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
    return f"{stack[:6].strip('-')}-{logical_id[:5]}-{suffix}"


def _identifier() -> str:
    return secrets.token_hex(8)
