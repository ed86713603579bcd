"""Amazon ECS services, their deployments and their revisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from appdp.aws.app_spec import primary
from appdp.aws.errors import code_of, translated
from appdp.engine.live import DeploymentStatus, LiveDeployment, LiveRevision, LiveService

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import (
        ServiceDeploymentTypeDef,
        ServiceRevisionTypeDef,
        ServiceTypeDef,
        UpdateServiceRequestTypeDef,
    )

    from appdp.aws.session import Session

_SERVICES: Final = 10
"""Services a DescribeServices call takes.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
"""

_DEPLOYMENTS: Final = 20
"""Deployments a DescribeServiceDeployments call takes, and revisions a DescribeServiceRevisions call takes.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html
"""

_LISTED: Final = 100
"""Deployments that one page of ListServiceDeployments holds at most.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
"""

_STOPPING: Final = frozenset(
    {
        DeploymentStatus.STOP_REQUESTED,
        DeploymentStatus.ROLLBACK_REQUESTED,
        DeploymentStatus.ROLLBACK_IN_PROGRESS,
    }
)

_CANNOT_STOP: Final = frozenset(
    {"ClientException", "ConflictException", "InvalidParameterException", "ServiceDeploymentNotFoundException"}
)
"""What StopServiceDeployment may answer when the deployment is no longer one that can be stopped."""


class EcsServices:
    """ECS's part of :class:`appdp.engine.ports.Services`. Needs ``ecs:DescribeServices``,
    ``ecs:ListServiceDeployments``, ``ecs:DescribeServiceDeployments``, ``ecs:DescribeServiceRevisions``,
    ``ecs:UpdateService``, ``ecs:StopServiceDeployment``, and ``iam:PassRole`` for the roles of the task definitions.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("ecs")
    def describe(self, services: Sequence[tuple[str, str]]) -> dict[str, LiveService]:
        """Describe services given as (cluster, service ARN); keyed by service ARN, missing ones left out."""
        found: dict[str, LiveService] = {}
        for cluster, pairs in groupby(sorted(set(services)), key=lambda pair: pair[0]):
            for chunk in _chunks([arn for _, arn in pairs], _SERVICES):
                answer = self._session.ecs.describe_services(cluster=cluster, services=chunk)
                found |= {
                    item.get("serviceArn", ""): _service(item)
                    for item in answer["services"]
                    if item.get("status") != "INACTIVE"
                }
        return found

    @translated("ecs")
    def newest_deployments(self, cluster: str, service: str, limit: int = 10) -> tuple[LiveDeployment, ...]:
        """The service's deployments, newest first."""
        answer = self._session.ecs.list_service_deployments(cluster=cluster, service=service, maxResults=_LISTED)
        # The API does not promise an order, so sort a whole page; and the brief has no stage, so describe.
        briefs = sorted(answer["serviceDeployments"], key=lambda brief: brief["createdAt"], reverse=True)[:limit]
        arns = [brief.get("serviceDeploymentArn", "") for brief in briefs]
        described = self.deployments(arns)
        return tuple(described[arn] for arn in arns if arn in described)

    @translated("ecs")
    def deployments(self, arns: Sequence[str]) -> dict[str, LiveDeployment]:
        """Describe service deployments by ARN, missing ones left out."""
        found: dict[str, LiveDeployment] = {}
        for chunk in _chunks(arns, _DEPLOYMENTS):
            answer = self._session.ecs.describe_service_deployments(serviceDeploymentArns=chunk)
            found |= {item.get("serviceDeploymentArn", ""): _deployment(item) for item in answer["serviceDeployments"]}
        return found

    @translated("ecs")
    def revisions(self, arns: Sequence[str]) -> dict[str, LiveRevision]:
        """Describe service revisions by ARN, missing ones left out."""
        found: dict[str, LiveRevision] = {}
        for chunk in _chunks(arns, _DEPLOYMENTS):
            answer = self._session.ecs.describe_service_revisions(serviceRevisionArns=chunk)
            found |= {item.get("serviceRevisionArn", ""): _revision(item) for item in answer["serviceRevisions"]}
        return found

    @translated("ecs")
    def update(
        self, cluster: str, service: str, *, task_definition: str, desired_count: int | None = None, force: bool = False
    ) -> None:
        """Point the service at a task definition, which starts a service deployment."""
        request: UpdateServiceRequestTypeDef = {
            "cluster": cluster,
            "service": service,
            "taskDefinition": task_definition,
        }
        if desired_count is not None:
            request["desiredCount"] = desired_count
        if force:
            request["forceNewDeployment"] = True
        self._session.ecs.update_service(**request)

    @translated("ecs")
    def set_desired_count(self, cluster: str, service: str, count: int) -> None:
        """Change nothing but the desired count."""
        self._session.ecs.update_service(cluster=cluster, service=service, desiredCount=count)

    @translated("ecs")
    def stop(self, deployment: str) -> None:
        """StopServiceDeployment with ROLLBACK. Stopping one that ended, or that is being stopped, is not an error."""
        try:
            self._session.ecs.stop_service_deployment(serviceDeploymentArn=deployment, stopType="ROLLBACK")
        except ClientError as error:
            if code_of(error) not in _CANNOT_STOP:
                raise
            now = self.deployments([deployment]).get(deployment)
            if now is not None and not now.status.ended and now.status not in _STOPPING:
                raise


