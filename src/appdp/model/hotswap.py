"""What a hot swap needs to know: how an image is built, and the tag that a build of a laptop gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from appdp.model.application import Application, Image
from appdp.model.handoff import HOTSWAP_PREFIX
from appdp.model.known_fields import known_fields

_ID: Final = re.compile(rf"\d{{8}}-\d{{6}}-{HOTSWAP_PREFIX}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecipe:
    """How one image is built; each as in :class:`~appdp.model.application.Image`.

    Args:
        context: the build context, relative to the repository's root.
        dockerfile: relative to the context.
        target: the stage to build; None for the last one.
        build_args: build arguments. They are no secrets.
        secrets: the ids of the build's secrets. Only the pipeline knows where they come from.
    """

    context: str = "."
    dockerfile: str = "Dockerfile"
    target: str | None = None
    build_args: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, image: Image) -> BuildRecipe:
        """From the image's own description."""
        return cls(
            context=image.context,
            dockerfile=image.dockerfile,
            target=image.target,
            build_args=dict(image.build_args),
            secrets=tuple(sorted(image.secrets)),
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BuildRecipe:
        """From a manifest; unknown keys are left out."""
        known = known_fields(cls, data)
        return cls(**{**known, "secrets": tuple(known.get("secrets", ()))})


def recipes(application: Application) -> dict[str, BuildRecipe]:
    """Image name → how it is built, for a whole application."""
    return {image.name: BuildRecipe.of(image) for image in application.images}


def hotswap_tag(environment: str, now: float) -> str:
    """A tag that no other build has, so that an immutable repository takes it. At most 64 of a tag's 128 characters.

    Args:
        environment: the environment's name.
        now: seconds since the epoch; two builds differ by a microsecond.
    """
    return f"{HOTSWAP_PREFIX}{environment}-{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S-%f}"


def is_hotswap(owner: str) -> bool:
    """Whether the id of a lock's owner is a hot swap's: behind the time comes what no release begins with."""
    return _ID.match(owner) is not None
