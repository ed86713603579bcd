"""Builds of a laptop in memory: what is built lands in the fake registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from appdp.engine.hotswap import BuildOrder, RegistryAccess
from appdp.model.environment import DeployerManifest, ImageRepository
from appdp.model.handoff import deployer_parameter
from appdp.model.hotswap import BuildRecipe
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.registry import Behaviour, FakeRegistry, digest_of


class FakeLogins:
    """Implements :class:`appdp.engine.hotswap.RegistryLogins`."""

    def login(self, at: ImageRepository) -> RegistryAccess:
        return RegistryAccess(host=at.registry, user="AWS", password=f"for {at.region}")


@dataclass
class FakeBuilder:
    """Implements :class:`appdp.engine.hotswap.Builder`.

    Args:
        registry: where it pushes to.
        behaviour: what the containers of its images do.
        platform: what it builds for, whatever was ordered.
        pushes: whether it pushes what it says.
        during: called while it builds.
    """

    registry: FakeRegistry
    behaviour: Behaviour = Behaviour.RUNS
    platform: str | None = None
    pushes: bool = True
    during: Callable[[], None] = lambda: None
    orders: list[BuildOrder] = field(default_factory=list)
    accesses: list[RegistryAccess] = field(default_factory=list)

    def check(self) -> None:
        """It can always build."""

    def build(self, order: BuildOrder, access: RegistryAccess) -> str:
        self.orders.append(order)
        self.accesses.append(access)
        self.during()
        if not self.pushes:
            return digest_of("never pushed")
        platforms = (self.platform or order.platform,)
        return self.registry.push(order.repository, order.tag, platforms=platforms, behaviour=self.behaviour)


def allow_hotswaps(account: FakeAws, **recipes: BuildRecipe) -> None:
    """Mark the environment, as ``Deployer(..., hotswap=True)`` does; images are built as their recipes say."""
    name = deployer_parameter(APPLICATION, ENVIRONMENT)
    manifest = DeployerManifest.from_json(account.parameters.values[name])
    every = {image: recipes.get(image, BuildRecipe()) for image in manifest.images}
    account.parameters.put(name, replace(manifest, hotswap=every).to_json())
