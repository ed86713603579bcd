"""What the checks look at: an environment, and one service of it. Everything is read when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from appdp.engine.ports import Ports
from appdp.engine.verify.check import Skip
from appdp.engine.verify.memo import Memo
from appdp.engine.verify.ports import Facts, Item
from appdp.errors import RemoteError
from appdp.model.environment import DeployerManifest, ServiceManifest

NO_DEFINITION: Final = frozenset({"ClientException", "InvalidParameterException"})
"""What DescribeTaskDefinition answers where there is none.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html
"""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An environment.

    Args:
        release: the release that is looked at: the one that was named, or the recorded one, or None before the first.
        recorded: the recorded release, or None before the first one.
        services: ARN → service, as ECS describes it.
    """

    deployer: DeployerManifest
    manifests: tuple[ServiceManifest, ...]
    release: str | None
    recorded: str | None
    services: Mapping[str, Item]
    ports: Ports
    facts: Facts
    memo: Memo = field(default_factory=Memo)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Its services."""
        return tuple(Subject(scene=self, manifest=manifest) for manifest in self.manifests)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One service of an environment."""

    scene: Scene
    manifest: ServiceManifest

    @property
    def facts(self) -> Facts:
        """What AWS is asked through."""
        return self.scene.facts

    @property
    def memo(self) -> Memo:
        """What AWS answered already."""
        return self.scene.memo

    @property
    def live(self) -> Item:
        """The service as ECS describes it.

        Raises:
            Skip: it is gone.
        """
        found = self.scene.services.get(self.manifest.service)
        if found is None or found.get("status") == "INACTIVE":
            raise Skip("the service does not exist")
        return found

    @property
    def definition(self) -> dict[str, Any]:
        """The task definition that a deployment of the release is a copy of.

        Raises:
            Skip: it does not exist.
        """
        try:
            return self.memo.ask(self.scene.ports.task_definitions.read, self.manifest.task_definition)
        except RemoteError as error:
            if error.code not in NO_DEFINITION:
                raise
            raise Skip("the task definition does not exist") from error

    @property
    def containers(self) -> list[dict[str, Any]]:
        """The containers of the task definition."""
        return list(self.definition.get("containerDefinitions", ()))

    @property
    def configuration(self) -> Item:
        """The service's ``deploymentConfiguration``."""
        return dict(self.live.get("deploymentConfiguration") or {})

    @property
    def shifts(self) -> bool:
        """Whether the live service moves traffic from one target group to another."""
        return bool(self.configuration.get("strategy", "ROLLING") != "ROLLING")

    @property
    def changing(self) -> bool:
        """Whether ECS is deploying the service."""
        newest_deployments = self.scene.ports.services.newest_deployments
        newest = self.memo.ask(newest_deployments, self.manifest.cluster, self.manifest.service, 1)
        return any(not one.status.ended for one in newest)
