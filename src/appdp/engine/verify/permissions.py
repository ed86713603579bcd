"""Whether the roles may do what ECS does with them, by IAM's own simulation.

The simulation knows the role's policies and its boundary, but no policy of a resource and none of an organization, and
it has no values for conditions that only a real call has. Where a condition decides, the answer is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from appdp.engine.verify.check import Finding, ServiceCheck, Skip, TaskCheck, judged, unknown
from appdp.engine.verify.configuration import environment_files, log_options, parameters, secrets
from appdp.engine.verify.images import repositories
from appdp.engine.verify.load_balancing import advanced, group_arns
from appdp.engine.verify.ports import Item
from appdp.engine.verify.subject import ServiceSubject, Subject
from appdp.engine.verify.traffic import gate_hooks

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
_ALLOW: Final = "Allow it in the role's policy."

_PULL: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_LOG: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
_LOOK: Final = (
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)
_REGISTER: Final = ("elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets")

Needs = Iterable[tuple[tuple[str, ...], tuple[str, ...]]]
"""Actions, and the resources that each of them is needed on."""


def _simulated(subject: Subject, arn: str, needs: Needs) -> Finding:
    results: list[Item] = []
    for actions, resources in needs:
        if resources:
            results += subject.memo.ask(subject.facts.roles.simulate, arn, actions, resources)
    denied = [one for one in results if one["decision"] != "allowed"]
    sure = [one for one in denied if one["decision"] == "explicitDeny" or not one["missing"]]
    if denied and not sure:
        keys = sorted({key for one in denied for key in one["missing"]})
        return unknown(
            f"{_said(denied[0])} depends on {', '.join(keys)}, which only a real call has",
            "Look at the conditions of the role's policy.",
        )
    return judged([f"{_said(one)} is not allowed" for one in sure], f"{len(results)} allowed", then=_ALLOW)


def _said(one: Item) -> str:
    return f"{one['action']} on {one['resource']}"


def _partition(arn: str) -> tuple[str, str, str]:
    parts = arn.split(":")
    return parts[1], parts[3], parts[4]


def _execution_role(subject: Subject) -> Finding:
    arn = subject.definition.get("executionRoleArn")
    if not arn:
        raise Skip("the task definition has no execution role")
    partition, region, account = _partition(subject.manifest.cluster)
    pulled = [
        f"arn:{partition}:ecr:{one.region}:{one.registry_id}:repository/{one.repository}"
        for one in repositories(subject)
    ]
    logged = dict.fromkeys(
        f"arn:{partition}:logs:{options.get('awslogs-region') or region}:{account}:log-group:"
        f"{options.get('awslogs-group', '')}:log-stream:appdp"
        for options in log_options(subject)
    )
    named = [
        each if each.startswith("arn:") else f"arn:{partition}:ssm:{region}:{account}:parameter/{each.lstrip('/')}"
        for each in parameters(subject)
    ]
    read = tuple(dict.fromkeys(one.arn for one in secrets(subject)))
    needs = [
        (("ecr:GetAuthorizationToken",), ("*",) if pulled else ()),
        (_PULL, tuple(pulled)),
        (_LOG, tuple(logged)),
        (("secretsmanager:GetSecretValue",), read),
        (("ssm:GetParameters",), tuple(named)),
        (("s3:GetObject",), tuple(environment_files(subject))),
    ]
    return _simulated(subject, str(arn), needs)


def _load_balancing_role(subject: ServiceSubject) -> Finding:
    settings = advanced(subject)
    arn = settings.get("roleArn")
    if not arn:
        raise Skip("the service names no role that moves traffic")
    keys = ("productionListenerRule", "testListenerRule")
    rules = tuple(str(settings[key]) for key in keys if settings.get(key))
    needs = [
        (_LOOK, ("*",)),
        (_REGISTER, group_arns(subject)),
        (("elasticloadbalancing:ModifyRule",), tuple(each for each in rules if ":listener-rule/" in each)),
        (("elasticloadbalancing:ModifyListener",), tuple(each for each in rules if ":listener/" in each)),
    ]
    return _simulated(subject, str(arn), needs)


def _gate_role(subject: ServiceSubject) -> Finding:
    hooks = [hook for hook in gate_hooks(subject) if hook.get("roleArn")]
    if not hooks:
        raise Skip("no lifecycle hook has a role")
    function = (str(hooks[0].get("hookTargetArn", "")),)
    return _simulated(subject, str(hooks[0]["roleArn"]), [(("lambda:InvokeFunction",), function)])


CHECKS: Final = (
    TaskCheck(
        id="execution-role-permissions",
        asks="The execution role may pull the images, write the logs, and read secrets, parameters and files.",
        why="ECS does all of that with this role before a container starts.",
        source=f"{_GUIDE}/task_execution_IAM_role.html",
        look=_execution_role,
    ),
    ServiceCheck(
        id="load-balancing-role-permissions",
        asks="The role with which ECS moves traffic may change the rules and register targets.",
        why="The deployment fails when ECS may not.",
        source=f"{_GUIDE}/AmazonECSInfrastructureRolePolicyForLoadBalancers.html",
        look=_load_balancing_role,
    ),
    ServiceCheck(
        id="gate-role-permissions",
        asks="The role with which ECS calls the gate may invoke its function.",
        why="A hook that cannot be called fails the deployment.",
        source=f"{_GUIDE}/blue-green-permissions.html",
        look=_gate_role,
    ),
)
