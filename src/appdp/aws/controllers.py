"""Services whoever deploys them: every call goes to ECS or to CodeDeploy, by what it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appdp.aws.codedeploy import CodeDeployDeployments, is_codedeploy
from appdp.aws.services import EcsServices
from appdp.aws.task_sets import TaskSets, is_revision
from appdp.engine.live import LiveDeployment, LiveRevision, LiveService

if TYPE_CHECKING:
    from appdp.aws.session import Session


class ControlledServices:
    """Implements :class:`appdp.engine.ports.Services`."""

    def __init__(self, session: Session) -> None:
        self._ecs = EcsServices(session)
        self._codedeploy = CodeDeployDeployments(session)
        self._task_sets = TaskSets(session)

    def describe(self, services: Sequence[tuple[str, str]]) -> dict[str, LiveService]:
        """Describe services given as (cluster, service ARN); keyed by service ARN, missing ones left out."""
        return self._ecs.describe(services)

    def newest_deployments(
        self, cluster: str, service: str, limit: int = 10, *, group: str | None = None
    ) -> tuple[LiveDeployment, ...]:
        """The service's deployments, newest first."""
        if group is None:
            return self._ecs.newest_deployments(cluster, service, limit)
        return self._codedeploy.newest(service, group, limit)

    def deployments(self, arns: Sequence[str]) -> dict[str, LiveDeployment]:
        """Describe deployments by ARN, missing ones left out."""
        found = self._ecs.deployments([arn for arn in arns if not is_codedeploy(arn)])
        return found | self._codedeploy.described([arn for arn in arns if is_codedeploy(arn)])

    def revisions(self, arns: Sequence[str]) -> dict[str, LiveRevision]:
        """Describe revisions by ARN, missing ones left out."""
        found = self._ecs.revisions([arn for arn in arns if is_revision(arn)])
        return found | self._task_sets.revisions([arn for arn in arns if not is_revision(arn)])

    def update(  # noqa: PLR0913 - what UpdateService and CreateDeployment together need
        self,
        cluster: str,
        service: str,
        *,
        task_definition: str,
        desired_count: int | None = None,
        force: bool = False,
        group: str | None = None,
    ) -> None:
        """Start a deployment of a task definition. CodeDeploy's is always forced."""
        if group is None:
            self._ecs.update(
                cluster, service, task_definition=task_definition, desired_count=desired_count, force=force
            )
            return
        if desired_count is not None:
            self._ecs.set_desired_count(cluster, service, desired_count)
        self._codedeploy.create(cluster, service, group, task_definition)

    def set_desired_count(self, cluster: str, service: str, count: int) -> None:
        """Change nothing but the desired count."""
        self._ecs.set_desired_count(cluster, service, count)

    def stop(self, deployment: str) -> None:
        """Stop a deployment with a rollback."""
        if is_codedeploy(deployment):
            self._codedeploy.stop(deployment)
        else:
            self._ecs.stop(deployment)

    def open_gate(self, deployment: str) -> None:
        """Let a deployment of CodeDeploy take traffic; ECS's own asks the gate function."""
        if is_codedeploy(deployment):
            self._codedeploy.open_gate(deployment)