def _chunks(items: Sequence[str], size: int) -> Iterator[list[str]]:
    unique = list(dict.fromkeys(items))
    for start in range(0, len(unique), size):
        yield unique[start : start + size]


def _service(item: ServiceTypeDef) -> LiveService:
    controller = item.get("deploymentController", {}).get("type", "ECS")
    # CodeDeploy leaves the service itself as it was created; its task sets tell what runs.
    live = primary(item) if controller == "CODE_DEPLOY" else {}
    task_sets = item.get("taskSets", ()) if controller == "CODE_DEPLOY" else ()
    return LiveService(
        arn=item.get("serviceArn", ""),
        cluster=item.get("clusterArn", ""),
        task_definition=live.get("taskDefinition") or item.get("taskDefinition", ""),
        desired_count=item.get("desiredCount", 0),
        running_count=item.get("runningCount", 0),
        pending_count=item.get("pendingCount", 0),
        strategy=item.get("deploymentConfiguration", {}).get("strategy", "ROLLING"),
        controller=controller,
        revisions=(
            *(one.get("taskSetArn", "") for one in task_sets),
            *(revision.get("arn", "") for revision in item.get("currentServiceRevisions", ())),
        ),
        alarms=_alarms(item),
    )


def _alarms(item: ServiceTypeDef) -> tuple[str, ...]:
    alarms = item.get("deploymentConfiguration", {}).get("alarms")
    return tuple(alarms["alarmNames"]) if alarms and alarms["enable"] else ()


def _deployment(item: ServiceDeploymentTypeDef) -> LiveDeployment:
    created = item.get("createdAt")
    said = (item.get("statusReason", ""), item.get("rollback", {}).get("reason", ""))
    return LiveDeployment(
        arn=item.get("serviceDeploymentArn", ""),
        service=item.get("serviceArn", ""),
        status=_status(item.get("status", "PENDING")),
        stage=item.get("lifecycleStage", ""),
        reason="; ".join(dict.fromkeys(filter(None, said))),
        target_revision=item.get("targetServiceRevision", {}).get("arn"),
        created_at=created.timestamp() if created else 0.0,
    )


def _status(word: str) -> DeploymentStatus:
    try:
        return DeploymentStatus(word)
    except ValueError:
        # A status that this version does not know has not ended as far as it can tell, so it goes on watching.
        return DeploymentStatus.IN_PROGRESS


def _revision(item: ServiceRevisionTypeDef) -> LiveRevision:
    return LiveRevision(
        arn=item.get("serviceRevisionArn", ""),
        task_definition=item.get("taskDefinition", ""),
        digests={
            image.get("containerName", ""): image.get("imageDigest", "")
            for image in item.get("containerImages", ())
            if image.get("imageDigest")
        },
    )
