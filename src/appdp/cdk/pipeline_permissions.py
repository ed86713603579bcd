"""What the parts of a pipeline may do, statement by statement.

The CDK's own grants for pipelines have wildcards in actions (``s3:GetObject*``), so the constructs hand it roles that
it cannot write to, and everything is here. A resource has a wildcard only where AWS knows none or makes up names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

from appdp.cdk.image_actions import PUBLISH_ACTIONS, PUSH_ACTIONS
from appdp.cdk.pipeline_environment import PipelineEnvironment
from appdp.cdk.release_role import EXECUTION_ACTIONS, STATE_MACHINE_ACTIONS, release_role_arn
from appdp.cdk.statements import allow
from appdp.model import handoff

SCAN_ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "ecr_basic": ("ecr:DescribeImageScanFindings", "ecr:StartImageScan"),
    "ecr_enhanced": ("ecr:DescribeImageScanFindings",),
}

INSPECTOR_ACTIONS: Final = ("inspector2:ListCoverage", "inspector2:ListFindings")
"""What ECR asks of Inspector in the caller's name for an enhanced scan.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
"""

_EC2_READS: Final = (
    "DescribeDhcpOptions",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
)

NO_RESOURCE: Final = "AWS knows no resource for these actions."


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineNames:
    """The ARNs of what belongs to one pipeline, as one stack writes them."""

    stack: Stack
    application: str
    pipeline: str

    @property
    def physical_name(self) -> str:
        """The pipeline's name on AWS."""
        return f"appdp-{self.application}-{self.pipeline}"

    @property
    def role_path(self) -> str:
        """The IAM path of the pipeline's roles."""
        return f"{handoff.pipeline_parameter(self.application, self.pipeline)}/"

    def parameter(self, name: str, region: str | None = None) -> str:
        """A parameter of this account; ``name`` starts with a slash."""
        return self.stack.format_arn(service="ssm", region=region, resource="parameter", resource_name=name[1:])

    def state_machine(self, environment: PipelineEnvironment, kind: str = "stateMachine", suffix: str = "") -> str:
        """An environment's state machine, or its executions."""
        return self.stack.format_arn(
            service="states",
            account=environment.account,
            region=environment.region,
            resource=kind,
            resource_name=handoff.deployer_name(self.application, environment.name) + suffix,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def release_role(self, environment: PipelineEnvironment) -> str | None:
        """The role with which an environment of another account is released into; None in the pipeline's account."""
        if environment.account is None:
            return None
        region = environment.region or self.stack.region
        return release_role_arn(
            self.stack, self.application, environment.name, account=environment.account, region=region
        )

    def release_roles(self, environments: Iterable[PipelineEnvironment]) -> list[str]:
        """Those of all environments of other accounts."""
        return [role for environment in environments if (role := self.release_role(environment))]

    def secret(self, source: str) -> str:
        """A secret of Secrets Manager, from its name or whole ARN, with or without the key of a field."""
        parts = source.split(":")
        if source.startswith("arn:"):
            return ":".join(parts[:7])
        # Secrets Manager ends every ARN with six characters of its own.
        return self.stack.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{parts[0]}-??????",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def event_bus(self) -> str:
        """The default event bus."""
        return self.stack.format_arn(service="events", resource="event-bus", resource_name="default")


def build_statements(
    names: PipelineNames, *, repositories: Iterable[str], bucket: str, log_group: str, secrets: Iterable[str]
) -> list[iam.PolicyStatement]:
    """What a build may do; all but ``secrets`` are ARNs.

    See: https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
    """
    found = [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group]),
        allow(["s3:GetObject", "s3:GetObjectVersion"], [f"{bucket}/*"]),
        allow(["s3:GetBucketAcl", "s3:GetBucketLocation"], [bucket]),
        allow(["ecr:GetAuthorizationToken"], ["*"]),
        allow(PUSH_ACTIONS, sorted(repositories)),
    ]
    arns = sorted({names.secret(source) for source in secrets})
    return [*found, allow(["secretsmanager:GetSecretValue"], arns)] if arns else found


