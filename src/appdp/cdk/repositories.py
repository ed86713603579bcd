"""Where an application's images live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from appdp.cdk.places import check_account, check_region
from appdp.errors import ConfigurationError
from appdp.model import handoff
from appdp.model.application import Application
from appdp.model.environment import ImageRepository

MOVING_TAGS = ("env-*", "cache-*")
"""Environment tags and build caches: the only tags that may move. At most five filters.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

PULL_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:GetDownloadUrlForLayer",
)


UNTAGGED_DAYS = 14
"""Longer than any build takes to name what it pushed, and long enough to look at what went wrong."""


class ImageRepositories(Construct):
    """One ECR repository per image of an application, called ``{application}/{image}``.

    Release tags are immutable; only ``env-*`` and ``cache-*`` move. Images are scanned when they are pushed. ECR
    costs money per GB and month.

    What has no tag goes after a while: what a cache or a build leaves behind when its tag moves or it is ended. No
    released image is harmed. Its index carries the commit's tag, which is immutable; what the index names has no tag of
    its own, but ECR expires nothing that an index names while the index is there. No rule is for tags, since none knows
    what runs.

    See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html (lifecycle policy evaluation
    rules)

    Example::

        ImageRepositories(stack, "Images", application=shop)

    Args:
        scope: the stack; one stack serves all environments of the application.
        construct_id: such as ``"Images"``.
        application: whose images.
        environment_accounts: 12-digit ids of other accounts that have environments of the application. Their tasks may
            pull, and their deployers may move an environment's tag; releases are immutable for them too. Default: none.
        encryption_key: a key of KMS that encrypts the images; it costs money per month and request. It is chosen once:
            to change it, CloudFormation would have to replace the repositories. Default: ECR's own key, for free.
        untagged_days: what has no tag goes so many days after it was pushed, 1 or more. None: it stays. Default: 14.
        removal_policy: what happens to a repository that is no longer wanted. Default: it stays, with its images. With
            ``DESTROY`` its images go too.

    Attributes:
        repositories: image name → repository.
        environment_accounts: as given.

    Raises:
        ConfigurationError: an account id that is not one, or less than a day.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: Application,
        environment_accounts: Sequence[str] = (),
        encryption_key: kms.IKey | None = None,
        untagged_days: int | None = UNTAGGED_DAYS,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        self.application = application
        self.environment_accounts = tuple(environment_accounts)
        if untagged_days is not None and untagged_days < 1:
            raise ConfigurationError(
                f"{self.node.path}: untagged_days={untagged_days}: allowed are 1 or more, or None."
            )
        rules = [_untagged(untagged_days)] if untagged_days else []
        self.repositories: Mapping[str, ecr.Repository] = {
            image.name: ecr.Repository(
                self,
                image.name,
                repository_name=application.repository(image.name),
                image_scan_on_push=True,
                image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
                image_tag_mutability_exclusion_filters=[
                    ecr.ImageTagMutabilityExclusionFilter.wildcard(tag) for tag in MOVING_TAGS
                ],
                encryption=ecr.RepositoryEncryption.KMS if encryption_key else None,
                encryption_key=encryption_key,
                lifecycle_rules=rules,
                removal_policy=removal_policy,
                empty_on_delete=removal_policy == RemovalPolicy.DESTROY,
            )
            for image in application.images
        }
        for account in self.environment_accounts:
            self._share(check_account(f"{self.node.path}: environment_accounts has ", account))

    def _share(self, account: str) -> None:
        theirs = iam.AccountPrincipal(account)
        roles = f"arn:*:iam::{account}:role{handoff.ROOT}/{self.application.name}/*"
        for repository in self.repositories.values():
            repository.add_to_resource_policy(
                iam.PolicyStatement(principals=[theirs], actions=list(PULL_ACTIONS)),
            )
            # Without it, a first release cannot start and no other can be recorded. It cannot upload anything.
            repository.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[theirs],
                    actions=["ecr:PutImage"],
                    conditions={
                        "ArnLike": {"aws:PrincipalArn": roles},
                        "ArnNotLike": {"aws:PrincipalArn": f"{roles}/tasks/*"},
                    },
                ),
            )

    def seen_from(self, scope: Construct) -> dict[str, ecr.IRepository]:
        """The same repositories by name, for use in another stack.

        By name, because a reference between stacks would become a CloudFormation export: then an image could not be
        removed from the application while any environment's stack still imported it.
        """
        home = Stack.of(self)
        return ImageRepositories.of_application(
            scope,
            self.application,
            account=None if Token.is_unresolved(home.account) else home.account,
            region=None if Token.is_unresolved(home.region) else home.region,
        )

    @staticmethod
    def of_application(
        scope: Construct, application: Application, *, account: str | None = None, region: str | None = None
    ) -> dict[str, ecr.IRepository]:
        """The repositories that another CDK app defines, found by their names: image name → repository.

        ::

            Deployer(
                stack,
                "Deployer",
                application=shop,
                environment="prod",
                repositories=ImageRepositories.of_application(stack, shop, account="111122223333", region="us-east-1"),
                released_from="111122223333",
            )

        Args:
            scope: where they are used.
            application: whose images.
            account: their account; it names this one in ``environment_accounts``. Default: the scope's.
            region: their region. Images are pulled from there. Default: the scope's.

        Raises:
            ConfigurationError: an account or a region that is none.
        """
        if account is not None:
            check_account(f"{scope.node.path}: repositories of account ", account)
        if region is not None:
            check_region(f"{scope.node.path}: repositories of region ", region)
        return {
            image.name: ecr.Repository.from_repository_attributes(
                scope,
                f"Repository-{image.name}",
                repository_name=application.repository(image.name),
                repository_arn=Stack.of(scope).format_arn(
                    service="ecr",
                    resource="repository",
                    resource_name=application.repository(image.name),
                    arn_format=ArnFormat.SLASH_RESOURCE_NAME,
                    account=account,
                    region=region,
                ),
            )
            for image in application.images
        }


def home_of(repository: ecr.IRepository, stack: Stack) -> ImageRepository:
    """Where a repository is, as a manifest that ``stack`` defines says it."""
    # Not its env: that of a repository imported with attributes is ours, whatever its ARN says.
    arn = stack.split_arn(repository.repository_arn, ArnFormat.SLASH_RESOURCE_NAME)
    account, region = arn.account or stack.account, arn.region or stack.region
    return ImageRepository(
        registry=f"{account}.dkr.ecr.{region}.{stack.url_suffix}",
        repository=repository.repository_name,
        registry_id=account,
        region=region,
    )


def _untagged(days: int) -> ecr.LifecycleRule:
    return ecr.LifecycleRule(
        description="What no tag and no index names",
        tag_status=ecr.TagStatus.UNTAGGED,
        max_image_age=Duration.days(days),
    )
