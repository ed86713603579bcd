"""The processor architectures that Fargate offers."""

from __future__ import annotations

from enum import StrEnum

from aws_cdk import aws_ecs as ecs


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
