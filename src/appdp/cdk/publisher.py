"""The publication: one Lambda function that makes a release out of what the builds pushed, and its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from appdp.cdk.acknowledgements import acknowledge_findings, wildcard_finding
from appdp.cdk.manifest_parameter import images_parameter
from appdp.cdk.pipeline_permissions import NO_RESOURCE, PipelineNames, publish_statements
from appdp.cdk.runtime_function import RuntimeFunction
from appdp.model import handoff
from appdp.model.publication import PipelineManifest, Place, PublishedImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appdp.cdk.pipeline_environment import PipelineEnvironment
    from appdp.cdk.scan import Scan
    from appdp.model.application import Application

USER_PARAMETERS: Final = {
    "commit": "#{Source.CommitId}",
    "created": "#{Source.AuthorDate}",
    "source": "#{Source.FullRepositoryName}",
}
"""What the pipeline tells the function about the commit.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""


class Publisher(Construct):
    """Composes a commit's images from their architectures, waits for the scan, and registers the release.

    Args:
        scope: the pipeline.
        construct_id: such as ``"Publish"``.
        names: the pipeline's.
        application: what is released.
        registry: the host of the registry.
        repositories: image name → ARN of its repository.
        environments: the pipeline's environments, with which a release is compared.
        scan: see :class:`Scan`.

    Attributes:
        function: the function.
        role: what it may do.
        manifest: the parameter that tells it what to publish.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: PipelineNames,
        application: Application,
        registry: str,
        repositories: Mapping[str, str],
        environments: Sequence[PipelineEnvironment],
        scan: Scan | None,
    ) -> None:
        super().__init__(scope, construct_id)
        rule = scan.rule if scan else None
        runtime = RuntimeFunction(
            self,
            "Runtime",
            handler="appdp.runtime.publish.handler",
            path=names.role_path,
            statements=publish_statements(
                names,
                repositories=repositories.values(),
                environments=environments,
                scan=scan.kind if scan and rule else None,
            ),
            environment={"APPDP_APPLICATION": application.name, "APPDP_PIPELINE": names.pipeline},
            memory_mib=512,
            timeout=Duration.minutes(5),
        )
        self.function: lambda_.IFunction = runtime.function
        self.role = runtime.role
        manifest = PipelineManifest(
            application=application.name,
            pipeline=names.pipeline,
            images=_images(Stack.of(self), application, registry),
            scan=rule,
            environments=tuple(environment.name for environment in environments),
            elsewhere={
                environment.name: Place(region=environment.region or "", role=names.release_role(environment) or "")
                for environment in environments
                if environment.elsewhere
            },
        )
        self.manifest = images_parameter(
            self, handoff.pipeline_parameter(names.application, names.pipeline), manifest.to_json()
        )
        acknowledge_findings(self.role, {wildcard_finding(self, "*"): NO_RESOURCE})


def _images(stack: Stack, application: Application, registry: str) -> dict[str, PublishedImage]:
    return {
        image.name: PublishedImage(
            registry=registry,
            repository=application.repository(image.name),
            registry_id=stack.account,
            region=stack.region,
            platforms=image.platforms,
        )
        for image in application.images
    }
