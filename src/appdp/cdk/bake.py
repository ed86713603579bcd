"""The bake file: what one ``docker buildx bake`` builds for one architecture, as plain data.

It is made from the :class:`~appdp.model.application.Image` values when the constructs are synthesised, and travels
inside the buildspec. Three variables are left open, since only a build knows them: ``APPDP_COMMIT``,
``APPDP_REGISTRY``, and ``APPDP_LAYOUTS``, a folder for what is exported; bake takes them from its environment.

No label carries the commit: an image whose inputs did not change keeps its digest, so its services need no deployment.

See: https://docs.docker.com/build/bake/reference/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from appdp.model.application import Application, Image
from appdp.model.handoff import repository_name

COMMIT: Final = "APPDP_COMMIT"
REGISTRY: Final = "APPDP_REGISTRY"
LAYOUTS: Final = "APPDP_LAYOUTS"

CACHE_OPTIONS: Final = "mode=max,image-manifest=true,oci-mediatypes=true"
"""All stages' layers, as an OCI image manifest: the only form of a cache that ECR stores.

See: https://docs.docker.com/build/cache/backends/registry/
"""

OUTPUT: Final = "type=image,push=,oci-mediatypes=true"
"""Push by BuildKit. To it, an empty ``push`` means yes; to buildx, that there is nothing to do. With ``push=true``,
or ``type=registry``, buildx lets Docker's own builder push a second time, and an immutable tag refuses that.
"""

EXPORT: Final = "type=oci,tar=false,dest="
"""Push nothing, and leave a folder in OCI's image layout, for what comes between the build and the push.

See: https://docs.docker.com/build/exporters/oci-docker/
"""


_TEMPLATES = re.compile(r"(?P<token>\$\{Token\[[A-Za-z0-9_.:-]+\]\})|(?P<sign>[$%])\{")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestations:
    """What is attached to each image.

    Args:
        provenance: ``"min"`` or ``"max"``, or None for no provenance.
        sbom: whether there is a list of what is in the image.
        sbom_generator: the image of the program that makes it. Default: BuildKit's own.
    """

    provenance: str | None = "min"
    sbom: bool = False
    sbom_generator: str | None = None

    def entries(self) -> list[str]:
        """Bake's words for it. Provenance is on unless it is switched off, so None must be said."""
        provenance = f"mode={self.provenance}" if self.provenance else "disabled=true"
        sbom = f"type=sbom,generator={self.sbom_generator}" if self.sbom_generator else "type=sbom"
        return [f"type=provenance,{provenance}", *([sbom] if self.sbom else [])]


def images_for(application: Application, architecture: str) -> tuple[Image, ...]:
    """The images that are built for ``linux/{architecture}``."""
    return tuple(image for image in application.images if f"linux/{architecture}" in image.platforms)


def architectures(application: Application) -> tuple[str, ...]:
    """The architectures that at least one image is built for, in a fixed order."""
    found = {platform.removeprefix("linux/") for image in application.images for platform in image.platforms}
    return tuple(sorted(found))


def secret_variables(images: Sequence[Image]) -> dict[str, str]:
    """Sources of secrets → the environment variables that hold them during the build; each source once."""
    sources = sorted({source for image in images for source in image.secrets.values()})
    return {source: f"APPDP_SECRET_{number}" for number, source in enumerate(sources)}


def bake_file(
    application: Application, architecture: str, attestations: Attestations, *, push: bool = True
) -> dict[str, Any]:
    """The bake file for one architecture, ready for ``json.dumps``.

    Args:
        application: whose images.
        architecture: ``amd64`` or ``arm64``; images that are not built for it are left out.
        attestations: what is attached to each image.
        push: whether images are pushed; if not, each is left in a folder of its name.
    """
    images = images_for(application, architecture)
    variables = secret_variables(images)
    targets = {image.name: _target(application.name, image, architecture, variables) for image in images}
    for name, target in targets.items():
        target["attest"] = attestations.entries()
        target["output"] = [OUTPUT if push else f"{EXPORT}${{{LAYOUTS}}}/{name}"]
    open_variables = (COMMIT, REGISTRY) if push else (COMMIT, REGISTRY, LAYOUTS)
    return {
        "variable": {name: {"default": ""} for name in open_variables},
        "group": {"default": {"targets": list(targets)}},
        "target": targets,
    }


def _target(application: str, image: Image, architecture: str, variables: Mapping[str, str]) -> dict[str, Any]:
    repository = f"${{{REGISTRY}}}/{repository_name(application, image.name)}"
    cache = f"type=registry,ref={repository}:cache-{image.name}-{architecture}"
    target: dict[str, Any] = {
        "context": _literal(image.context),
        # Bake, too, reads it relative to the context.
        "dockerfile": _literal(image.dockerfile),
        "platforms": [f"linux/{architecture}"],
        "tags": [f"{repository}:${{{COMMIT}}}-{architecture}"],
        "cache-from": [cache],
        "cache-to": [f"{cache},{CACHE_OPTIONS}"],
    }
    if image.target is not None:
        target["target"] = _literal(image.target)
    if image.build_args:
        target["args"] = {name: _literal(value) for name, value in image.build_args.items()}
    if image.secrets:
        target["secret"] = [f"id={name},env={variables[source]}" for name, source in sorted(image.secrets.items())]
    return target


def _literal(text: str) -> str:
    """Text that bake takes as it is: its templates start with ``${`` and ``%{``, but so do the CDK's tokens."""
    return _TEMPLATES.sub(lambda found: found["token"] or f"{found['sign'] * 2}{{", text)
