"""One service of an environment: what it runs, and how far its newest deployment is, whoever deploys it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from appdp.local.lifecycle import EmbeddedAws
from appdp.model.environment import ServiceManifest, StrategyKind
from appdp.model.handoff import repository_name
from tests.emulator.outcomes.releases import APPLICATION


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How far a deployment is that is under way.

    Args:
        at_the_gate: its greens are up and wait; with rolling, which has no gate, a new task runs.
        taking_traffic: requests reach the new release.
        baking: all traffic is on the new release, and its alarms are watched.
    """

    at_the_gate: bool = False
    taking_traffic: bool = False
    baking: bool = False


NOT_UNDER_WAY: Final = Seen()


@dataclass(frozen=True)
class Service:
    """One service, seen through AWS's API and not through the engine."""

    aws: EmbeddedAws
    manifest: ServiceManifest

    @property
    def where(self) -> dict[str, str]:
        """Its cluster and itself, as ECS's parameters."""
        return {"cluster": self.manifest.cluster, "service": self.manifest.service}

    @property
    def group(self) -> str | None:
        """CodeDeploy's deployment group; None when ECS deploys the service itself."""
        return self.manifest.deployment_group if self.manifest.strategy is StrategyKind.CODEDEPLOY else None

    def seen(self) -> Seen:
        """How far its newest deployment is. ECS lists nothing of what CodeDeploy does."""
        return self._of_ecs() if self.group is None else self._of_codedeploy(self.group)

    def runs(self) -> str:
        """The digest of the only revision that runs."""
        ecs = self.aws.client("ecs")
        named = {"cluster": self.manifest.cluster, "services": [self.manifest.service]}
        (described,) = ecs.describe_services(**named)["services"]
        if self.group is not None:
            return self._task_set_runs(described)
        (current,) = described["currentServiceRevisions"]
        (revision,) = ecs.describe_service_revisions(serviceRevisionArns=[current["arn"]])["serviceRevisions"]
        (image,) = revision["containerImages"]
        return str(image["imageDigest"])

    def digest_of(self, release: str) -> str:
        """The digest that a release's tag stands for."""
        (image,) = self.manifest.containers.values()
        repository = repository_name(APPLICATION, image)
        found = self.aws.client("ecr").batch_get_image(repositoryName=repository, imageIds=[{"imageTag": release}])
        return str(found["images"][0]["imageId"]["imageDigest"])

    def _task_set_runs(self, described: dict[str, Any]) -> str:
        ecs, cluster = self.aws.client("ecs"), self.manifest.cluster
        (task_set,) = described["taskSets"]
        arns = ecs.list_tasks(cluster=cluster, startedBy=task_set["id"])["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
        (digest,) = {container["imageDigest"] for task in tasks for container in task["containers"]}
        return str(digest)

    def _of_ecs(self) -> Seen:
        ecs = self.aws.client("ecs")
        listed = ecs.list_service_deployments(**self.where)["serviceDeployments"]
        arns = [listed[0]["serviceDeploymentArn"]]
        (found,) = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
        if found["status"] != "IN_PROGRESS":
            return NOT_UNDER_WAY
        return _rolling(found) if self.manifest.strategy is StrategyKind.ROLLING else _shifting(found)

    def _of_codedeploy(self, group: str) -> Seen:
        client = self.aws.client("codedeploy")
        application, _, name = group.partition("/")
        listed = client.list_deployments(applicationName=application, deploymentGroupName=name)["deployments"]
        info = client.get_deployment(deploymentId=listed[0])["deploymentInfo"]
        if info["status"] not in ("InProgress", "Ready"):
            return NOT_UNDER_WAY
        (target,) = client.list_deployment_targets(deploymentId=listed[0])["targetIds"]
        answer = client.get_deployment_target(deploymentId=listed[0], targetId=target)
        greens = [
            one for one in answer["deploymentTarget"]["ecsTarget"]["taskSetsInfo"] if one["taskSetLabel"] == "Green"
        ]
        return Seen(
            at_the_gate=info["status"] == "Ready",
            taking_traffic=any(one["trafficWeight"] for one in greens),
            baking=info["instanceTerminationWaitTimeStarted"],
        )


def _shifting(deployment: dict[str, Any]) -> Seen:
    stage = deployment.get("lifecycleStage")
    return Seen(
        at_the_gate=stage == "POST_TEST_TRAFFIC_SHIFT",
        taking_traffic=bool(deployment["targetServiceRevision"]["requestedProductionTrafficWeight"]),
        baking=stage == "BAKE_TIME",
    )


def _rolling(deployment: dict[str, Any]) -> Seen:
    new = bool(deployment["targetServiceRevision"]["runningTaskCount"])
    old = sum(int(source["runningTaskCount"]) for source in deployment["sourceServiceRevisions"])
    return Seen(at_the_gate=new, taking_traffic=new, baking=new and old == 0)
