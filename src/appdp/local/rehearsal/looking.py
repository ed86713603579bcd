"""What there is to see of an environment before and after an act."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal.judge import Running
from appdp.local.rehearsal.live import Screen
from appdp.local.rehearsal.load import Target
from appdp.local.rehearsal.repository import SourceRepository
from appdp.local.rehearsal.scenario import Scenario
from appdp.model.environment import DeployerManifest, ServiceManifest
from appdp.model.handoff import deployer_parameter, release_parameter, repository_name, services_path

ASKED_AFTERWARDS: Final = 10
"""How often each service is asked, after an act, which release answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What every act plays in.

    Args:
        source: the git repository; its commits are the releases' image tags.
        targets: where the load goes; none without containers.
        platforms: what the pipelines build for; none without Docker, where a push becomes ``appdp deploy``.
        redeploy: synthesises the CDK program with more context, and deploys its stacks again.
        agree: whether to agree to every approval; otherwise the screen is asked.
    """

    aws: EmbeddedAws
    scenario: Scenario
    source: SourceRepository
    targets: tuple[Target, ...]
    platforms: tuple[str, ...]
    rate: float
    screen: Screen
    redeploy: Callable[[Mapping[str, str]], None]
    agree: bool

    @property
    def tags(self) -> Mapping[str, str]:
        """Name of a release → its image tag."""
        return self.source.commits


def manifests(world: World) -> tuple[DeployerManifest, tuple[ServiceManifest, ...]]:
    """What the deployer and the services wrote down."""
    ssm = world.aws.client("ssm")
    application, environment = world.scenario.application, world.scenario.environment
    deployer = ssm.get_parameter(Name=deployer_parameter(application, environment))["Parameter"]["Value"]
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=services_path(application, environment))
    services = [ServiceManifest.from_json(each["Value"]) for page in pages for each in page["Parameters"]]
    return DeployerManifest.from_json(deployer), tuple(services)


def recorded(world: World) -> str:
    """What the release parameter says."""
    name = release_parameter(world.scenario.application, world.scenario.environment)
    return str(world.aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def running(world: World, release: str) -> tuple[Running, ...]:
    """Every image of a release, as the registry has it and as services run it."""
    ecs, (_, services) = world.aws.client("ecs"), manifests(world)
    images: list[tuple[str, str]] = []
    for service in services:
        (found,) = ecs.describe_services(cluster=service.cluster, services=[service.service])["services"]
        arns = [revision["arn"] for revision in found["currentServiceRevisions"]]
        for revision in ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]:
            # A revision whose image was not there when it was made has no digest; so has one that never started.
            images += [(each["image"], each.get("imageDigest", "")) for each in revision["containerImages"]]
    return tuple(_of_image(world, image, world.tags[release], images) for image in world.scenario.build.images)


def _of_image(world: World, image: str, tag: str, images: list[tuple[str, str]]) -> Running:
    repository = repository_name(world.scenario.application, image)
    index, platforms = _contents(world, repository, tag)
    return Running(
        image=image,
        platforms=tuple(sorted(platforms)),
        digests=(index, *platforms.values()),
        runs=tuple(digest for name, digest in images if re.search(rf"/{repository}[@:]", name)),
    )


def digests_of(world: World, repository: str, tag: str) -> tuple[str, ...]:
    """The digests that a tag stands for: the index's, and each platform's; none when there is no such tag."""
    index, platforms = _contents(world, repository, tag)
    return (index, *platforms.values()) if index else ()


def _contents(world: World, repository: str, tag: str) -> tuple[str, dict[str, str]]:
    """The digest of an index, or ``""`` when there is none, and platform → the digest of its image."""
    wanted = [{"imageTag": tag}]
    found = world.aws.client("ecr").batch_get_image(repositoryName=repository, imageIds=wanted)["images"]
    if not found:
        return "", {}
    image = found[0]
    platforms = {
        f"{entry['platform']['os']}/{entry['platform']['architecture']}": str(entry["digest"])
        for entry in json.loads(image["imageManifest"])["manifests"]
        if entry["platform"]["architecture"] != "unknown"
    }
    return str(image["imageId"]["imageDigest"]), platforms


def answering(world: World) -> dict[str, tuple[str, ...]]:
    """Service → the distinct answers that it gives on the production listener."""
    return {
        target.service: tuple(sorted({_ask(target.url, world) for _ in range(ASKED_AFTERWARDS)}))
        for target in world.targets
        if not target.test
    }


def _ask(url: str, world: World) -> str:
    address = urlsplit(url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=10)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", address.path)
        answer = connection.getresponse()
        found = re.search(world.scenario.load.release_pattern, answer.read().decode(errors="replace"))
        return found.group(1) if found and answer.status == 200 else f"status {answer.status}"
    return "no answer"
