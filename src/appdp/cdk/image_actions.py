"""What may be done with the images of a repository, as IAM actions of Amazon ECR."""

from __future__ import annotations

from typing import Final

IMAGE_READS: Final = ("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer")
"""Read what a release's tag names."""

IMAGE_ACTIONS: Final = (*IMAGE_READS, "ecr:PutImage")
"""The same, and move the environment's tag."""

PUSH_ACTIONS: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""Push images, and read back what was pushed: images and their caches.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
"""

PUBLISH_ACTIONS: Final = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage")
"""Read the architectures' manifests, or the configuration of one without attestations, and put the index of them."""
