"""Whether the images are there that a release would run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from appdp.engine.deploy.content import platform_of
from appdp.engine.ports import RegistryImage
from appdp.engine.verify.check import Finding, Skip, TaskCheck, judged
from appdp.engine.verify.subject import Subject
from appdp.model.environment import ImageRepository
from appdp.model.handoff import environment_tag

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"

_ECR: Final = re.compile(
    r"(?P<id>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""An image in a private Amazon ECR registry.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The image of a container: how people call it, and what the registry answered."""

    container: str
    name: str
    image: RegistryImage | None


def _wanted(subject: Subject) -> Iterator[_Wanted]:
    """The images of the containers that can be looked up: the application's, and others that are on Amazon ECR."""
    ask, scene = subject.memo.ask, subject.scene
    for container in subject.containers:
        name, image = str(container.get("name", "")), subject.manifest.containers.get(str(container.get("name", "")))
        if image is not None:
            if scene.release is None:
                continue
            repository = scene.deployer.images[image].repository
            found = _resolved(subject, image, scene.release)
            yield _Wanted(container=name, name=f"{repository}:{scene.release}", image=found)
        elif match := _ECR.fullmatch(str(container.get("image", ""))):
            reference = match["digest"] or match["tag"] or "latest"
            found = ask(scene.ports.registry.resolve, match["id"], match["region"], match["repository"], reference)
            yield _Wanted(container=name, name=f"{match['repository']}:{reference}", image=found)


def repositories(subject: Subject) -> list[ImageRepository]:
    """Where on Amazon ECR the containers' images come from, each once."""
    found: dict[ImageRepository, None] = {}
    for container in subject.containers:
        image = subject.manifest.containers.get(str(container.get("name", "")))
        if image is not None:
            found[subject.scene.deployer.images[image]] = None
        elif match := _ECR.fullmatch(str(container.get("image", ""))):
            host = str(container["image"]).partition("/")[0]
            at = ImageRepository(
                registry=host, repository=match["repository"], registry_id=match["id"], region=match["region"]
            )
            found[at] = None
    return list(found)


def _some(subject: Subject) -> list[_Wanted]:
    found = list(_wanted(subject))
    if not found:
        raise Skip("no release was recorded yet, and no other image is on Amazon ECR")
    return found


def _exist(subject: Subject) -> Finding:
    wanted = _some(subject)
    faults = [f"container {one.container}: there is no image {one.name}" for one in wanted if one.image is None]
    looked = {one.container for one in wanted}
    left = [str(one.get("name")) for one in subject.containers if one.get("name") not in looked]
    found = f"found {', '.join(one.name for one in wanted)}"
    found += f"; not looked up: {', '.join(left)}" if left else ""
    return judged(faults, found, then="Build and publish the release again, or choose one of 'appdp releases'.")


def _platforms(subject: Subject) -> Finding:
    family = str((subject.definition.get("runtimePlatform") or {}).get("operatingSystemFamily", ""))
    if family.startswith("WINDOWS"):
        raise Skip(f"the operating system is {family}, and only Linux images are compared")
    platform = platform_of(subject.definition)
    faults = [
        f"container {one.container}: {one.name} has {', '.join(sorted(one.image.platforms)) or 'no platform'}, "
        f"not {platform}"
        for one in _some(subject)
        if one.image is not None and platform not in one.image.platforms
    ]
    then = "Build for this platform, or change its architecture=."
    return judged(faults, f"all have {platform}", then=then)


def _tags(subject: Subject) -> Finding:
    scene, faults = subject.scene, []
    if scene.recorded is None:
        raise Skip("no release was recorded yet")
    tag = environment_tag(scene.deployer.environment)
    for image in sorted(set(subject.manifest.containers.values())):
        released, named = _resolved(subject, image, scene.recorded), _resolved(subject, image, tag)
        # A release whose image is gone is another check's business.
        if released is not None and (named is None or named.digest != released.digest):
            faults.append(f"tag {tag} of {image} does not name release {scene.recorded}")
    return judged(faults, f"all name release {scene.recorded}", then="Deploy the recorded release again.")


def _resolved(subject: Subject, image: str, reference: str) -> RegistryImage | None:
    at = subject.scene.deployer.images[image]
    resolve = subject.scene.ports.registry.resolve
    return subject.memo.ask(resolve, at.registry_id, at.region, at.repository, reference)


CHECKS: Final = (
    TaskCheck(
        id="images-exist",
        asks="Each container's image exists: that of the release, and others that are on Amazon ECR.",
        why="ECS cannot start a task whose image it cannot pull.",
        source=f"{_GUIDE}/task_cannot_pull_image.html",
        look=_exist,
    ),
    TaskCheck(
        id="image-platforms",
        asks="Each image has the platform of the task definition's runtimePlatform (linux/amd64 where it says none).",
        why="A container of another architecture does not start.",
        source=f"{_GUIDE}/fargate-tasks-services.html",
        look=_platforms,
    ),
    TaskCheck(
        id="environment-tags",
        asks="The environment's tag on each image names the recorded release.",
        why="'cdk deploy' starts what that tag names.",
        source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
        look=_tags,
    ),
)
