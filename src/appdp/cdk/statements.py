"""IAM statements: how one is written, and how one is granted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aws_cdk import aws_iam as iam


def allow(
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, Mapping[str, str | Sequence[str]]] | None = None,
) -> iam.PolicyStatement:
    """One statement."""
    return iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)


def pass_roles(roles: Sequence[str], service: str) -> iam.PolicyStatement:
    """Hand roles, given by their ARNs, to a service of AWS, such as ``"ecs-tasks.amazonaws.com"``."""
    return allow(["iam:PassRole"], roles, {"StringEquals": {"iam:PassedToService": service}})


def grants(grantee: iam.IGrantable, statements: Iterable[iam.PolicyStatement]) -> list[iam.Grant]:
    """Grant each of the statements to somebody."""
    return [
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(statement.actions),
            resource_arns=list(statement.resources),
            conditions=statement.conditions or None,
        )
        for statement in statements
    ]
