"""MiniStack's simulation of IAM policies, as far as it differs from AWS's. :mod:`.ministack_patches` applies it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from appdp.local.ministack_patch import Patch

_API: Final = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"

_ELB: Final = "arn:aws:elasticloadbalancing:*:*:"
_BALANCING_POLICY: Final = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
_BALANCING: Final = {
    "*": ("DescribeListeners", "DescribeRules", "DescribeTargetGroups", "DescribeTargetHealth"),
    f"{_ELB}targetgroup/*/*": ("RegisterTargets", "DeregisterTargets"),
    f"{_ELB}listener/app/*/*/*": ("ModifyListener",),
    f"{_ELB}listener-rule/app/*/*/*/*": ("ModifyRule",),
}
"""Resource → actions of that policy, for Application Load Balancers.

See: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
"""


def _by_name(gather: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    return lambda role_name, account_id: gather(role_name.rpartition("/")[2], account_id)


def _all_resources(extract: Callable[[Mapping[str, Any]], tuple[Any, Any]]) -> Callable[[Mapping[str, Any]], Any]:
    def patched(parameters: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        actions, first = extract(parameters)
        found = {name: value for name, value in parameters.items() if name.startswith("ResourceArns.member.")}
        values = [value[0] if isinstance(value, list) else value for _, value in sorted(found.items())]
        return actions, tuple(values) or (first,)

    return patched


def _each_resource(build: Callable[..., str]) -> Callable[..., str]:
    def patched(actions: Any, resources: tuple[str, ...], *others: Any) -> str:  # noqa: ANN401 - MiniStack's own
        return "".join(build(actions, resource, *others) for resource in resources)

    return patched


def _with_balancing(resolve: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    statements = [
        {"Effect": "Allow", "Action": [f"elasticloadbalancing:{action}" for action in actions], "Resource": resource}
        for resource, actions in _BALANCING.items()
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return lambda policy_arn, account_id: (
        document if policy_arn == _BALANCING_POLICY else resolve(policy_arn, account_id)
    )


PATCHES: Final = (
    Patch(
        module="core.iam_evaluator",
        name="_gather_role_policies",
        expects=("role_name", "account_id"),
        make=_by_name,
        why=f"MiniStack takes a role's path for a part of its name, and finds no policy: {_API}",
    ),
    Patch(
        module="core.iam_evaluator",
        name="_resolve_managed_policy_document",
        expects=("policy_arn", "account_id"),
        make=_with_balancing,
        why="MiniStack does not know the policy with which ECS moves traffic: "
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html",
    ),
    Patch(
        module="services.iam",
        name="_extract_simulate_params",
        expects=("p",),
        make=_all_resources,
        why=f"MiniStack simulates the first resource only: {_API}",
    ),
    Patch(
        module="services.iam",
        name="_build_simulate_results_real",
        expects=("actions", "resource_arn", "principal_arn", "account_id", "policies"),
        make=_each_resource,
        why=f"MiniStack simulates the first resource only: {_API}",
    ),
)
