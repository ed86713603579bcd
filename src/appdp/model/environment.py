"""What is deployed where: the manifests that the constructs write and the engine reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from appdp.model.hotswap import BuildRecipe
from appdp.model.manifest import VERSION, known


class StrategyKind(StrEnum):
    """How a service's deployments move traffic; the values are the constructs' words, not ECS's."""

    ROLLING = "rolling"
    BLUE_GREEN = "blue_green"
    CANARY = "canary"
    LINEAR = "linear"
    CODEDEPLOY = "codedeploy"

    @property
    def shifts_traffic(self) -> bool:
        """Whether the deployment has a green that waits at the gate."""
        return self is not StrategyKind.ROLLING


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceManifest:
    """One service of an environment. At most 4 KiB as JSON (a Standard parameter).

    Args:
        name: the service's name within the environment, such as ``web``.
        cluster: ARN of the ECS cluster.
        service: ARN of the ECS service.
        task_definition: ARN, with revision, of the task definition that CloudFormation registered last.
        containers: container name → image name of the application. Containers that are not named keep their image.
        strategy: see :class:`StrategyKind`.
        desired_count: what the first release brings the service up to; later releases never write it.
        target_groups: ARNs of the service's target groups: none, one (rolling) or two (blue and green).
        test_url: where the test listener answers for this service, if it has one.
        deployment_group: ``APPLICATION/GROUP`` of CodeDeploy, for a service that CodeDeploy deploys; else None.
    """

    name: str
    cluster: str
    service: str
    task_definition: str
    containers: dict[str, str]
    strategy: StrategyKind
    desired_count: int
    target_groups: tuple[str, ...] = ()
    test_url: str | None = None
    deployment_group: str | None = None

    def to_json(self) -> str:
        """The parameter's value."""
        return json.dumps({"version": VERSION, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ServiceManifest:
        """Read a parameter's value; unknown keys are left out, a newer version is refused."""
        data = known(cls, text, "environment")
        data["strategy"] = StrategyKind(data["strategy"])
        data["target_groups"] = tuple(data.get("target_groups", ()))
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRepository:
    """Where an image of the application lives.

    Args:
        registry: the registry's host, such as ``123456789012.dkr.ecr.ap-northeast-1.amazonaws.com``.
        repository: the repository's name.
        registry_id: the account that owns it.
        region: the region that it is in.
    """

    registry: str
    repository: str
    registry_id: str
    region: str

    def by_digest(self, digest: str) -> str:
        """The image reference that names one digest."""
        return f"{self.registry}/{self.repository}@{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployerManifest:
    """An environment's deployer.

    Args:
        application: the application's name.
        environment: the environment's name.
        state_machine: ARN of the state machine that runs deployments.
        images: image name → where it lives.
        protected: whether a deployment asks before it changes this environment.
        approve: ``before_traffic`` when a human must approve every release before it takes traffic, or None.
        approval_expires_seconds: how long a deployment waits for that, or for what ``--hold`` asks; None in a manifest
            that is older than holds, whose deployer knows none.
        hotswap: image name → how ``appdp hotswap`` builds it; None where that is not allowed.
    """

    application: str
    environment: str
    state_machine: str
    images: dict[str, ImageRepository]
    protected: bool = False
    approve: str | None = None
    approval_expires_seconds: int | None = None
    hotswap: dict[str, BuildRecipe] | None = None

    def to_json(self) -> str:
        """The parameter's value; ``hotswap`` is there only where it says something."""
        data = asdict(self)
        if self.hotswap is None:
            del data["hotswap"]
        return json.dumps({"version": VERSION, **data}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> DeployerManifest:
        """Read a parameter's value; unknown keys are left out, a newer version is refused."""
        data = known(cls, text, "environment")
        data["images"] = {name: ImageRepository(**image) for name, image in data["images"].items()}
        if data.get("hotswap") is not None:
            data["hotswap"] = {name: BuildRecipe.from_dict(recipe) for name, recipe in data["hotswap"].items()}
        return cls(**data)
