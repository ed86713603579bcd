"""What is built: an application and its images. Plain values, shared by all stacks and by the engine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from appdp.errors import ConfigurationError, NotFound
from appdp.model.handoff import check_name, repository_name

PLATFORMS: Final = ("linux/amd64", "linux/arm64")
"""The platforms that Fargate runs Linux tasks on.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html
"""

_STAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""The name of a stage, or its number.

See: https://docs.docker.com/reference/dockerfile/#from
"""

_SECRET_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One container image of an application.

    Args:
        name: 1–32 of ``a-z0-9-``; also the last part of the repository's name.
        context: the build context, relative to the repository's root. Default: the root.
        dockerfile: the Dockerfile, relative to the context. Default: ``Dockerfile``.
        target: the stage to build. Default: the last stage.
        build_args: build arguments, for what is no secret: they stay in the image's history. Default: none.
        platforms: what to build for, of :data:`PLATFORMS`. Default: both.
        secrets: what the build may read without keeping it (``RUN --mount=type=secret,id=…``): the id in the Dockerfile
            → a secret of Secrets Manager in the pipeline's account, by its name or its whole ARN, and after a ``:`` the
            key of one of its JSON fields, as in ``{"npm": "shop/tokens:npm"}``. Default: none.

    Raises:
        ConfigurationError: a name, platform, target or path that cannot work.
    """

    name: str
    context: str = "."
    dockerfile: str = "Dockerfile"
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    platforms: tuple[str, ...] = PLATFORMS
    secrets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        check_name("Image", self.name)
        object.__setattr__(self, "platforms", tuple(self.platforms))
        object.__setattr__(self, "build_args", MappingProxyType(dict(self.build_args)))
        unknown = [platform for platform in self.platforms if platform not in PLATFORMS]
        if unknown or not self.platforms:
            raise ConfigurationError(
                f"Image {self.name!r} asks for platforms {list(self.platforms)}: "
                f"allowed are one or both of {list(PLATFORMS)}.",
                hint="Those are what Fargate runs; leave the rest out.",
            )
        if self.target is not None and not _STAGE.fullmatch(self.target):
            raise ConfigurationError(
                f"Image {self.name!r} has target={self.target!r}, which no stage of a Dockerfile can be called: "
                "allowed are A-Z, a-z, 0-9, '_', '.' and '-'.",
                hint="Name a stage of its Dockerfile (FROM … AS name), or leave target out for the last one.",
            )
        object.__setattr__(self, "secrets", MappingProxyType(dict(self.secrets)))
        self._check_path("context", self.context, self.context)
        self._check_path("dockerfile", self.dockerfile, posixpath.join(self.context, self.dockerfile))
        for secret, source in self.secrets.items():
            if not _SECRET_ID.fullmatch(secret) or not source.strip() or not source.isprintable():
                raise ConfigurationError(
                    f"Image {self.name!r} has the secret {secret!r} from {source!r}: an id is 1 to 64 of A-Z, a-z, "
                    "0-9, '_', '.' and '-', and comes from the name or the ARN of a secret in Secrets Manager."
                )

    def _check_path(self, what: str, path: str, from_root: str) -> None:
        outside = posixpath.isabs(path) or posixpath.normpath(from_root).split("/")[0] == ".."
        if not path or not path.isprintable() or outside:
            raise ConfigurationError(
                f"Image {self.name!r} has {what}={path!r}: it must be a relative path inside the repository.",
                hint="The context is relative to the repository's root, the Dockerfile to the context.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application: several images that are built, tagged and released together.

    Args:
        name: 1–32 of ``a-z0-9-``.
        images: at least one; names are unique.

    Raises:
        ConfigurationError: a bad name, no image, or two images with one name.
    """

    name: str
    images: tuple[Image, ...]

    def __post_init__(self) -> None:
        check_name("Application", self.name)
        object.__setattr__(self, "images", tuple(self.images))
        names = [image.name for image in self.images]
        if not names:
            raise ConfigurationError(f"Application {self.name!r} has no image.", hint="Add images=[Image(name='web')].")
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ConfigurationError(
                f"Application {self.name!r} has more than one image called {', '.join(doubled)}: each has a repository "
                "of its name, so a name is there once.",
                hint="Give one of them another name.",
            )

    def image(self, name: str) -> Image:
        """The image called ``name``.

        Raises:
            NotFound: there is none; the message lists those that exist.
        """
        for image in self.images:
            if image.name == name:
                return image
        raise NotFound("image", name, tuple(image.name for image in self.images))

    def repository(self, image: str) -> str:
        """The name of the image's ECR repository."""
        return repository_name(self.name, self.image(image).name)
