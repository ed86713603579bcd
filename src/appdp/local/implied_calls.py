"""What AWS checks with a call besides the call's own action: actions that are no calls of their own.

Each is about what the request itself names.

See: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from appdp.local.wire import Caller

Given = Mapping[str, Any]
Needed = Iterator[tuple[str, str]]
"""Actions, each with the ARN of its resource."""


def implied(action: str, given: Given, caller: Caller) -> Needed:
    """What else a call needs.

    Args:
        action: of the call, such as ``ecs:RegisterTaskDefinition``.
        given: the parameters that it sends.
        caller: the account and region that it is sent to.
    """
    found = _IMPLIED.get(action)
    return found(given, f"{caller.region}:{caller.account}") if found else iter(())


def _register(given: Given, where: str) -> Needed:
    for name in ("taskRoleArn", "executionRoleArn"):
        if given.get(name):
            yield "iam:PassRole", str(given[name])
    if given.get("tags"):
        yield "ecs:TagResource", f"arn:aws:ecs:{where}:task-definition/{given.get('family')}:*"


def _run_task(given: Given, where: str) -> Needed:
    # Tags that come from the task definition are the caller's to set, too.
    if given.get("tags") or given.get("propagateTags", "NONE") != "NONE":
        yield "ecs:TagResource", f"arn:aws:ecs:{where}:task/*"


def _schedule(given: Given, _where: str) -> Needed:
    if role := given.get("Target", {}).get("RoleArn"):
        yield "iam:PassRole", str(role)


def _deploy(given: Given, where: str) -> Needed:
    """CreateDeployment with an AppSpec in it registers that as a revision.

    See: https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html
    """
    if given.get("revision"):
        yield (
            "codedeploy:RegisterApplicationRevision",
            f"arn:aws:codedeploy:{where}:application:{given.get('applicationName')}",
        )


_IMPLIED: Final[Mapping[str, Callable[[Given, str], Needed]]] = {
    "codedeploy:CreateDeployment": _deploy,
    "ecs:RegisterTaskDefinition": _register,
    "ecs:RunTask": _run_task,
    "scheduler:CreateSchedule": _schedule,
    "scheduler:UpdateSchedule": _schedule,
}
