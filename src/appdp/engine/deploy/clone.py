"""Copy a task definition without losing anything, with the release's images pinned by digest.

The copy is made of raw JSON: a field that no SDK knows yet goes through as it is. Only what RegisterTaskDefinition
does not take is left out, which is what ECS adds when it stores a revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appdp.errors import Refused
from appdp.model.environment import DeployerManifest, ServiceManifest

OUTPUT_ONLY: Final = frozenset(
    {
        "compatibilities",
        "deleteRequestedAt",
        "deregisteredAt",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "revision",
        "status",
        "taskDefinitionArn",
    }
)
"""Members of TaskDefinition that RegisterTaskDefinition does not take. A test compares them with botocore's model.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
"""

_RESERVED_TAGS: Final = "aws:"
"""Tags that only AWS may set; CloudFormation puts some on what it creates.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
"""


def clone(definition: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, Any]:
    """What to register: ``definition`` with other images.

    Args:
        definition: a task definition as ECS sent it, its tags under ``"tags"``.
        images: container name → image reference. Other containers keep theirs.

    Raises:
        Refused: a container that the task definition does not have.
    """
    missing = sorted(images.keys() - set(container_names(definition)))
    if missing:
        raise Refused(
            f"Task definition {definition.get('taskDefinitionArn')} has no container called {', '.join(missing)}; "
            f"it has {', '.join(container_names(definition))}.",
            hint="Deploy the service's stack again, so that its manifest and its task definition agree.",
        )
    copied = {key: value for key, value in definition.items() if key not in OUTPUT_ONLY}
    copied["containerDefinitions"] = [_with_image(one, images) for one in definition["containerDefinitions"]]
    tags = [tag for tag in copied.pop("tags", ()) if not tag["key"].lower().startswith(_RESERVED_TAGS)]
    return {**copied, "tags": tags} if tags else copied


def released_images(
    manifest: ServiceManifest, deployer: DeployerManifest, release: str, digests: Mapping[str, str]
) -> dict[str, str]:
    """Container name → image reference, pinned by digest, of everything that a release changes in a service.

    Args:
        manifest: the service's manifest as it is now.
        deployer: knows where each image lives.
        release: the release's tag, for the message.
        digests: image name → digest of the release's image.

    Raises:
        Refused: the manifest asks for an image that the release was not resolved for.
    """
    return pinned_images(manifest.containers, deployer, release, digests)


def pinned_images(
    containers: Mapping[str, str], deployer: DeployerManifest, release: str, digests: Mapping[str, str]
) -> dict[str, str]:
    """As :func:`released_images`, for any mapping of container name → image name.

    Raises:
        Refused: it asks for an image that the release was not resolved for.
    """
    strange = sorted(set(containers.values()) - (digests.keys() & deployer.images.keys()))
    if strange:
        raise Refused(f"Its manifest now asks for {', '.join(strange)}, which {release!r} was not resolved for.")
    return {container: deployer.images[image].by_digest(digests[image]) for container, image in containers.items()}


def container_names(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of its containers, in order."""
    return tuple(container["name"] for container in definition["containerDefinitions"])


def _with_image(container: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, Any]:
    image = images.get(container["name"])
    return dict(container) if image is None else {**container, "image": image}
