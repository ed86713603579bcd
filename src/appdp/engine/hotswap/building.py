"""Build and push: what is asked of whoever can build, and whether the registry then has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from appdp.engine.hotswap.planning import SwapPlan
from appdp.engine.ports import Ports
from appdp.errors import AppdpError
from appdp.model.environment import ImageRepository
from appdp.model.hotswap import BuildRecipe, hotswap_tag


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAccess:
    """How to push to a registry.

    Args:
        host: where it is reached, such as ``123456789012.dkr.ecr.ap-northeast-1.amazonaws.com``.
        user: whom to log in as.
        password: a secret; never part of a command line.
    """

    host: str
    user: str
    password: str

    def __repr__(self) -> str:
        """Without the password."""
        return f"RegistryAccess(host={self.host!r}, user={self.user!r})"


class RegistryLogins(Protocol):
    """Passwords for registries."""

    def login(self, at: ImageRepository) -> RegistryAccess:
        """Access to the registry of a repository. Raises :class:`~appdp.errors.RemoteError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """One image for one platform.

    Args:
        recipe: how it is built.
        source: the root of the sources, to which the recipe's context is relative.
        platform: such as ``linux/arm64``.
        repository: the repository's name.
        tag: a tag that the repository does not have yet.
    """

    recipe: BuildRecipe
    source: Path
    platform: str
    repository: str
    tag: str


class Builder(Protocol):
    """Builds images on this machine."""

    def check(self) -> None:
        """Whether it can build at all. Raises :class:`~appdp.errors.ConfigurationError` with what is missing."""

    def build(self, order: BuildOrder, access: RegistryAccess) -> str:
        """Build, push, and give the digest of what was pushed.

        Raises:
            ConfigurationError: something is missing that building needs.
            AppdpError: the login, the build or the push failed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was pushed. ``tag`` is new, ``digest`` is the manifest's."""

    tag: str
    digest: str


def build_image(plan: SwapPlan, source: Path, *, builder: Builder, logins: RegistryLogins, ports: Ports) -> Built:
    """Build the plan's image from ``source`` and push it under a new tag. No service is touched.

    Raises:
        ConfigurationError: something is missing that building needs.
        AppdpError: the build failed, or the registry does not have what was pushed.
    """
    at = plan.repository
    order = BuildOrder(
        recipe=plan.recipe,
        source=source,
        platform=plan.service.platform,
        repository=at.repository,
        tag=hotswap_tag(plan.environment, ports.clock.now()),
    )
    digest = builder.build(order, logins.login(at))
    found = ports.registry.resolve(at.registry_id, at.region, at.repository, digest)
    if found is None:
        raise AppdpError(
            f"The build says that it pushed {digest}, but repository {at.registry}/{at.repository} does not have it. "
            "No service was touched.",
            hint="Build again; if it happens again, see with 'docker buildx ls' which builder is used.",
        )
    if found.platforms and order.platform not in found.platforms:
        raise AppdpError(
            f"The build was to be for {order.platform}, on which service {plan.name!r} runs, but it is for "
            f"{', '.join(sorted(found.platforms))}. No service was touched.",
            hint="Remove --platform from the Dockerfile's FROM lines.",
        )
    return Built(tag=order.tag, digest=digest)
