"""What a hot swap would replace, and whether it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from appdp.engine.deploy.clone import clone, container_names
from appdp.engine.deploy.locking import check_free
from appdp.engine.deploy.manifests import read_deployer, read_manifests
from appdp.engine.deploy.releases import recorded_release
from appdp.engine.deploy.survey import CODE_DEPLOY, SeenService, look
from appdp.engine.ports import Ports
from appdp.errors import ConfigurationError, NotFound, Refused
from appdp.model.environment import DeployerManifest, ImageRepository, ServiceManifest
from appdp.model.hotswap import BuildRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPlan:
    """A hot swap that may happen.

    Args:
        service: the service as it stands.
        release: the recorded release.
        image: the image of the application that is built.
        containers: the containers that run it, and get the new one.
        others: container → image reference, pinned by digest, of the application's other images in the service: they
            stay what runs now.
        recipe: how the image is built.
        repository: where it is pushed to.
    """

    application: str
    environment: str
    service: SeenService
    release: str
    image: str
    containers: tuple[str, ...]
    others: Mapping[str, str]
    recipe: BuildRecipe
    repository: ImageRepository

    @property
    def name(self) -> str:
        """The service's name within the environment."""
        return self.service.manifest.name

    @property
    def running(self) -> str | None:
        """The digest that would be replaced, if one runs."""
        return self.service.running.get(self.containers[0])

    def definition(self, digest: str) -> dict[str, Any]:
        """What is registered: the stack's task definition, with the new image.

        Raises:
            Refused: the task definition has no such container.
        """
        swapped = dict.fromkeys(self.containers, self.repository.by_digest(digest))
        return clone(self.service.definition, {**self.others, **swapped})

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "application": self.application,
            "environment": self.environment,
            "service": self.name,
            "release": self.release,
            "image": self.image,
            "containers": list(self.containers),
            "platform": self.service.platform,
            "repository": f"{self.repository.registry}/{self.repository.repository}",
            "running": self.running,
            "recipe": asdict(self.recipe),
        }


def plan_hotswap(  # noqa: PLR0913 - what is swapped, and on whose behalf
    application: str,
    environment: str,
    service: str,
    ports: Ports,
    *,
    container: str | None = None,
    owned: bool = False,
) -> SwapPlan:
    """What a hot swap of a service would do. Reads only.

    Args:
        container: which container's image is built. Default: the only image of the application in the service.
        owned: whether the environment's lock is the caller's own.

    Raises:
        NotFound: there is no such environment, service or container; lists those that there are.
        ConfigurationError: the service has several images of the application, and none was chosen.
        Refused: it cannot work; says why.
        Locked: a deployment of the environment is running.
    """
    deployer = read_deployer(application, environment, ports)
    if deployer.hotswap is None:
        raise Refused(
            f"Environment {environment!r} is not marked for hot swaps: it runs what a pipeline has built.",
            hint=f"Deploy a release: appdp deploy {environment} RELEASE. An environment of developers can be marked "
            "with Deployer(..., hotswap=True).",
        )
    manifest = _manifest(application, environment, service, deployer, ports)
    release = recorded_release(application, environment, ports)
    if release is None:
        raise Refused(
            f"Environment {environment!r} has no release yet, so service {service!r} runs nothing that could be "
            "replaced.",
            hint=f"Deploy one first: appdp deploy {environment} RELEASE.",
        )
    if not owned:
        check_free(application, environment, ports)
    image = _image(manifest, container)
    recipe = _recipe(deployer, image)
    seen = look((manifest,), ports)[service]
    _check(seen, environment)
    containers = tuple(name for name, found in manifest.containers.items() if found == image)
    return SwapPlan(
        application=application,
        environment=environment,
        service=seen,
        release=release,
        image=image,
        containers=containers,
        others=_others(seen, image, release, deployer, ports),
        recipe=recipe,
        repository=deployer.images[image],
    )


def _manifest(
    application: str, environment: str, service: str, deployer: DeployerManifest, ports: Ports
) -> ServiceManifest:
    manifests = {one.name: one for one in read_manifests(application, environment, deployer, ports)}
    if service not in manifests:
        raise NotFound("service", service, tuple(manifests))
    return manifests[service]


def _image(manifest: ServiceManifest, container: str | None) -> str:
    if container is not None:
        if container not in manifest.containers:
            hint = "Only containers that run an image of the application can be swapped."
            raise NotFound("container", container, tuple(sorted(manifest.containers)), hint=hint)
        return manifest.containers[container]
    images = set(manifest.containers.values())
    if len(images) != 1:
        listed = ", ".join(f"{name} ({image})" for name, image in sorted(manifest.containers.items()))
        raise ConfigurationError(
            f"Service {manifest.name!r} runs {len(images)} images of the application, in the containers {listed}.",
            hint="Name the one that you changed: --container NAME.",
        )
    return images.pop()


def _recipe(deployer: DeployerManifest, image: str) -> BuildRecipe:
    recipe = (deployer.hotswap or {}).get(image)
    if recipe is None:
        raise Refused(
            f"The deployer of {deployer.environment!r} does not say how image {image!r} is built.",
            hint="Deploy the deployer's stack again.",
        )
    return recipe


def _check(seen: SeenService, environment: str) -> None:
    name, controller = seen.manifest.name, seen.live.controller
    if controller != "ECS":
        whose = "CodeDeploy deploys it" if controller == CODE_DEPLOY else f"its deployment controller is {controller}"
        raise Refused(
            f"Service {name!r} cannot be hot-swapped: {whose}, and only ECS itself replaces tasks at once.",
            hint=f"Deploy a release: appdp deploy {environment} RELEASE.",
        )
    missing = sorted(seen.manifest.containers.keys() - set(container_names(seen.definition)))
    if missing:
        raise Refused(
            f"Service {name!r} wants its image in container {', '.join(missing)}, which "
            f"{seen.manifest.task_definition} does not have.",
            hint="Deploy its stack again.",
        )
    for one in seen.newest:
        if not one.status.ended:
            stage = f" at {one.stage}" if one.stage else ""
            because = f" ({one.reason})" if one.reason else ""
            raise Refused(
                f"Service {name!r} has a deployment in progress: {one.arn} is {one.status}{stage}{because}.",
                hint=f"Wait for it to end; see appdp status {environment}.",
            )


def _others(seen: SeenService, image: str, release: str, deployer: DeployerManifest, ports: Ports) -> dict[str, str]:
    """The service's other images: what runs now, and where that is not known, the release's."""
    found: dict[str, str] = {}
    for container, other in seen.manifest.containers.items():
        if other == image:
            continue
        at = deployer.images[other]
        digest = seen.running.get(container)
        if digest is None:
            released = ports.registry.resolve(at.registry_id, at.region, at.repository, release)
            if released is None:
                raise Refused(
                    f"Container {container!r} of service {seen.manifest.name!r} does not run, and image {other!r} has "
                    f"no tag {release!r} in repository {at.registry}/{at.repository}.",
                    hint="Deploy a release that is complete.",
                )
            digest = released.digest
        found[container] = at.by_digest(digest)
    return found
