"""The builds of a pipeline: one CodeBuild project per architecture, each on that architecture's processors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from appdp.cdk.acknowledgements import acknowledge_findings, wildcard_finding
from appdp.cdk.architecture import Architecture
from appdp.cdk.bake import REGISTRY, Attestations, images_for
from appdp.cdk.build_images import newest, pull_statements
from appdp.cdk.buildspec import ARCHITECTURE, BUILDKIT_IMAGE, buildspec
from appdp.cdk.pipeline_permissions import NO_RESOURCE, PipelineNames, build_statements, vpc_statements
from appdp.cdk.pull_through_cache import PULL_ACTIONS
from appdp.cdk.statements import allow
from appdp.errors import ConfigurationError

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

    from appdp.cdk.pull_through_cache import PullThroughCache
    from appdp.cdk.scan import Scan
    from appdp.cdk.soci import Soci
    from appdp.model.application import Application

TIMEOUT_MINUTES: Final = (5, 2_160)
"""See: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html"""

REPORT_ACTIONS: Final = ("codebuild:BatchPutTestCases", "codebuild:CreateReport", "codebuild:UpdateReport")
"""See: https://docs.aws.amazon.com/codebuild/latest/userguide/test-permissions.html"""

PROVENANCE: Final = (None, "min", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How the images are built. CodeBuild costs money by the minute.

    Args:
        compute_type: the size of the machine. Default: CodeBuild's for the build image.
        build_images: architecture → build image, with bash, curl, a Docker that starts in it, buildx 0.13 or newer and
            AWS's command line. The build's role may pull it. Default: the newest of AWS's Amazon Linux 2023 images.
        vpc: where the builds run, to reach what is private there; it needs a way to ECR, S3 and CloudWatch Logs, such
            as a NAT gateway. Default: in no VPC.
        subnets: which of its subnets. Default: private ones.
        security_groups: of the builds. Default: a new one that lets everything out.
        timeout: of one build, 5 minutes to 36 hours. Default: 1 hour.
        docker_server: a machine that keeps Docker's layers between builds, and costs money while it runs. Default:
            none; the caches are in ECR either way.
        provenance: how much is attached to an image about its build: ``"min"``, ``"max"`` (also the build arguments),
            or None for nothing. Default: ``"min"``.
        sbom: whether a list of the packages inside is attached to each image, in the registry. Default: there is none.
        sbom_generator: the image of the program that makes the list; pin it with ``@sha256:…`` to decide yourself when
            it changes. Default: BuildKit's own, from Docker Hub, by a tag that moves.
        soci: how large images are made ready for a start before they are loaded; see :class:`Soci`. Default: they are
            not.
        pull_through: the caches that the builds may pull base images from; see :class:`PullThroughCache`. Default:
            none.
        buildkit_image: the BuildKit that builds, in a container of its own, as Docker's exports no caches in AWS's
            build images; pin it with ``@sha256:…`` to decide yourself when it changes. Default: the stable one that
            Docker publishes on ECR Public, by a tag that moves.

    Raises:
        ConfigurationError: a time or a provenance that cannot be one.
    """

    compute_type: codebuild.ComputeType | None = None
    build_images: Mapping[Architecture, codebuild.IBuildImage] = field(default_factory=lambda: MappingProxyType({}))
    vpc: ec2.IVpc | None = None
    subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] = ()
    timeout: Duration | None = None
    docker_server: codebuild.DockerServerOptions | None = None
    provenance: str | None = "min"
    sbom: bool = False
    sbom_generator: str | None = None
    soci: Soci | None = None
    pull_through: Sequence[PullThroughCache] = ()
    buildkit_image: str = "public.ecr.aws/vend/moby/buildkit:buildx-stable-1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "build_images", MappingProxyType(dict(self.build_images)))
        shortest, longest = TIMEOUT_MINUTES
        if self.timeout is not None and not shortest * 60 <= self.timeout.to_seconds() <= longest * 60:
            raise ConfigurationError(
                f"Build timeout={self.timeout.to_seconds():g} seconds: allowed are {shortest} to {longest} minutes."
            )
        if self.provenance not in PROVENANCE:
            raise ConfigurationError(f"Build provenance={self.provenance!r}: allowed are None, 'min' and 'max'.")
        if self.sbom_generator is not None and not self.sbom:
            raise ConfigurationError("Build has a sbom_generator, but no sbom.", hint="Add sbom=True.")
        if self.vpc is None and (self.subnets is not None or self.security_groups):
            raise ConfigurationError("Build has subnets or security groups, but no vpc.", hint="Pass vpc=.")

    @property
    def attestations(self) -> Attestations:
        """What is attached to each image."""
        return Attestations(provenance=self.provenance, sbom=self.sbom, sbom_generator=self.sbom_generator)


class BuildProject(Construct):
    """Builds the images of one architecture, with its role and its log group.

    Args:
        scope: the pipeline.
        construct_id: the architecture's name.
        names: the pipeline's.
        application: whose images.
        architecture: what it builds for, and on.
        registry: the host of the registry.
        repositories: image name → ARN of its repository.
        artifacts: the bucket with the sources.
        options: see :class:`Build`.
        scan: see :class:`Scan`.

    Attributes:
        project: the CodeBuild project.
        reports: the report group with what Trivy found; None if it does not scan.
        role: what it may do.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: PipelineNames,
        application: Application,
        architecture: Architecture,
        registry: str,
        repositories: Mapping[str, str],
        artifacts: s3.IBucket,
        options: Build,
        scan: Scan | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._application = application
        self._architecture = architecture
        self._options = options
        self._image = options.build_images.get(architecture) or newest(architecture)
        self._check_caches(registry)
        self._log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
        )
        self.reports = self._reports(names) if scan and scan.kind == "trivy" else None
        self.role = self._role(names, repositories, artifacts)
        self.project = self._project(registry, scan)
        self._acknowledge(artifacts)

    def _check_caches(self, registry: str) -> None:
        for cache in self._options.pull_through:
            if cache.registry != registry:
                raise ConfigurationError(
                    f"{self.node.path} and {cache.node.path} are not known to be in one account and region: a build "
                    "pulls through the caches of its own registry.",
                    hint="Give both stacks the same env=.",
                )

    def _reports(self, names: PipelineNames) -> codebuild.ReportGroup:
        return codebuild.ReportGroup(
            self,
            "Reports",
            report_group_name=f"{names.physical_name}-{self._architecture.value}",
            type=codebuild.ReportGroupType.TEST,
            removal_policy=RemovalPolicy.DESTROY,
            delete_reports=True,
        )

    def _role(self, names: PipelineNames, repositories: Mapping[str, str], artifacts: s3.IBucket) -> iam.Role:
        images = images_for(self._application, self._architecture.value)
        statements = build_statements(
            names,
            repositories=[repositories[image.name] for image in images],
            bucket=artifacts.bucket_arn,
            log_group=self._log_group.log_group_arn,
            secrets=[source for image in images for source in image.secrets.values()],
        )
        statements += pull_statements(self._image)
        statements += [allow(PULL_ACTIONS, [cache.repositories_arn]) for cache in self._options.pull_through]
        if self.reports:
            statements.append(allow(REPORT_ACTIONS, [self.reports.report_group_arn]))
        vpc = self._options.vpc
        if vpc is not None:
            statements += vpc_statements(Stack.of(self), _subnet_ids(vpc, self._options.subnets))
        return iam.Role(
            self,
            "Role",
            path=names.role_path,
            assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
            inline_policies={"Build": iam.PolicyDocument(statements=statements)},
        )

    def _project(self, registry: str, scan: Scan | None) -> codebuild.PipelineProject:
        options, architecture = self._options, self._architecture
        trivy = scan.variables(architecture.value) if scan else {}
        soci = options.soci.variables(architecture.value) if options.soci else {}
        variables = {
            ARCHITECTURE: architecture.value,
            REGISTRY: registry,
            BUILDKIT_IMAGE: options.buildkit_image,
            **soci,
            **trivy,
        }
        spec = buildspec(
            self._application,
            architecture.value,
            attestations=options.attestations,
            soci=bool(soci),
            trivy=self.reports.report_group_arn if self.reports else "",
        )
        return codebuild.PipelineProject(
            self,
            "Project",
            description=f"Builds {self._application.name} for {architecture.platform}",
            build_spec=codebuild.BuildSpec.from_object(spec),
            environment=codebuild.BuildEnvironment(
                build_image=self._image,
                compute_type=options.compute_type,
                docker_server=options.docker_server,
                # Docker runs inside the build.
                privileged=True,
                environment_variables={
                    name: codebuild.BuildEnvironmentVariable(value=value) for name, value in variables.items()
                },
            ),
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=self._log_group)),
            # All permissions are in the role already, without wildcards in actions.
            role=self.role.without_policy_updates(),
            timeout=options.timeout or Duration.hours(1),
            vpc=options.vpc,
            subnet_selection=options.subnets,
            security_groups=list(options.security_groups) or None,
        )

    def _acknowledge(self, artifacts: s3.IBucket) -> None:
        interfaces = Stack.of(self).format_arn(service="ec2", resource="network-interface", resource_name="*")
        reasons = {
            "*": NO_RESOURCE,
            f"{artifacts.bucket_arn}/*": "CodePipeline makes up the names of the sources it keeps.",
            interfaces: "CodeBuild makes up network interfaces; the subnets bound them.",
        }
        for cache in self._options.pull_through:
            reasons[cache.repositories_arn] = "ECR makes a repository for each image that is pulled through the cache."
        acknowledge_findings(
            self.role, {wildcard_finding(self, resource): reason for resource, reason in reasons.items()}
        )
        acknowledge_findings(
            self.project,
            {
                "AwsSolutions-CB3": "Docker cannot build images in a build without it.",
                "CloudFormation-Validate::E3050": "The rule means roles that are named; this one is said by its ARN.",
                "AwsSolutions-CB4": "It puts nothing into S3: images go to ECR, which encrypts them.",
            },
        )


def _subnet_ids(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> list[str]:
    wanted = selection or ec2.SubnetSelection()
    return vpc.select_subnets(
        availability_zones=wanted.availability_zones,
        one_per_az=wanted.one_per_az,
        subnet_filters=wanted.subnet_filters,
        subnet_group_name=wanted.subnet_group_name,
        subnets=wanted.subnets,
        subnet_type=wanted.subnet_type,
    ).subnet_ids
