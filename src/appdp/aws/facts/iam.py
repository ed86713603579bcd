"""AWS IAM."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.engine.verify.ports import Ids, Item


class IamRoles:
    """Implements :class:`appdp.engine.verify.ports.Roles`. Needs ``iam:GetRole``, ``iam:SimulatePrincipalPolicy``."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401  (no stubs)
        self._client = client

    @translated("iam")
    def role(self, arn: str) -> Item | None:
        """``GetRole``, or None when there is no such role."""
        try:
            found: Item = self._client.get_role(RoleName=arn.rpartition("/")[2])["Role"]
        except ClientError as error:
            if code_of(error) != "NoSuchEntity":
                raise
            return None
        return found if found["Arn"] == arn else None

    @translated("iam")
    def simulate(self, arn: str, actions: Ids, resources: Ids) -> tuple[Item, ...]:
        """``SimulatePrincipalPolicy``: one item for every action and resource."""
        pages = self._client.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=arn, ActionNames=list(actions), ResourceArns=list(resources)
        )
        return tuple(each for page in pages for result in page["EvaluationResults"] for each in _each(result))


def _each(result: Item) -> list[Item]:
    """One item for every resource: with several, IAM gives their results below the one of the action."""
    action, missing = result["EvalActionName"], result.get("MissingContextValues", [])
    specific = result.get("ResourceSpecificResults") or []
    if not specific:
        one = {"resource": result.get("EvalResourceName", "*"), "decision": result["EvalDecision"]}
        return [{"action": action, "missing": missing, **one}]
    return [
        {
            "action": action,
            "resource": each["EvalResourceName"],
            "decision": each["EvalResourceDecision"],
            "missing": each.get("MissingContextValues", missing),
        }
        for each in specific
    ]
