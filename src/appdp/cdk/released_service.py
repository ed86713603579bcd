"""What every service has that runs an application's releases, with or without traffic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import jsii
from aws_cdk import Aws, CfnCondition, CfnResource, Duration, Fn, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct, IConstruct

from appdp.cdk.acknowledgements import acknowledge_warnings
from appdp.cdk.capacity import Capacity
from appdp.cdk.cluster_capacity import check_cluster
from appdp.cdk.codedeploy import CodeDeployGroup, Released
from appdp.cdk.deployer import Deployer
from appdp.cdk.environment_names import ENVIRONMENT_TAG
from appdp.cdk.manifest_parameter import manifest_parameter
from appdp.cdk.ready_made import task_of
from appdp.cdk.scaling import Scaling
from appdp.cdk.service_findings import acknowledge_service_findings
from appdp.cdk.service_options import ServiceOptions, check_options
from appdp.cdk.service_settings import ServiceSettings, fargate_service
from appdp.cdk.task import Task, TaskSettings
from appdp.model import handoff
from appdp.model.environment import ServiceManifest, StrategyKind

WARNINGS: Final = {
    "@aws-cdk/aws-ecs:shouldUseCircuitBreaker": "ECS's circuit breaker is for rolling deployments only; the deployer's "
    "watchdog stops a green that does not come up.",
}


@jsii.implements(ec2.IConnectable, iam.IGrantable)
class ReleasedService(Construct):
    """The common part of :class:`WebService` and :class:`Worker`; use one of these.

    Attributes:
        service_name: the service's name within the environment.
        service: the ECS service.
        task_definition: what CloudFormation registers; releases are clones of it.
        log_group: where the container logs; None with a ready-made task definition.
        scalable: the scalable task count, or None without scaling.
        codedeploy: CodeDeploy's application and group, or None when ECS deploys the service itself.
        manifest: the parameter through which the deployer finds the service.
    """

    def __init__(self, scope: Construct, construct_id: str, *, deployer: Deployer, options: ServiceOptions) -> None:
        check_options(type(self).__name__, options)
        super().__init__(scope, construct_id)
        self.deployer = deployer
        name = options.get("name") or construct_id.lower()
        self.service_name = handoff.check_name(f"{self.node.path}: service", name)
        deployer.claim(self, self.service_name)

    def define_or_adopt(
        self, options: ServiceOptions, *, port: int | None = None, health_check: ecs.HealthCheck | None = None
    ) -> Task:
        """The task definition: from the options, or the ready-made one."""
        settings = TaskSettings.of(options, health_check=health_check)
        return task_of(self, self.service_name, self.deployer, options, settings, port)

    def define_service(self, task: Task, settings: ServiceSettings) -> None:
        """Define the ECS service, without traffic yet."""
        settings.check(self.node.path)
        check_cluster(self, settings.cluster, settings.capacity or Capacity.on_demand())
        self._settings = settings
        self.codedeploy: CodeDeployGroup | None = None
        self._task = task
        self.task_definition = task.definition
        self.log_group = task.log_group
        self.service = fargate_service(self, task.definition, settings)
        self._count_tasks(settings)
        self._alarms = [_name_of(alarm) for alarm in settings.alarms]
        self._render_alarms()
        resource = self.service.node.default_child
        if isinstance(resource, ecs.CfnService):
            # The deployer may update the services that carry its tag, and no others.
            resource.tags.set_tag(ENVIRONMENT_TAG, self.deployer.names.tag_value)
        acknowledge_warnings(self, WARNINGS)
        acknowledge_service_findings(task.definition, execute_command=settings.enable_execute_command)

    def define_codedeploy(self, released: Released) -> None:
        """Define what CodeDeploy needs to deploy the service. Before the manifest, which names it."""
        self.codedeploy = CodeDeployGroup(
            self,
            "CodeDeploy",
            deployer=self.deployer,
            name=self.service_name,
            strategy=self._settings.strategy,
            released=released,
        )
        self._render_alarms()

    def define_manifest(self, *, target_groups: Sequence[str] = (), test_url: str | None = None) -> None:
        """Define the parameter through which the deployer finds the service."""
        manifest = ServiceManifest(
            name=self.service_name,
            cluster=self._settings.cluster.cluster_arn,
            service=self.service.service_arn,
            task_definition=self.task_definition.task_definition_arn,
            containers=dict(self._task.images),
            strategy=self._settings.strategy.kind,
            desired_count=self._settings.first_count,
            target_groups=tuple(target_groups),
            test_url=test_url,
            deployment_group=self.codedeploy.deployment_group if self.codedeploy else None,
        )
        names = self.deployer.names
        self.manifest = manifest_parameter(
            self,
            handoff.service_parameter(names.application, names.environment, self.service_name),
            manifest.to_json(),
            hint="Shorten test_url= or the names of the containers in images=.",
        )

    def _count_tasks(self, settings: ServiceSettings) -> None:
        """Nothing runs before the first release, which brings the service up; nobody else fights over the count.

        With scaling the count is left out afterwards, as CloudFormation then does not send it. Without, it is the
        user's.
        """
        unreleased = release_condition(self, self.deployer).logical_id
        later: Any = Aws.NO_VALUE if settings.scaling is not None else settings.first_count
        _override(self.service, "DesiredCount", Fn.condition_if(unreleased, 0, later))
        self.scalable = None
        if settings.scaling is not None:
            self.scalable = self._scale(settings.scaling)
            target = self.scalable.node.find_child("Target")
            # A floor above zero would start tasks that have no image yet.
            _override(target, "MinCapacity", Fn.condition_if(unreleased, 0, settings.scaling.min))

    def _scale(self, scaling: Scaling) -> ecs.ScalableTaskCount:
        scalable = self.service.auto_scale_task_count(min_capacity=scaling.min, max_capacity=scaling.max)
        if scaling.cpu_percent is not None:
            scalable.scale_on_cpu_utilization("Cpu", target_utilization_percent=scaling.cpu_percent)
        if scaling.memory_percent is not None:
            scalable.scale_on_memory_utilization("Memory", target_utilization_percent=scaling.memory_percent)
        return scalable

    def add_alarm(self, alarm: cloudwatch.IAlarm) -> None:
        """Roll a deployment back when ``alarm`` goes off while it runs.

        An alarm on this service's own metrics needs a name of its own (``alarm_name=``); without one, the alarm needs
        the service and the service the alarm, and CloudFormation refuses such a circle.
        """
        self._alarms.append(_name_of(alarm))
        self._render_alarms()

    def _render_alarms(self) -> None:
        if self._settings.strategy.kind is StrategyKind.CODEDEPLOY:
            if self.codedeploy is not None:
                self.codedeploy.render_alarms(self._alarms)
            return
        # The L2 service keeps the alarms of its first call only, and writes an empty block when there are none.
        alarms = {"AlarmNames": self._alarms, "Enable": True, "Rollback": True} if self._alarms else None
        _override(self.service, "DeploymentConfiguration.Alarms", alarms)

    @property
    def settings(self) -> ServiceSettings:
        """Where and how its tasks run, for what runs beside it."""
        return self._settings

    @property
    def images(self) -> dict[str, str]:
        """Container name → image name of the application."""
        return dict(self._task.images)

    @property
    def connections(self) -> ec2.Connections:
        """What the tasks may connect to, and what may connect to them."""
        return self.service.connections

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The tasks, as AWS sees them: grants to the service go to its task role."""
        return self.task_definition.task_role.grant_principal

    @property
    def task_role(self) -> iam.IRole:
        """What the containers may do."""
        return self.task_definition.task_role

    def grant_execute_command(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let someone open a shell in the service's tasks (``aws ecs execute-command``)."""
        cluster = self._settings.cluster
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["ecs:ExecuteCommand"],
            resource_arns=[
                cluster.cluster_arn,
                Stack.of(self).format_arn(service="ecs", resource="task", resource_name=f"{cluster.cluster_name}/*"),
            ],
        )

    def metric_cpu_utilization(
        self, *, period: Duration | None = None, statistic: str | None = None
    ) -> cloudwatch.Metric:
        """Average CPU use of the tasks, in percent. Default: over 5 minutes."""
        return self.service.metric_cpu_utilization(period=period, statistic=statistic)

    def metric_memory_utilization(
        self, *, period: Duration | None = None, statistic: str | None = None
    ) -> cloudwatch.Metric:
        """Average memory use of the tasks, in percent. Default: over 5 minutes."""
        return self.service.metric_memory_utilization(period=period, statistic=statistic)


def release_condition(scope: Construct, deployer: Deployer) -> CfnCondition:
    """Whether the environment has no release yet; one condition per stack and environment.

    A parameter of this type is read at every ``cdk deploy``; a change of it alone changes no resource's text.

    See: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
    """
    stack = Stack.of(scope)
    construct_id = f"Unreleased-{deployer.names.application}--{deployer.names.environment}"
    existing = stack.node.try_find_child(construct_id)
    if isinstance(existing, CfnCondition):
        return existing
    release = ssm.StringParameter.value_for_string_parameter(stack, deployer.release.parameter_name)
    return CfnCondition(stack, construct_id, expression=Fn.condition_equals(release, handoff.SENTINEL))


def _name_of(alarm: cloudwatch.IAlarm) -> str:
    resource = alarm.node.default_child
    # Its attribute is a reference, also where the name is known; and a reference makes the service wait for the alarm.
    name = resource.alarm_name if isinstance(resource, cloudwatch.CfnAlarm) else None
    return alarm.alarm_name if name is None else name


def _override(construct: IConstruct, prop: str, value: object) -> None:
    resource = construct.node.default_child
    if isinstance(resource, CfnResource):
        resource.add_property_override(prop, value)
