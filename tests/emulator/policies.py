"""What roles may do, as their stacks deployed it, against what they did on an embedded AWS.

Conditions are left out: the record does not say what they are about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from appdp.local.calls import Call
from appdp.local.lifecycle import EmbeddedAws

Statement = Mapping[str, Any]


def deployed(aws: EmbeddedAws) -> dict[str, list[Statement]]:
    """ARN of a role → the statements of its policies."""
    iam = aws.client("iam")
    found: dict[str, list[Statement]] = {}
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            names = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
            policies = [iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name) for name in names]
            found[role["Arn"]] = [item for policy in policies for item in policy["PolicyDocument"]["Statement"]]
    assert all(item["Effect"] == "Allow" for statements in found.values() for item in statements)
    return found


def refused(aws: EmbeddedAws) -> list[str]:
    """The calls that AWS would have refused: no statement of the role's policies allows the action on the resource."""
    return outside(deployed(aws), aws.calls())


def outside(policies: Mapping[str, list[Statement]], calls: Iterable[Call]) -> list[str]:
    """The same, of given policies and calls."""
    return [
        f"{call.action} on {call.resource} by {call.role}"
        for call in calls
        if not any(_allows(call, policies.get(call.role, [])))
    ]


def unused(aws: EmbeddedAws) -> dict[str, set[str]]:
    """ARN of a role → the actions that it is allowed and never called."""
    calls = aws.calls()
    return {
        role: {action for statement in statements for action in _listed(statement["Action"])}
        - {call.action for call in calls if call.role == role}
        for role, statements in deployed(aws).items()
    }


def idle(statements: list[Statement], role: str, calls: Iterable[Call]) -> set[tuple[str, str]]:
    """The actions, each with a resource of its statement, that a role is allowed and that none of its calls needed."""
    made = [call for call in calls if call.role == role]
    return {
        (action, resource)
        for statement in statements
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
        if not any(call.action == action and fnmatchcase(call.resource, resource) for call in made)
    }


def _allows(call: Call, statements: list[Statement]) -> Iterator[bool]:
    for statement in statements:
        about = call.action in _listed(statement["Action"])
        yield about and any(fnmatchcase(call.resource, pattern) for pattern in _listed(statement["Resource"]))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
