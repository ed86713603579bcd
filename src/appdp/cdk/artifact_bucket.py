"""Where a pipeline keeps a commit's sources between its stages."""

from __future__ import annotations

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from appdp.cdk.acknowledgements import acknowledge_findings

KEPT_DAYS: Final = 30
"""Longer than a pipeline waits for an approval by default (7 days); a retry after that reads the sources again."""


def artifact_bucket(scope: Construct) -> s3.Bucket:
    """A bucket that is encrypted, open to nobody and reached by TLS only; what is in it goes after 30 days.

    With the stack it stays, as CloudFormation deletes no bucket with something in it.
    """
    bucket = s3.Bucket(
        scope,
        "Artifacts",
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=Duration.days(KEPT_DAYS), abort_incomplete_multipart_upload_after=Duration.days(1)
            )
        ],
    )
    acknowledge_findings(
        bucket, {"AwsSolutions-S1": "It holds copies of commits for days; only the pipeline and its builds read it."}
    )
    return bucket
