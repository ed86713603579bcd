"""One Lambda function of a deployer, with its log group and a role that may write there and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from appdp.cdk.runtime_asset import runtime_code

RUNTIME: Final = lambda_.Runtime.PYTHON_3_14


class RuntimeFunction(Construct):
    """A Lambda function over ``appdp.runtime``. It costs money only while it runs; its log, by GB.

    Args:
        scope: the deployer.
        construct_id: the function's name within the deployer.
        handler: such as ``"appdp.runtime.gate.handler"``.
        path: the role's path.
        statements: what the function may do besides writing its log.
        environment: environment variables. Default: none.
        memory_mib: 128 to 10,240. Default: 256.
        timeout: up to 15 minutes. Default: 1 minute.

    Attributes:
        function: the function.
        role: its role.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        path: str,
        statements: Sequence[iam.PolicyStatement],
        environment: dict[str, str] | None = None,
        memory_mib: int = 256,
        timeout: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
        )
        write_log = iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]
        )
        self.role = iam.Role(
            self,
            "Role",
            path=path,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Runtime": iam.PolicyDocument(statements=[write_log, *statements])},
        )
        self.function = lambda_.Function(
            self,
            "Function",
            code=runtime_code(),
            handler=handler,
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            role=self.role,
            memory_size=memory_mib,
            timeout=timeout or Duration.minutes(1),
            environment=environment,
            log_group=log_group,
        )
