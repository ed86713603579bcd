"""Which IAM actions each verb needs. ``docs/commands.md`` shows them; a test compares them with what the verbs call."""

from __future__ import annotations

from typing import Final

_FIND: Final = frozenset({"ssm:GetParameter", "ssm:GetParametersByPath"})
_SERVICES: Final = frozenset({"ecs:DescribeServices", "ecs:DescribeServiceRevisions", "ecs:DescribeTaskDefinition"})
_SCHEDULES: Final = frozenset({"scheduler:GetSchedule"})
_TASKS: Final = frozenset({"ecs:ListTasks", "ecs:DescribeTasks"})
_IMAGES: Final = frozenset({"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"})
_SURVEY: Final = (
    _FIND
    | _SERVICES
    | _IMAGES
    | _SCHEDULES
    | {
        "cloudwatch:DescribeAlarms",
        "ecr:DescribeImages",
        "ecs:DescribeServiceDeployments",
        "ecs:ListServiceDeployments",
        "ssm:GetParameterHistory",
        "states:DescribeExecution",
    }
)
_FOLLOW: Final = frozenset({"states:DescribeExecution", "states:GetExecutionHistory"})
_DECIDE: Final = _FIND | {"ssm:PutParameter", "states:DescribeExecution"}
_STATUS: Final = _FIND | _SERVICES | _IMAGES | _SCHEDULES | _FOLLOW | _TASKS | {"ssm:GetParameterHistory"}
_VERIFY: Final = (
    _FIND
    | _IMAGES
    | _SCHEDULES
    | _TASKS
    | {
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpoints",
        "ecr:DescribeImages",
        "ecs:DescribeClusters",
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:ListServiceDeployments",
        "ecs:ListTasks",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "iam:GetRole",
        "iam:SimulatePrincipalPolicy",
        "lambda:GetFunctionConfiguration",
        "logs:DescribeLogGroups",
        "s3:GetObject",
        "s3:ListBucket",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "servicequotas:GetAWSDefaultServiceQuota",
        "servicequotas:GetServiceQuota",
        "ssm:GetParameters",
    }
)

ACTIONS: Final[dict[str, frozenset[str]]] = {
    "deploy": _SURVEY | _FOLLOW | {"states:StartExecution"},
    "rollback": _SURVEY | _FOLLOW | {"states:StartExecution"},
    "approve": _DECIDE,
    "reject": _DECIDE,
    "stop": _FIND | _FOLLOW | {"ssm:GetParameterHistory", "ssm:PutParameter"},
    "wait": _FIND | _FOLLOW | {"ssm:GetParameterHistory"},
    "status": _STATUS,
    "diff": _SURVEY - {"cloudwatch:DescribeAlarms", "states:DescribeExecution"},
    "verify": _VERIFY,
    "history": _FIND | {"ssm:GetParameterHistory"},
    "releases": _FIND | {"ecr:DescribeImages"},
    "run": _FIND
    | _IMAGES
    | {
        "ecr:DescribeImages",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:RegisterTaskDefinition",
        "ecs:RunTask",
        "ecs:StopTask",
        "logs:FilterLogEvents",
    },
    "hotswap": _FIND
    | _SERVICES
    | _IMAGES
    | {
        "ecr:BatchCheckLayerAvailability",
        "ecr:CompleteLayerUpload",
        "ecr:GetAuthorizationToken",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeTasks",
        "ecs:ListServiceDeployments",
        "ecs:ListTasks",
        "ecs:RegisterTaskDefinition",
        "ecs:StopServiceDeployment",
        "ecs:UpdateService",
        "elasticloadbalancing:DescribeTargetHealth",
        "logs:GetLogEvents",
        "ssm:DeleteParameter",
        "ssm:PutParameter",
        "states:DescribeExecution",
    },
    "logs": _FIND | {"ecs:DescribeServices", "ecs:DescribeTaskDefinition", "logs:FilterLogEvents"},
    "exec": _FIND
    | {
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServiceRevisions",
        "ecs:DescribeServices",
        "ecs:DescribeTasks",
        "ecs:ExecuteCommand",
        "ecs:ListServiceDeployments",
        "ecs:ListTasks",
    },
    "unlock": _FIND | {"ssm:PutParameter", "ssm:DeleteParameter", "states:DescribeExecution"},
    "doctor": (_STATUS - _TASKS - {"states:GetExecutionHistory"}) | {"logs:FilterLogEvents"},
    "init": frozenset(
        {
            "ec2:DescribeSubnets",
            "ecs:DescribeServices",
            "ecs:DescribeTaskDefinition",
            "ecs:ListClusters",
            "ecs:ListServices",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTargetGroups",
        }
    ),
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
    "verify": "`Deployer.grant_deploy()` grants what finds the environment and its images. The others are optional: "
    "without one of them, the checks that need it are `unknown`. `secretsmanager:GetSecretValue` is asked only where a "
    "container takes one JSON key of a secret.",
    "history": "`Deployer.grant_deploy()` grants them.",
    "releases": "`Deployer.grant_deploy()` grants them.",
    "run": "`Deployer.grant_run_jobs()` grants them, with `ecs:TagResource` and `iam:PassRole`, which ECS asks for "
    "when a task definition with tags and roles is registered and run.",
    "hotswap": "`Deployer.grant_hotswap()` grants them, with `ecs:TagResource` and `iam:PassRole`, which ECS asks for "
    "when a task definition with tags and roles is registered. [Hot swaps](hotswap.md) says more.",
    "logs": "`Deployer.grant_deploy()` grants them but for `logs:FilterLogEvents`, as logs may tell what is nobody's "
    "business: allow it on the log groups of the services, `/appdp/{application}/{environment}/*`.",
    "exec": "`Deployer.grant_deploy()` grants them but for `ecs:ExecuteCommand`, which the service's own "
    "`grant_execute_command()` does.",
    "unlock": "`Deployer.grant_deploy()` does not grant writing the parameters "
    "`/appdp/{application}/{environment}/lock` and `…/lock-takeover/*`, which takes a lock away from whoever has it.",
    "doctor": "`Deployer.grant_deploy()` grants them but for `logs:FilterLogEvents`, without which it warns.",
    "init": "Only `--from-service` needs them; all of them only read.",
    "rehearse": "It needs no AWS account.",
}
"""Verb → who grants that, and on what."""
