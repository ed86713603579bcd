"""Where a pipeline keeps a commit's sources between its stages."""

from __future__ import annotations

from typing import Final, cast

from aws_cdk import Duration, Environment, PhysicalName, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from appdp.cdk.acknowledgements import acknowledge_findings

KEPT_DAYS: Final = 30
"""Longer than a pipeline waits for an approval by default (7 days); a retry after that reads the sources again."""


def artifact_bucket(scope: Construct, *, name: str | None = None) -> s3.Bucket:
    """A bucket that is encrypted, open to nobody and reached by TLS only; what is in it goes after 30 days.

    With the stack it stays, as CloudFormation deletes no bucket with something in it.

    Args:
        scope: the pipeline.
        name: the bucket's name. Default: CloudFormation makes one up.
    """
    bucket = s3.Bucket(
        scope,
        "Artifacts",
        bucket_name=name,
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


def artifact_bucket_in(region: str, scope: Construct) -> s3.Bucket:
    """The bucket that CodePipeline wants in each other region in which it has actions, in a stack of its own.

    Our actions there have no artifacts, so it stays empty and costs nothing. Pipelines of one stack share it.

    See: https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-create-cross-region.html

    Args:
        region: that region.
        scope: the pipeline; its stack has a concrete account and region.
    """
    stack = Stack.of(scope)
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    # A stack without a scope is an app of its own, and the CDK gives it one.
    beside, construct_id = cast("Construct", stack.node.scope), f"{stack.node.id}-artifacts-{region}"
    home = beside.node.try_find_child(construct_id)
    if home is None:
        home = Stack(
            beside,
            construct_id,
            stack_name=f"{stack.stack_name}-artifacts-{region}",
            description=f"What {stack.stack_name} needs in {region}.",
            env=Environment(account=stack.account, region=region),
        )
        # Only a bucket with a name can be referred to from another region.
        artifact_bucket(home, name=PhysicalName.GENERATE_IF_NEEDED)
    stack.add_stack_dependency(cast("Stack", home))
    return cast("s3.Bucket", home.node.find_child("Artifacts"))
