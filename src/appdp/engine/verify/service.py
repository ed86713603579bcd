"""Whether the cluster, the service, its task definition and its roles are there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from appdp.engine.verify.check import DEPLOY_STACK, Finding, Result, ServiceCheck, Skip, TaskCheck, judged, ok
from appdp.engine.verify.ports import Item
from appdp.engine.verify.subject import JobSubject, ServiceSubject, Subject

_API: Final = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference"
_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
_TASKS: Final = "ecs-tasks.amazonaws.com"


def _cluster(subject: Subject) -> Finding:
    arns = tuple(sorted({one.manifest.cluster for one in subject.scene.subjects}))
    found = subject.memo.ask(subject.facts.ecs.clusters, arns).get(subject.manifest.cluster)
    what = f"cluster {_short(subject.manifest.cluster)}"
    return _active(what, found, then="Deploy the stack with the cluster again: cdk deploy.")


def _service(subject: ServiceSubject) -> Finding:
    found = subject.scene.services.get(subject.manifest.service)
    return _active(f"service {_short(subject.manifest.service)}", found)


def _task_definition(subject: Subject) -> Finding:
    name = _short(subject.manifest.task_definition)
    try:
        found = subject.definition
    except Skip:
        return Finding(result=Result.FAILED, found=f"task definition {name} does not exist", then=DEPLOY_STACK)
    return _active(f"task definition {name}", found)


def _containers(subject: Subject) -> Finding:
    wanted = {*subject.manifest.containers, *_deciding(subject)}
    there = [str(one.get("name")) for one in subject.containers]
    name = _short(subject.manifest.task_definition)
    faults = [f"task definition {name} has no container {one}" for one in sorted(wanted) if one not in there]
    return judged(faults, f"{', '.join(sorted(wanted))} found", then=DEPLOY_STACK)


def _deciding(subject: Subject) -> list[str]:
    return [subject.manifest.deciding_container] if isinstance(subject, JobSubject) else []


def _active(what: str, found: Item | None, *, then: str = DEPLOY_STACK) -> Finding:
    status = "gone" if found is None else found.get("status", "")
    return judged([] if status == "ACTIVE" else [f"{what} is {status}"], f"{what} is ACTIVE", then=then)


def _deployment(subject: ServiceSubject) -> Finding:
    name = _short(str(subject.live["serviceArn"]))
    faults = [f"ECS is deploying service {name}"] if subject.changing else []
    then = "Wait until it ends, or return it: appdp status, appdp stop."
    return judged(faults, "no deployment is under way", then=then)


def _role(key: str, what: str, subject: Subject) -> Finding:
    arn = subject.definition.get(key)
    if not arn:
        raise Skip(f"the task definition has no {what}")
    return trusted(subject, str(arn), _TASKS)


def trusted(subject: Subject, arn: str, principal: str) -> Finding:
    """Whether a role exists and a service of AWS may assume it."""
    role = subject.memo.ask(subject.facts.roles.role, arn)
    name = _short(arn)
    if role is None:
        return Finding(result=Result.FAILED, found=f"role {name} does not exist", then=DEPLOY_STACK)
    if not trusts(role, principal):
        found = f"role {name} does not trust {principal}"
        return Finding(result=Result.FAILED, found=found, then=f"Let {principal} assume it in the role's trust policy.")
    return ok(f"role {name} trusts {principal}")


def trusts(role: Item, principal: str) -> bool:
    """Whether some statement of the trust policy allows the principal; its conditions are not looked at."""
    statements = as_list((role.get("AssumeRolePolicyDocument") or {}).get("Statement"))
    return any(_allows(statement, principal) for statement in statements)


def _allows(statement: Mapping[str, Any], principal: str) -> bool:
    who = statement.get("Principal")
    services = as_list(who.get("Service")) if isinstance(who, Mapping) else as_list(who)
    return statement.get("Effect") == "Allow" and any(each in (principal, "*") for each in services)


def as_list(value: Any) -> list[Any]:  # noqa: ANN401  (any JSON)
    """What a policy may say as one value or as several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


CHECKS: Final = (
    TaskCheck(
        id="cluster-active",
        asks="The cluster is ACTIVE.",
        why="A cluster that is gone or being deleted starts no task.",
        source=f"{_API}/API_Cluster.html",
        look=_cluster,
    ),
    ServiceCheck(
        id="service-active",
        asks="The service is ACTIVE.",
        why="A service that is draining or gone cannot be deployed to.",
        source=f"{_API}/API_Service.html",
        look=_service,
    ),
    TaskCheck(
        id="task-definition-active",
        asks="The task definition that CloudFormation registered last is ACTIVE.",
        why="Releases are copies of it.",
        source=f"{_API}/API_TaskDefinition.html",
        look=_task_definition,
    ),
    TaskCheck(
        id="containers-exist",
        asks="The containers that run the application's images, and the one that decides on a job, are there.",
        why="A release puts its images into these containers of the task definition.",
        source=f"{_API}/API_ContainerDefinition.html",
        look=_containers,
    ),
    ServiceCheck(
        id="no-deployment",
        asks="No service deployment is in progress.",
        why="A release waits for it, or is refused.",
        source=f"{_API}/API_ServiceDeployment.html",
        look=_deployment,
    ),
    TaskCheck(
        id="execution-role",
        asks=f"The execution role exists and trusts {_TASKS}.",
        why="With it ECS pulls images, reads secrets and writes logs before a container runs.",
        source=f"{_GUIDE}/task_execution_IAM_role.html",
        look=partial(_role, "executionRoleArn", "execution role"),
    ),
    TaskCheck(
        id="task-role",
        asks=f"The task role exists and trusts {_TASKS}.",
        why="Without it the containers have no credentials, and ECS may not start them.",
        source=f"{_GUIDE}/task-iam-roles.html",
        look=partial(_role, "taskRoleArn", "task role"),
    ),
)