def vpc_statements(stack: Stack, subnets: Sequence[str]) -> list[iam.PolicyStatement]:
    """What CodeBuild needs to work in a VPC.

    See: https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-iam-identity-based-access-control.html
    """
    interfaces = stack.format_arn(service="ec2", resource="network-interface", resource_name="*")
    actions = ("CreateNetworkInterface", "DeleteNetworkInterface", *_EC2_READS)
    subnet_arns = [stack.format_arn(service="ec2", resource="subnet", resource_name=subnet) for subnet in subnets]
    return [
        allow([f"ec2:{action}" for action in actions], ["*"]),
        allow(
            ["ec2:CreateNetworkInterfacePermission"],
            [interfaces],
            {
                "StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"},
                "ArnEquals": {"ec2:Subnet": subnet_arns},
            },
        ),
    ]


def publish_statements(
    names: PipelineNames,
    *,
    repositories: Iterable[str],
    environments: Sequence[PipelineEnvironment],
    scan: str | None,
) -> list[iam.PolicyStatement]:
    """What the publication may do, but for its answers to the pipeline, which the CDK adds."""
    application = names.application
    latest = names.parameter(handoff.release_registry_parameter(application))
    read = [
        names.parameter(handoff.pipeline_parameter(application, names.pipeline)),
        latest,
        *(
            names.parameter(handoff.release_parameter(application, environment.name), environment.region)
            for environment in environments
            if environment.account is None
        ),
    ]
    schedules = [
        names.parameter(handoff.schedules_path(application, environment.name), environment.region)
        for environment in environments
        if environment.account is None
    ]
    inspector = [allow(INSPECTOR_ACTIONS, ["*"])] if scan == "ecr_enhanced" else []
    return [
        allow(["ecr:GetAuthorizationToken"], ["*"]),
        allow([*PUBLISH_ACTIONS, *SCAN_ACTIONS.get(scan or "", ())], sorted(repositories)),
        *inspector,
        allow(["ssm:GetParameter"], read),
        *([allow(["ssm:GetParametersByPath"], schedules)] if schedules else []),
        allow(["ssm:PutParameter"], [latest]),
        allow(["events:PutEvents"], [names.event_bus()], {"StringEquals": {"events:source": handoff.EVENT_SOURCE}}),
        *_assuming(names, environments),
    ]


def pipeline_statements(  # noqa: PLR0913 - each is another service
    names: PipelineNames,
    *,
    buckets: Sequence[str],
    connection: str,
    projects: Sequence[str],
    function: str,
    environments: Sequence[PipelineEnvironment],
    topics: Sequence[str],
) -> list[iam.PolicyStatement]:
    """What the pipeline itself may do; all but ``environments`` are ARNs.

    Into an environment of another account it releases with that account's role, and may do nothing else there.

    See: https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
    """
    ours = [environment for environment in environments if environment.account is None]
    machines = [names.state_machine(environment) for environment in ours]
    executions = [names.state_machine(environment, "execution", ":*") for environment in ours]
    found = [
        allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], [f"{bucket}/*" for bucket in buckets]),
        allow(["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"], buckets),
        # The service was renamed: which of the two is asked for depends on the connection's age.
        allow(["codeconnections:UseConnection", "codestar-connections:UseConnection"], [connection]),
        allow(["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"], list(projects)),
        allow(["lambda:InvokeFunction"], [function]),
    ]
    if ours:
        found.append(allow(STATE_MACHINE_ACTIONS, machines))
        found.append(allow(EXECUTION_ACTIONS, executions))
    found += _assuming(names, environments)
    return [*found, allow(["sns:Publish"], list(topics))] if topics else found


def _assuming(names: PipelineNames, environments: Iterable[PipelineEnvironment]) -> list[iam.PolicyStatement]:
    roles = names.release_roles(environments)
    return [allow(["sts:AssumeRole"], roles)] if roles else []
