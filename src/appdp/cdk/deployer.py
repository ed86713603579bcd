"""One environment's deployer: everything that runs deployments, and nothing that is deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack, Stage
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IConstruct

from appdp.cdk.claims import Claims
from appdp.cdk.deployer_findings import MANAGED_POLICY, acknowledge_deployer_findings
from appdp.cdk.environment_names import Names
from appdp.cdk.hold_settings import HoldSettings
from appdp.cdk.hotswap_permissions import build_recipes, check_marked, hotswap_statements
from appdp.cdk.image_actions import IMAGE_ACTIONS, IMAGE_READS, PUSH_ACTIONS
from appdp.cdk.manifest_parameter import images_parameter
from appdp.cdk.permissions import (
    advance_statements,
    approver_statements,
    gate_statements,
    reader_statements,
    runner_statements,
)
from appdp.cdk.places import check_account
from appdp.cdk.release_parameter import ReleaseParameter
from appdp.cdk.release_role import release_role
from appdp.cdk.repositories import ImageRepositories, home_of
from appdp.cdk.runtime_function import RuntimeFunction
from appdp.cdk.state_machine import definition
from appdp.cdk.statements import allow, grants, pass_roles
from appdp.errors import ConfigurationError
from appdp.model import handoff
from appdp.model.application import Application
from appdp.model.environment import DeployerManifest


class Deployer(Construct):
    """Runs the deployments of one environment.

    It defines the release parameter, the deployer's manifest, a Step Functions state machine around one Lambda
    function, a second function that is ECS's gate before traffic moves, and the two roles that ECS assumes for
    blue/green deployments. While no deployment runs, none of it costs money.

    It needs a stack of its own, deployed before the services: the services' stacks read the release parameter.

    Example::

        deployer = Deployer(stack, "Deployer", application=shop, environment="dev", repositories=images)

    Args:
        scope: a stack without services.
        construct_id: such as ``"Deployer"``.
        application: what is deployed.
        environment: the environment's name, 1 to 32 of ``a-z0-9-``.
        repositories: where the images live: the application's :class:`ImageRepositories`, or image name → repository.
            One of another account needs a policy that lets this account pull, and this environment's ``role`` put
            images (``ecr:PutImage``); ``ImageRepositories`` has ``environment_accounts=`` for it.
        protected: whether ``appdp`` asks before it changes this environment. Default: it does not.
        released_from: the 12-digit id of the account whose pipelines release into this environment; they get a role
            here, which they find by its name. Default: pipelines of this account only, and these need no role.
        approve: ``"before_traffic"`` to hold every release once its greens are up and tested, until somebody says
            ``appdp approve``; a rollback does not wait. Default: only what is deployed with ``--hold`` waits.
        approval_expires: how long a release waits for that before it goes back, in whole minutes from 5 minutes to 23
            hours: ECS ends a lifecycle hook after 24. Default: 8 hours.
        hotswap: whether ``appdp hotswap`` may put what a laptop built into a service until the next release. The
            manifest then says how the images are built. Default: it may not.

    Attributes:
        application: as given.
        environment: as given.
        images: image name → ``ContainerImage`` that names the environment's tag; works in any task definition.
        state_machine: runs deployments.
        role: what the function around the engine may do.
        schedule_group: the group of the environment's schedules.
        gate: the function that ECS asks before traffic moves.
        gate_function_role: what that function may do.
        gate_role: the role with which ECS calls it.
        load_balancing_role: the role with which ECS moves traffic.
        released_from: as given.
        release_role: the role of pipelines of another account, or None.

    Raises:
        ConfigurationError: a name or an account that is none, a mapping that does not fit the application's images, an
            approval that cannot be, or hot swaps of an environment that is protected or asks for approvals.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: Application,
        environment: str,
        repositories: ImageRepositories | Mapping[str, ecr.IRepository],
        protected: bool = False,
        released_from: str | None = None,
        approve: str | None = None,
        approval_expires: Duration | None = None,
        hotswap: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.application = application
        self.environment = handoff.check_environment(f"{self.node.path}: environment", environment)
        self.names = Names(stack=Stack.of(self), application=application.name, environment=environment)
        hold = HoldSettings.of(self.node.path, approve, approval_expires)
        self._recipes = build_recipes(
            self.node.path, application, hotswap=hotswap, protected=protected, approve=approve
        )
        self._claims = Claims(self.node.path, self.names)
        self._repositories = self._checked(repositories)
        self.images: Mapping[str, ecs.ContainerImage] = {
            name: ecs.ContainerImage.from_ecr_repository(repository, handoff.environment_tag(environment))
            for name, repository in self._repositories.items()
        }
        self.release = ReleaseParameter(self, "Release", names=self.names)
        self._define_advance()
        self._define_gate()
        self.schedule_group = scheduler.CfnScheduleGroup(
            self, "Schedules", name=handoff.schedule_group(application.name, environment)
        )
        self.released_from = released_from
        self.release_role = self._release_role(released_from)
        self.load_balancing_role = iam.Role(
            self,
            "LoadBalancingRole",
            path=self.names.role_path,
            assumed_by=iam.ServicePrincipal("ecs.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(MANAGED_POLICY)],
        )
        self.manifest = images_parameter(
            self,
            handoff.deployer_parameter(application.name, environment),
            self._manifest(hold, protected=protected).to_json(),
        )
        acknowledge_deployer_findings(self)

    def _checked(self, repositories: ImageRepositories | Mapping[str, ecr.IRepository]) -> dict[str, ecr.IRepository]:
        if isinstance(repositories, ImageRepositories):
            home = Stack.of(repositories)
            if home.node.path != self.names.stack.node.path and Stage.of(home) == Stage.of(self):
                self.names.stack.add_stack_dependency(home)
            repositories = repositories.seen_from(self)
        wanted = {image.name for image in self.application.images}
        if missing := sorted(wanted - set(repositories)):
            raise ConfigurationError(
                f"{self.node.path}: no repository for image {', '.join(missing)} of application "
                f"{self.application.name!r}; there are repositories for {', '.join(sorted(repositories)) or 'none'}.",
                hint="Pass the application's ImageRepositories, or a mapping with every image.",
            )
        return {name: repository for name, repository in repositories.items() if name in wanted}

    def _define_advance(self) -> None:
        runtime = RuntimeFunction(
            self,
            "Advance",
            handler="appdp.runtime.advance.handler",
            path=self.names.role_path,
            statements=advance_statements(self.names),
            environment={"APPDP_APPLICATION": self.application.name, "APPDP_ENVIRONMENT": self.environment},
            memory_mib=512,
            timeout=Duration.minutes(5),
        )
        self.advance: lambda_.IFunction = runtime.function
        self.role: iam.IRole = runtime.role
        self._image_grants(self.role, IMAGE_ACTIONS)
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=handoff.deployer_name(self.application.name, self.environment),
            definition_body=sfn.DefinitionBody.from_string(
                Stack.of(self).to_json_string(definition(self.advance.function_arn, Stack.of(self).partition))
            ),
            role=self._invoking_role("StateMachineRole", "states.amazonaws.com", self.advance),
        )

    def _define_gate(self) -> None:
        runtime = RuntimeFunction(
            self,
            "Gate",
            handler="appdp.runtime.gate.handler",
            path=self.names.role_path,
            statements=gate_statements(self.names),
            environment={"APPDP_APPLICATION": self.application.name, "APPDP_ENVIRONMENT": self.environment},
        )
        self.gate: lambda_.IFunction = runtime.function
        self.gate_function_role: iam.IRole = runtime.role
        self.gate_role: iam.IRole = self._invoking_role("HookRole", "ecs.amazonaws.com", self.gate)

    def _invoking_role(self, construct_id: str, principal: str, function: lambda_.IFunction) -> iam.Role:
        invoke = allow(["lambda:InvokeFunction"], [function.function_arn])
        return iam.Role(
            self,
            construct_id,
            path=self.names.role_path,
            assumed_by=iam.ServicePrincipal(principal),
            # Inline: whoever depends on the role then depends on its permissions too.
            inline_policies={"Invoke": iam.PolicyDocument(statements=[invoke])},
        )

    def _release_role(self, account: str | None) -> iam.Role | None:
        if account is None or account == self.names.stack.account:
            return None
        check_account(f"{self.node.path} has released_from=", account)
        return release_role(self, "ReleaseRole", names=self.names, account=account)

    def _manifest(self, hold: HoldSettings, *, protected: bool) -> DeployerManifest:
        return DeployerManifest(
            application=self.application.name,
            environment=self.environment,
            state_machine=self.state_machine.state_machine_arn,
            images={name: home_of(repository, Stack.of(self)) for name, repository in self._repositories.items()},
            protected=protected,
            approve=hold.approve,
            approval_expires_seconds=hold.expires_seconds,
            hotswap=self._recipes,
        )

    @property
    def task_role_path(self) -> str:
        """The IAM path of the environment's task and execution roles; deployments may pass every role below it."""
        return self.names.task_role_path

    def image(self, name: str) -> ecs.ContainerImage:
        """An image of the application, for any task definition: what this environment has released, or will.

        Raises:
            NotFound: the application has no such image; the message lists those it has.
        """
        return self.images[self.application.image(name).name]

    def image_reference(self, name: str) -> str:
        """What :meth:`image` becomes in a task definition: the repository and the environment's tag."""
        return self._repositories[name].repository_uri_for_tag(handoff.environment_tag(self.environment))

    def claim(self, service: IConstruct, name: str) -> None:
        """Make ``service`` the one that is called ``name`` in this environment. The service constructs call it.

        Raises:
            ConfigurationError: it shares the deployer's stack, is in another account or region, or another one has the
                name.
        """
        self._claims.add(service, name)

    def grant_deploy(self, grantee: iam.IGrantable) -> Sequence[iam.Grant]:
        """Let someone deploy to this environment, roll it back, and look at, follow and stop its deployments."""
        found = grants(grantee, reader_statements(self.names))
        return [*found, *self._image_grants(grantee, IMAGE_READS)]

    def grant_approve(self, grantee: iam.IGrantable) -> Sequence[iam.Grant]:
        """Let someone decide on releases that are on hold (``appdp approve``, ``reject``), but start none."""
        return grants(grantee, approver_statements(self.names))

    def grant_run_jobs(self, grantee: iam.IGrantable) -> Sequence[iam.Grant]:
        """Let someone run the environment's jobs by hand (``appdp run``), with any command, and read what they say."""
        images = self._image_grants(grantee, IMAGE_READS)
        return [*grants(grantee, runner_statements(self.names)), *images]

    def grant_hotswap(self, grantee: iam.IGrantable) -> Sequence[iam.Grant]:
        """Let someone put what they built into a service until the next release (``appdp hotswap``).

        Raises:
            ConfigurationError: the environment has no ``hotswap=True``.
        """
        check_marked(self.node.path, marked=self._recipes is not None)
        images = self._image_grants(grantee, PUSH_ACTIONS)
        return [*grants(grantee, hotswap_statements(self.names)), *images]

    def _image_grants(self, grantee: iam.IGrantable, actions: Sequence[str]) -> list[iam.Grant]:
        return [repository.grant(grantee, *actions) for repository in self._repositories.values()]

    def grant_pass_role(self, scope: Construct, *roles: iam.IRole) -> iam.Policy:
        """Let deployments register task definitions with these roles.

        Roles that :class:`WebService` and :class:`Worker` create need no grant, and those of a ready-made task
        definition are granted by them. It is for roles that a task definition gets later, by an escape hatch. Roles
        whose path starts with :attr:`task_role_path` need none either: prefer that for many services, as all grants
        together may have 10,240 characters.

        See: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

        Args:
            scope: where the policy is defined; in the roles' stack, since this one is deployed before it.
            roles: the task and execution roles.
        """
        statement = pass_roles([role.role_arn for role in roles], "ecs-tasks.amazonaws.com")
        construct_id = f"MayPassRoles-{self.application.name}--{self.environment}"
        existing = scope.node.try_find_child(construct_id)
        if isinstance(existing, iam.Policy):
            existing.add_statements(statement)
            return existing
        return iam.Policy(scope, construct_id, roles=[self.role], statements=[statement])
