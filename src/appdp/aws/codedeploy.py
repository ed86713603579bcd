"""Services that CodeDeploy deploys: its deployments, in the words of ECS's own service deployments.

A deployment's name says all that acting on it needs:
``arn:aws:codedeploy:REGION:ACCOUNT:deployment:d-1A2B3C4D5/APPLICATION/GROUP/CLUSTER/SERVICE``. CreateDeployment knows
no client token and GetDeployment leaves the AppSpec's content out, so the description names the task definition; of
other people's deployments, GetApplicationRevision tells it.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetDeployment.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from appdp.aws.app_spec import app_spec
from appdp.aws.codedeploy_stages import stage_of, status_of
from appdp.aws.errors import code_of, translated
from appdp.engine.live import LiveDeployment

if TYPE_CHECKING:
    from appdp.aws.session import Session

_KIND: Final = ":codedeploy:"
_BATCH: Final = 25
"""Deployments a BatchGetDeployments call takes.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeployments.html
"""

_OURS: Final = re.compile(r"^appdp (arn:\S+)$")
_TASK_DEFINITION: Final = re.compile(r"""TaskDefinition["']?\s*:\s*["']?([^\s"',}]+)""")
_ROLLBACK: Final = "codeDeployRollback"

_NOT_WAITING: Final = frozenset({"DeploymentIsNotInReadyStateException", "DeploymentAlreadyCompletedException"})
"""What ContinueDeployment answers for a deployment that does not wait, or not any more.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ContinueDeployment.html
"""

_ENDED: Final = frozenset({"DeploymentAlreadyCompletedException", "DeploymentDoesNotExistException"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """The parts of a deployment's name. ``place`` is ``arn:aws:codedeploy:REGION:ACCOUNT``."""

    place: str
    id: str
    application: str
    group: str
    cluster: str
    service: str

    @classmethod
    def parse(cls, arn: str) -> _Name:
        place, _, rest = arn.partition(":deployment:")
        id, application, group, cluster, service = rest.split("/")
        return cls(place=place, id=id, application=application, group=group, cluster=cluster, service=service)

    @classmethod
    def of(cls, id: str, service: str, group: str) -> _Name:
        _, partition, _, region, account, resource = service.split(":", 5)
        _, cluster, name = resource.split("/")
        application, _, group_name = group.partition("/")
        place = f"arn:{partition}:codedeploy:{region}:{account}"
        return cls(place=place, id=id, application=application, group=group_name, cluster=cluster, service=name)

    @property
    def arn(self) -> str:
        return f"{self.place}:deployment:{self.id}/{self.application}/{self.group}/{self.cluster}/{self.service}"

    @property
    def service_arn(self) -> str:
        return f"{self.place.replace(_KIND, ':ecs:')}:service/{self.cluster}/{self.service}"


def is_codedeploy(arn: str) -> bool:
    """Whether a deployment's name is one of CodeDeploy's."""
    return _KIND in arn


