"""One boto3 session and its clients, each made on first use: loading a client's model costs tens of milliseconds."""

from __future__ import annotations

import os
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from appdp import __version__
from appdp.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_codepipeline import CodePipelineClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 30


def client_config(*, attempts: int = 4) -> Config:
    """How every client calls AWS: adaptive retries, so that a fleet of services is described without being throttled.

    Args:
        attempts: calls in total, the first one included.

    See: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """
    return Config(
        retries={"mode": "adaptive", "total_max_attempts": attempts},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        user_agent_extra=f"appdp/{__version__}",
    )


class Session:
    """The clients of one caller.

    Args:
        profile: a profile of the AWS configuration. Default: what boto3 finds (``AWS_PROFILE``, or the environment).
        region: a region. Default: what boto3 finds.
        config: see :func:`client_config`.

    Raises:
        CredentialsError: the profile does not exist.
        ConfigurationError: there is no region.
    """

    def __init__(self, *, profile: str | None = None, region: str | None = None, config: Config | None = None) -> None:
        self.config = config or client_config()
        with translated("sts"):
            # boto3 alone does not read AWS_REGION, which Lambda and the other SDKs set.
            region = region or os.environ.get("AWS_REGION") or None
            self.boto = boto3.session.Session(profile_name=profile, region_name=region)
        self._ecr: dict[str, ECRClient] = {}
        self._making = Lock()

    @cached_property
    def ecs(self) -> ECSClient:
        """Amazon ECS."""
        with translated("ecs"):
            return self.boto.client("ecs", config=self.config)

    @cached_property
    def ec2(self) -> EC2Client:
        """Amazon EC2, for what subnets there are."""
        with translated("ec2"):
            return self.boto.client("ec2", config=self.config)

    @cached_property
    def elbv2(self) -> ElasticLoadBalancingv2Client:
        """Elastic Load Balancing."""
        with translated("elasticloadbalancing"):
            return self.boto.client("elbv2", config=self.config)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """Amazon CloudWatch."""
        with translated("cloudwatch"):
            return self.boto.client("cloudwatch", config=self.config)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        with translated("logs"):
            return self.boto.client("logs", config=self.config)

    @cached_property
    def ssm(self) -> SSMClient:
        """Systems Manager."""
        with translated("ssm"):
            return self.boto.client("ssm", config=self.config)

    @cached_property
    def events(self) -> EventBridgeClient:
        """EventBridge."""
        with translated("events"):
            return self.boto.client("events", config=self.config)

    @cached_property
    def scheduler(self) -> EventBridgeSchedulerClient:
        """EventBridge Scheduler."""
        with translated("scheduler"):
            return self.boto.client("scheduler", config=self.config)

    @cached_property
    def stepfunctions(self) -> SFNClient:
        """Step Functions."""
        with translated("states"):
            return self.boto.client("stepfunctions", config=self.config)

    @cached_property
    def sts(self) -> STSClient:
        """Security Token Service."""
        with translated("sts"):
            return self.boto.client("sts", config=self.config)

    @cached_property
    def codepipeline(self) -> CodePipelineClient:
        """CodePipeline."""
        with translated("codepipeline"):
            return self.boto.client("codepipeline", config=self.config)

    @cached_property
    def codedeploy(self) -> Any:  # noqa: ANN401 - there are no stubs of it among our dependencies
        """CodeDeploy."""
        with translated("codedeploy"):
            return self.boto.client("codedeploy", config=self.config)

    def region(self) -> str:
        """The region that is used.

        Raises:
            ConfigurationError: there is none.
        """
        return self.ssm.meta.region_name

    def ecr(self, region: str) -> ECRClient:
        """Amazon ECR in the region that an image lives in."""
        with self._making, translated("ecr"):
            if region not in self._ecr:
                self._ecr[region] = self.boto.client("ecr", region_name=region, config=self.config)
        return self._ecr[region]
