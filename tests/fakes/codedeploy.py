"""What is different about a service that CodeDeploy deploys: who is asked, what is remembered, who opens the gate."""

from __future__ import annotations

from collections.abc import Sequence

from appdp.engine.live import LiveRevision
from appdp.errors import RemoteError
from tests.fakes.cluster import Service
from tests.fakes.task_definitions import FakeTaskDefinitions

PREFIX = "arn:aws:codedeploy:us-east-1:000000000000:deployment:"


def group_name(service: str) -> str:
    """``APPLICATION/GROUP`` of a service of the example environment."""
    return f"shop-dev/{service}"


def check_group(service: Service, group: str | None) -> None:
    """ECS refuses to deploy for CodeDeploy, and CodeDeploy knows its own groups only."""
    if service.controller == "CODE_DEPLOY" and group is None:
        raise RemoteError(
            "Unable to update task definition on services with a CODE_DEPLOY deployment controller.",
            code="InvalidParameterException",
        )
    if group is not None and group != group_name(service.name):
        raise RemoteError(f"No deployment group found for name: {group}", code="DeploymentGroupDoesNotExistException")


def check_free(service: Service) -> None:
    """One deployment at a time."""
    if service.rollout is not None:
        raise RemoteError(
            f"The deployment group already has an active deployment {service.rollout.arn}",
            code="DeploymentLimitExceededException",
        )


def deployment_id(service: Service, group: str | None) -> str | None:
    """The id of the service's next deployment, or None when ECS deploys it."""
    return None if group is None else f"{PREFIX}d-{service.name.upper()}{len(service.rollouts) + 1:04}/{group}"


def revisions(arns: Sequence[str], definitions: FakeTaskDefinitions) -> dict[str, LiveRevision]:
    """CodeDeploy remembers a task definition only, so the digests are those that this one names."""
    found = {}
    for arn in arns:
        if arn in definitions.stored:
            images = {name: image.partition("@")[2] for name, image in definitions.images(arn).items()}
            digests = {name: digest for name, digest in images.items() if digest}
            found[arn] = LiveRevision(arn=arn, task_definition=arn, digests=digests)
    return found