class CodeDeployDeployments:
    """Part of :class:`appdp.engine.ports.Services`. Needs ``codedeploy:ListDeployments``,
    ``codedeploy:BatchGetDeployments``, ``codedeploy:GetDeploymentTarget``, ``codedeploy:GetApplicationRevision``,
    ``codedeploy:RegisterApplicationRevision``, ``codedeploy:GetDeploymentConfig``, ``codedeploy:CreateDeployment``,
    ``codedeploy:ContinueDeployment``, ``codedeploy:StopDeployment`` and ``ecs:DescribeServices``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("codedeploy")
    def newest(self, service: str, group: str, limit: int) -> tuple[LiveDeployment, ...]:
        """The deployments of a group, newest first. A rollback is told with the deployment that it takes back."""
        application, _, name = group.partition("/")
        answer = self._session.codedeploy.list_deployments(applicationName=application, deploymentGroupName=name)
        # The API lists the newest first; sorting puts right what began in the same moment.
        names = [_Name.of(id, service, group) for id in answer.get("deployments", ())[:_BATCH]]
        found = self._described(names, rollbacks=False)
        return tuple(sorted(found.values(), key=lambda one: one.created_at, reverse=True))[:limit]

    @translated("codedeploy")
    def described(self, arns: Sequence[str]) -> dict[str, LiveDeployment]:
        """Describe deployments by name, missing ones left out."""
        return self._described([_Name.parse(arn) for arn in dict.fromkeys(arns)], rollbacks=True)

    @translated("codedeploy")
    def create(self, cluster: str, service: str, group: str, task_definition: str) -> None:
        """CreateDeployment, with everything but the task definition as the live service has it."""
        application, _, name = group.partition("/")
        answer = self._session.ecs.describe_services(cluster=cluster, services=[service])
        self._session.codedeploy.create_deployment(
            applicationName=application,
            deploymentGroupName=name,
            revision={
                "revisionType": "AppSpecContent",
                "appSpecContent": {"content": app_spec(answer["services"][0], task_definition)},
            },
            description=f"appdp {task_definition}",
        )

    @translated("codedeploy")
    def open_gate(self, arn: str) -> None:
        """ContinueDeployment, unless the deployment does not wait (any more)."""
        try:
            self._session.codedeploy.continue_deployment(
                deploymentId=_Name.parse(arn).id, deploymentWaitType="READY_WAIT"
            )
        except ClientError as error:
            if code_of(error) not in _NOT_WAITING:
                raise

    @translated("codedeploy")
    def stop(self, arn: str) -> None:
        """StopDeployment with a rollback, unless the deployment ended."""
        try:
            self._session.codedeploy.stop_deployment(deploymentId=_Name.parse(arn).id, autoRollbackEnabled=True)
        except ClientError as error:
            if code_of(error) not in _ENDED:
                raise

    def _described(self, names: Sequence[_Name], *, rollbacks: bool) -> dict[str, LiveDeployment]:
        infos = self._infos([name.id for name in names])
        back = [id for info in infos.values() if (id := _rollback_of(info)) and id not in infos]
        every = infos | self._infos(back)
        return {
            name.arn: self._live(name, infos[name.id], every)
            for name in names
            if name.id in infos and (rollbacks or infos[name.id].get("creator") != _ROLLBACK)
        }

    def _infos(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(ids), _BATCH):
            answer = self._session.codedeploy.batch_get_deployments(deploymentIds=list(ids[start : start + _BATCH]))
            found |= {info["deploymentId"]: info for info in answer.get("deploymentsInfo", ())}
        return found

    def _live(self, name: _Name, info: Mapping[str, Any], every: Mapping[str, Mapping[str, Any]]) -> LiveDeployment:
        rollback = every.get(_rollback_of(info) or "")
        created = info.get("createTime")
        said = (
            info.get("errorInformation", {}).get("message", ""),
            info.get("rollbackInfo", {}).get("rollbackMessage", ""),
        )
        ours = _OURS.match(info.get("description") or "")
        return LiveDeployment(
            arn=name.arn,
            service=name.service_arn,
            status=status_of(info, rollback),
            stage=self._stage(name, info),
            reason="; ".join(dict.fromkeys(filter(None, said))),
            target_revision=ours[1] if ours else self._others(name, info),
            created_at=created.timestamp() if created else 0.0,
            by_appdp=ours is not None,
        )

    def _stage(self, name: _Name, info: Mapping[str, Any]) -> str:
        if info.get("status") != "InProgress":
            return stage_of(info, ())
        try:
            answer = self._session.codedeploy.get_deployment_target(
                deploymentId=name.id, targetId=f"{name.cluster}:{name.service}"
            )
        except ClientError as error:
            if code_of(error) != "DeploymentNotStartedException":
                raise
            return stage_of(info, ())
        return stage_of(info, answer["deploymentTarget"].get("ecsTarget", {}).get("lifecycleEvents", ()))

    def _others(self, name: _Name, info: Mapping[str, Any]) -> str:
        """The task definition of a deployment that somebody else started; a name that fits nothing if unreadable."""
        revision = info.get("revision", {})
        part = revision.get("appSpecContent") or revision.get("string") or {}
        content = part.get("content")
        if not content and revision.get("appSpecContent"):
            answer = self._session.codedeploy.get_application_revision(
                applicationName=name.application,
                revision={"revisionType": "AppSpecContent", "appSpecContent": {"sha256": part.get("sha256", "")}},
            )
            content = answer.get("revision", {}).get("appSpecContent", {}).get("content")
        found = _TASK_DEFINITION.search(content or "")
        return found[1] if found else f"unknown revision of {name.arn}"


def _rollback_of(info: Mapping[str, Any]) -> str | None:
    found: str | None = info.get("rollbackInfo", {}).get("rollbackDeploymentId")
    return found
