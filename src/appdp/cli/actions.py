"""Which IAM actions each verb needs. ``docs/commands.md`` shows them; a test compares them with what the verbs call."""

from __future__ import annotations

from typing import Final

_FIND: Final = frozenset({"ssm:GetParameter", "ssm:GetParametersByPath"})
_SERVICES: Final = frozenset({"ecs:DescribeServices", "ecs:DescribeServiceRevisions", "ecs:DescribeTaskDefinition"})
_IMAGES: Final = frozenset({"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"})
_SURVEY: Final = (
    _FIND
    | _SERVICES
    | _IMAGES
    | {
        "ecr:DescribeImages",
        "ecs:DescribeServiceDeployments",
        "ecs:ListServiceDeployments",
        "ssm:GetParameterHistory",
        "states:DescribeExecution",
    }
)
_FOLLOW: Final = frozenset({"states:DescribeExecution", "states:GetExecutionHistory"})
_DECIDE: Final = _FIND | {"ssm:PutParameter", "states:DescribeExecution"}
_STATUS: Final = _FIND | _SERVICES | _IMAGES | _FOLLOW | {"ssm:GetParameterHistory"}

ACTIONS: Final[dict[str, frozenset[str]]] = {
    "deploy": _SURVEY | _FOLLOW | {"states:StartExecution"},
    "rollback": _SURVEY | _FOLLOW | {"states:StartExecution"},
    "approve": _DECIDE,
    "reject": _DECIDE,
    "stop": _FIND | _FOLLOW | {"ssm:GetParameterHistory", "ssm:PutParameter"},
    "wait": _FIND | _FOLLOW | {"ssm:GetParameterHistory"},
    "status": _STATUS,
    "diff": _SURVEY - {"states:DescribeExecution"},
    "history": _FIND | {"ssm:GetParameterHistory"},
    "releases": _FIND | {"ecr:DescribeImages"},
    "logs": _FIND | {"ecs:DescribeServices", "ecs:DescribeTaskDefinition", "logs:FilterLogEvents"},
    "unlock": _FIND | {"ssm:PutParameter", "ssm:DeleteParameter", "states:DescribeExecution"},
    "doctor": (_STATUS - {"states:GetExecutionHistory"}) | {"logs:FilterLogEvents"},
    "rehearse": frozenset(),
}
"""Verb → actions, without those of the engine, which ``--direct`` needs besides. Nobody needs any for
``sts:GetCallerIdentity``.
"""

NOTES: Final[dict[str, str]] = {
    "deploy": "`Deployer.grant_deploy()` grants them. With `--direct`, what the deployer's own role may do, besides.",
    "rollback": "`Deployer.grant_deploy()` grants them. With `--direct`, what the deployer's own role may do, besides.",
    "approve": "`Deployer.grant_approve()` grants them; it writes the parameter "
    "`/appdp/{application}/{environment}/approval`.",
    "reject": "`Deployer.grant_approve()` grants them.",
    "stop": "`Deployer.grant_deploy()` grants them; it writes the parameter `/appdp/{application}/{environment}/stop`.",
    "wait": "`Deployer.grant_deploy()` grants them.",
    "status": "`Deployer.grant_deploy()` grants them.",
    "diff": "`Deployer.grant_deploy()` grants them.",
    "history": "`Deployer.grant_deploy()` grants them.",
    "releases": "`Deployer.grant_deploy()` grants them.",
    "logs": "`Deployer.grant_deploy()` grants them but for `logs:FilterLogEvents`, as logs may tell what is nobody's "
    "business: allow it on the log groups of the services, `/appdp/{application}/{environment}/*`.",
    "unlock": "`Deployer.grant_deploy()` does not grant writing the parameters "
    "`/appdp/{application}/{environment}/lock` and `…/lock-takeover/*`, which takes a lock away from whoever has it.",
    "doctor": "`Deployer.grant_deploy()` grants them but for `logs:FilterLogEvents`, without which it warns.",
    "rehearse": "It needs no AWS account.",
}
"""Verb → who grants that, and on what."""
