"""The calls of roles: which role asked for which action on which resource, to be compared with what it is allowed.

Nothing is refused here: the record is for tests, which compare it with the roles' policies. It says what AWS would
check, so a call is noted before it is answered, whatever the answer.

Some calls need more than their own action, such as ``iam:PassRole``: that is noted with them.

See: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass
from typing import Any, Final

from appdp.local import query
from appdp.local.implied_calls import implied
from appdp.local.protocol import Signature
from appdp.local.registry_requests import RegistryRequest
from appdp.local.wire import Caller

LIMIT: Final = 20_000
"""The most different calls that are kept."""

ANY: Final = "*"
"""The resource of a call to an action that is known to have none, or whose resource is not worked out here."""

_RESOURCES: Final[Mapping[str, Mapping[str, str]]] = {
    "codedeploy": {
        "deploymentGroupName": "deploymentgroup:{applicationName}/{}",
        "deploymentGroupNames": "deploymentgroup:{applicationName}/{}",
        "deploymentConfigName": "deploymentconfig:{}",
        "applicationName": "application:{}",
    },
    "ecr": {"repositoryName": "repository/{}"},
    "ecs": {
        **dict.fromkeys(("serviceDeploymentArn", "serviceDeploymentArns", "serviceRevisionArns"), ""),
        **dict.fromkeys(("services", "service"), "service/{cluster}/{}"),
        **dict.fromkeys(("tasks", "task"), "task/{cluster}/{}"),
    },
    "events": {"Entries": "event-bus/{}"},
    "logs": {"logGroupName": "log-group:{}:log-stream:{logStreamName}"},
    "ssm": {"Name": "parameter/{}", "Names": "parameter/{}", "Path": "parameter/{}"},
    "states": {"executionArn": "", "stateMachineArn": ""},
}
"""Service → parameter that names the resource → the end of its ARN. The first parameter that is there counts."""

_OPERATIONS: Final[Mapping[str, str]] = {"ecs:RunTask": "taskDefinition"}
"""Action → parameter that names its resource by an ARN, where the service's other actions mean something else by it."""

_PREFIXES: Final[Mapping[str, str]] = {"monitoring": "cloudwatch"}
"""The name that a service's requests are signed with → the prefix of its IAM actions, where the two differ."""


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """A call of a role: its ARN, an IAM action such as ``ssm:GetParameter``, and the ARN of a resource or ``*``."""

    role: str
    action: str
    resource: str


class CallRecord:
    """The different calls that roles made.

    Args:
        registry: whose registry it is.

    Attributes:
        deployment_group: id of a CodeDeploy deployment → its ``application/group``, which is what AWS asks for;
            empty when it is not known.
    """

    def __init__(self, registry: Caller) -> None:
        self._registry = registry
        self._calls: set[Call] = set()
        self.deployment_group: Callable[[str], str] = lambda _deployment: ""

    def page(self) -> dict[str, list[tuple[str, ...]]]:
        """All of them, for ``/_appdp/calls``."""
        return {"calls": [astuple(call) for call in sorted(self._calls)]}

    def note_request(self, role: str, request: RegistryRequest) -> None:
        """Note a request to the registry."""
        for action in request.actions:
            self.note(role, action, _arn("ecr", self._registry, f"repository/{request.repository}"))

    def note_call(self, role: str, signed: Signature, headers: Mapping[str, str], body: bytes) -> None:
        """Note a call of an API.

        A call whose operation is in its address, as of Amazon S3, is noted under its service's name alone: no policy
        allows that, so a comparison tells of it.
        """
        given = _json(body)
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        if not name and headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            name = query.form(body).get("Action", "")
        action = f"{_PREFIXES.get(signed.service, signed.service)}:{name}"
        for resource in self._deployments(signed, given) or _resources(signed, given, action):
            self.note(role, action, resource)
        for more, resource in implied(action, given, signed.caller):
            self.note(role, more, resource)

    def _deployments(self, signed: Signature, given: Mapping[str, Any]) -> list[str]:
        """The deployment groups of the CodeDeploy deployments that a call names.

        See: https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html
        """
        if signed.service != "codedeploy":
            return []
        named = given.get("deploymentIds") or [given.get("deploymentId")]
        groups = [self.deployment_group(str(item)) for item in named if item]
        return [_arn("codedeploy", signed.caller, f"deploymentgroup:{group}") if group else ANY for group in groups]

    def note_schedule(self, role: str, signed: Signature, action: str, end: str, body: bytes = b"") -> None:
        """Note an action of EventBridge Scheduler on a schedule."""
        self.note(role, f"scheduler:{action}", _arn("scheduler", signed.caller, end))
        for more, resource in implied(f"scheduler:{action}", _json(body), signed.caller):
            self.note(role, more, resource)

    def note(self, role: str, action: str, resource: str) -> None:
        """Note an action on a resource."""
        if len(self._calls) < LIMIT:
            self._calls.add(Call(role, action, resource))


def _json(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _resources(signed: Signature, given: Mapping[str, Any], action: str) -> Iterator[str]:
    if action in _OPERATIONS:
        yield _resource(signed, given, given.get(_OPERATIONS[action], ANY), "")
        return
    for parameter, end in _RESOURCES.get(signed.service, {}).items():
        if parameter in given:
            named = given[parameter]
            for value in named if isinstance(named, list) else [named]:
                yield _resource(signed, given, value, end)
            return
    yield ANY


def _resource(signed: Signature, given: Mapping[str, Any], value: Any, end: str) -> str:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, dict):  # an event, which says its bus
        value = value.get("EventBusName", "default")
    if str(value).startswith("arn:"):
        return str(value)
    if not end:
        return ANY
    account = str(given.get("registryId", signed.caller.account))
    # A parameter's ARN has one slash, whether its name starts with one or not.
    name = str(value).removeprefix("/") if signed.service == "ssm" else str(value)
    where = Caller(account=account, region=signed.caller.region)
    return _arn(signed.service, where, _end(end, name, given))


def _end(end: str, name: str, given: Mapping[str, Any]) -> str:
    others = {parameter: given.get(parameter, ANY) for parameter in ("logStreamName", "applicationName")}
    others["cluster"] = str(given.get("cluster", "default")).rpartition("/")[2]
    return end.format(name, **others)


def _arn(service: str, where: Caller, end: str) -> str:
    return f"arn:aws:{service}:{where.region}:{where.account}:{end}"
