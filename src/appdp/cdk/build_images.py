"""The image that a build itself runs in, and what CodeBuild may pull it with."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam

from appdp.cdk.architecture import Architecture
from appdp.cdk.statements import allow

PULL_ACTIONS: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""See: https://docs.aws.amazon.com/codebuild/latest/userguide/sample-ecr.html"""


def newest(architecture: Architecture) -> codebuild.IBuildImage:
    """The newest of AWS's Amazon Linux 2023 images."""
    if architecture is Architecture.ARM64:
        return codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0
    return codebuild.LinuxBuildImage.AMAZON_LINUX_2023_6


def pull_statements(image: codebuild.IBuildImage) -> list[iam.PolicyStatement]:
    """What a build's role needs to start in its image: the CDK cannot grant it to a role that it may not change."""
    found: list[iam.PolicyStatement] = []
    if image.repository:
        found.append(allow(PULL_ACTIONS, [image.repository.repository_arn]))
    secret = image.secrets_manager_credentials
    if secret:
        # Secrets Manager ends every ARN with six characters of its own.
        arn = secret.secret_full_arn or f"{secret.secret_arn}-??????"
        found.append(allow(["secretsmanager:GetSecretValue"], [arn]))
    return found
