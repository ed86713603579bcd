"""From a push to a release that every environment of the pipeline runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Stack, Token
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from appdp.cdk.acknowledgements import acknowledge_findings, wildcard_finding
from appdp.cdk.approval import PUBLISH, approval_link, approval_text
from appdp.cdk.architecture import Architecture
from appdp.cdk.artifact_bucket import artifact_bucket, artifact_bucket_in
from appdp.cdk.bake import COMMIT, architectures
from appdp.cdk.build_project import Build, BuildProject
from appdp.cdk.deploy_action import RELEASE, deploy_action, reach
from appdp.cdk.github import GitHub, Push
from appdp.cdk.pipeline_environment import PipelineEnvironment
from appdp.cdk.pipeline_permissions import PipelineNames, pipeline_statements
from appdp.cdk.pipeline_stage import Approval, Stage, check_stages
from appdp.cdk.publisher import USER_PARAMETERS, Publisher
from appdp.cdk.repositories import ImageRepositories
from appdp.cdk.scan import Scan
from appdp.errors import ConfigurationError
from appdp.model import handoff
from appdp.model.application import Application


class DeliveryPipeline(Construct):
    """A pipeline: source, builds, publication, then one stage after the other.

    It defines a CodePipeline of type V2, a bucket for sources, one CodeBuild project per architecture, and the function
    that publishes. CodePipeline costs money per minute of each action, but for approvals; CodeBuild per minute; the
    bucket per GB.

    Several pipelines may serve one application, such as one for ``main`` and one for tags: they share its repositories,
    and a commit that one of them published is not built again by another.

    The pipeline and the repositories are in one account and region. Environments may be elsewhere: those of another
    account need ``released_from=`` of their :class:`Deployer` and ``environment_accounts=`` of the repositories; each
    other region gets a stack with a bucket that stays empty.

    Example::

        DeliveryPipeline(
            stack,
            "Main",
            application=shop,
            repositories=images,
            source=GitHub("acme/shop", connection_arn=connection_arn),
            trigger=Push(branches=["main"]),
            stages=[Stage(deployer), Stage(Environment("prod"), approve=True)],
        )

    Args:
        scope: a stack; not that of a service.
        construct_id: such as ``"Main"``.
        application: what is built and released.
        repositories: where its images go.
        source: the repository with the sources; see :class:`GitHub`.
        trigger: which pushes start the pipeline; see :class:`Push`. None: none does, somebody has to.
        stages: what is deployed after the publication, in order; see :class:`Stage`. Default: nothing; ``appdp deploy``
            can.
        scan: what the images must pass first; see :class:`Scan`. Default: nothing.
        build: how they are built; see :class:`Build`. Default: as it says.
        name: of the pipeline within the application, 1 to 32 of ``a-z0-9-``. Default: the construct id in lower case.
        execution_mode: what happens to a push while another one is on its way. Default: ``QUEUED``, it waits.
            ``SUPERSEDED`` lets a newer one overtake what waits. ``PARALLEL`` is refused: two releases would reach an
            environment in any order.

    Attributes:
        pipeline: the CodePipeline.
        artifacts: its bucket.
        builds: architecture → its :class:`BuildProject`.
        publisher: the publication.
        role: what the pipeline may do.

    Raises:
        ConfigurationError: a name that is none, repositories of another application, an environment that is there twice
            or cannot be reached, or no checksum for a scanner.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: Application,
        repositories: ImageRepositories,
        source: GitHub,
        trigger: Push | None,
        stages: Sequence[Stage] = (),
        scan: Scan | None = None,
        build: Build | None = None,
        name: str | None = None,
        execution_mode: codepipeline.ExecutionMode = codepipeline.ExecutionMode.QUEUED,
    ) -> None:
        super().__init__(scope, construct_id)
        self.application = application
        self.name = handoff.check_name(f"{self.node.path}: pipeline", name or construct_id.lower())
        self._source = source
        self._stages = tuple(stages)
        self._names = PipelineNames(stack=Stack.of(self), application=application.name, pipeline=self.name)
        self._check(repositories, execution_mode)
        self._environments = self._reached(repositories)
        self.artifacts = artifact_bucket(self)
        arns = {name: item.repository_arn for name, item in repositories.seen_from(self).items()}
        self.builds = self._builds(arns, build or Build(), scan)
        self.publisher = Publisher(
            self,
            "Publish",
            names=self._names,
            application=application,
            registry=self._registry,
            repositories=arns,
            environments=list(self._environments.values()),
            scan=scan,
        )
        regions = sorted({item.region for item in self._environments.values() if item.region})
        self._stores = {region: artifact_bucket_in(region, self) for region in regions}
        self.role = self._role()
        self.pipeline = self._pipeline(trigger, execution_mode)

    @property
    def _registry(self) -> str:
        stack = Stack.of(self)
        return f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}"

    def _check(self, repositories: ImageRepositories, mode: codepipeline.ExecutionMode) -> None:
        path, stack, home = self.node.path, Stack.of(self), Stack.of(repositories)
        if repositories.application != self.application:
            raise ConfigurationError(
                f"{path} releases application {self.application.name!r}, but {repositories.node.path} has the "
                f"repositories of {repositories.application.name!r}, or of other images.",
                hint="Pass the ImageRepositories of the same Application.",
            )
        for kind, here, there in (("account", stack.account, home.account), ("region", stack.region, home.region)):
            if here != there and not (Token.is_unresolved(here) and Token.is_unresolved(there)):
                raise ConfigurationError(
                    f"{path} and {repositories.node.path} are not known to be in one {kind}: a pipeline pushes into "
                    "repositories of its own account and region.",
                    hint="Give both stacks the same env=.",
                )
        if mode is codepipeline.ExecutionMode.PARALLEL:
            raise ConfigurationError(
                f"{path}: execution_mode=PARALLEL would let releases reach an environment in any order.",
                hint="Use QUEUED, or SUPERSEDED.",
            )
        if home.node.path != stack.node.path:
            stack.add_stack_dependency(home)

    def _reached(self, repositories: ImageRepositories) -> dict[str, PipelineEnvironment]:
        """The environments, each of which can be reached and may pull."""
        found = check_stages(self.node.path, Stack.of(self), self.application.name, self._stages)
        may_pull = repositories.environment_accounts
        for environment in found.values():
            if environment.account is None or any(Token.is_unresolved(account) for account in may_pull):
                continue
            if environment.account not in may_pull:
                raise ConfigurationError(
                    f"{self.node.path}: environment {environment.name!r} is in account {environment.account}, which "
                    f"may not pull from {repositories.node.path}; allowed are: {', '.join(may_pull) or 'none'}.",
                    hint=f"Give ImageRepositories environment_accounts=[{environment.account!r}].",
                )
        return found

    def _builds(
        self, repositories: Mapping[str, str], options: Build, scan: Scan | None
    ) -> Mapping[Architecture, BuildProject]:
        return {
            architecture: BuildProject(
                self,
                f"Build-{architecture.value}",
                names=self._names,
                application=self.application,
                architecture=architecture,
                registry=self._registry,
                repositories=repositories,
                artifacts=self.artifacts,
                options=options,
                scan=scan,
            )
            for architecture in map(Architecture, architectures(self.application))
        }

    def _role(self) -> iam.Role:
        approvals = [stage.approval for stage in self._stages if stage.approval]
        buckets = [bucket.bucket_arn for bucket in (self.artifacts, *self._stores.values())]
        statements = pipeline_statements(
            self._names,
            buckets=buckets,
            connection=self._source.connection_arn,
            projects=[build.project.project_arn for build in self.builds.values()],
            function=self.publisher.function.function_arn,
            environments=list(self._environments.values()),
            topics=[approval.topic.topic_arn for approval in approvals if approval.topic],
        )
        role = iam.Role(
            self,
            "Role",
            path=self._names.role_path,
            assumed_by=iam.ServicePrincipal("codepipeline.amazonaws.com"),
            # Inline: the pipeline depends on the role, and so on its permissions.
            inline_policies={"Pipeline": iam.PolicyDocument(statements=statements)},
        )
        reasons = {f"{bucket}/*": "CodePipeline makes up the names of the sources it keeps." for bucket in buckets}
        for environment in self._environments.values():
            if environment.account is None:
                executions = self._names.state_machine(environment, "execution", ":*")
                reasons[executions] = "CodePipeline makes up the names of the executions that it starts."
        acknowledge_findings(role, {wildcard_finding(self, resource): why for resource, why in reasons.items()})
        return role

    def _pipeline(self, trigger: Push | None, mode: codepipeline.ExecutionMode) -> codepipeline.Pipeline:
        output = codepipeline.Artifact("Source")
        source = self._source.action(output)
        fixed: dict[str, list[codepipeline.IAction]] = {
            "Source": [source],
            "Build": self._build_actions(output),
            "Publish": [self._publish_action()],
        }
        stages = [
            *(codepipeline.StageProps(stage_name=title, actions=listed) for title, listed in fixed.items()),
            *(self._stage(stage) for stage in self._stages),
        ]
        stores: dict[str, Any] = {"artifact_bucket": self.artifacts}
        if self._stores:
            stores = {"cross_region_replication_buckets": {Stack.of(self).region: self.artifacts, **self._stores}}
        pipeline = codepipeline.Pipeline(
            self,
            "Pipeline",
            pipeline_name=self._names.physical_name,
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=mode,
            cross_account_keys=False,
            restart_execution_on_update=False,
            # All permissions are in the role already, without wildcards in actions.
            role=self.role.without_policy_updates(),
            use_pipeline_role_for_actions=True,
            triggers=[trigger.trigger(source)] if trigger else None,
            stages=stages,
            **stores,
        )
        for environment in self._environments.values():
            if environment.elsewhere:
                reach(pipeline, stages, self._names, environment)
        return pipeline

    def _build_actions(self, sources: codepipeline.Artifact) -> list[codepipeline.IAction]:
        commit = codebuild.BuildEnvironmentVariable(value=RELEASE)
        return [
            actions.CodeBuildAction(
                action_name=f"Build-{architecture.value}",
                input=sources,
                project=build.project,
                environment_variables={COMMIT: commit},
            )
            for architecture, build in self.builds.items()
        ]

    def _publish_action(self) -> codepipeline.IAction:
        return actions.LambdaInvokeAction(
            action_name="Publish",
            lambda_=self.publisher.function,
            user_parameters=USER_PARAMETERS,
            variables_namespace=PUBLISH,
        )

    def _stage(self, stage: Stage) -> codepipeline.StageProps:
        approval = [self._approval(stage.approval, stage.environment_names)] if stage.approval else []
        deploys = [
            deploy_action(self, self._names, self._environments[name], len(approval) + 1)
            for name in stage.environment_names
        ]
        return codepipeline.StageProps(stage_name=stage.name, actions=[*approval, *deploys])

    def _approval(self, approval: Approval, environments: Sequence[str]) -> codepipeline.IAction:
        repository = self._source.repository
        note = approval.note or f"Release {RELEASE} of {self.application.name}"
        return actions.ManualApprovalAction(
            action_name="Approve",
            run_order=1,
            notification_topic=approval.topic,
            timeout=approval.timeout,
            additional_information=approval_text(note, repository, environments),
            external_entity_link=approval_link(repository, environments),
        )
