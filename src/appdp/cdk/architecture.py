"""The processor architectures that Fargate offers."""

from __future__ import annotations

from enum import StrEnum

from aws_cdk import aws_ecs as ecs

from appdp.errors import ConfigurationError
from appdp.model.application import Image


class Architecture(StrEnum):
    """A processor architecture, in the words that image platforms use.

    See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html
    """

    ARM64 = "arm64"
    """AWS Graviton: about 20 % cheaper per vCPU than x86-64, on demand and Spot."""
    AMD64 = "amd64"
    """x86-64."""

    @property
    def platform(self) -> str:
        """The image platform, such as ``linux/arm64``."""
        return f"linux/{self.value}"

    @property
    def runtime_platform(self) -> ecs.RuntimePlatform:
        """What a task definition says."""
        cpu = ecs.CpuArchitecture.ARM64 if self is Architecture.ARM64 else ecs.CpuArchitecture.X86_64
        return ecs.RuntimePlatform(cpu_architecture=cpu, operating_system_family=ecs.OperatingSystemFamily.LINUX)


def check_platform(path: str, image: Image, architecture: Architecture) -> None:
    """Raise unless the image is built for the architecture of the task that runs it.

    Raises:
        ConfigurationError: it is not.
    """
    if architecture.platform not in image.platforms:
        raise ConfigurationError(
            f"{path}: architecture={architecture.value!r}, but image {image.name!r} is built for "
            f"{', '.join(image.platforms)} only.",
            hint=f"Add {architecture.platform!r} to the image's platforms, or choose another architecture.",
        )
