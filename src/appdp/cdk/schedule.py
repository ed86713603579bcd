"""A task that runs at its times, with what the environment has released."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Unpack

import jsii
from aws_cdk import Duration, Fn
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from appdp.cdk.capacity import Capacity
from appdp.cdk.cluster_capacity import check_cluster
from appdp.cdk.deployer import Deployer
from appdp.cdk.manifest_parameter import manifest_parameter
from appdp.cdk.ready_made import task_of
from appdp.cdk.released_service import release_condition
from appdp.cdk.schedule_options import ScheduleOptions, check_schedule_options
from appdp.cdk.schedule_role import schedule_role
from appdp.cdk.service_findings import acknowledge_service_findings
from appdp.cdk.service_settings import chosen_subnets
from appdp.cdk.task import Task, TaskSettings
from appdp.errors import ConfigurationError
from appdp.model import handoff
from appdp.model.schedule import ScheduleManifest

MAX_WINDOW_MINUTES: Final = 1_440
"""See: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_FlexibleTimeWindow.html"""

MAX_RETRIES: Final = 185
MIN_RETRY_SECONDS: Final = 60
MAX_RETRY_SECONDS: Final = 86_400
"""See: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html"""


@jsii.implements(ec2.IConnectable, iam.IGrantable)
class Schedule(Construct):
    """A Fargate task that EventBridge Scheduler runs at its times; releases are deployed by a :class:`Deployer`.

    It defines an EventBridge schedule with its role, a task definition with its roles and log group, a security group
    and the schedule's manifest. Fargate tasks cost money by the second.

    It is off until the environment's first release. A release points it at its own revision once every service runs
    the release, and back if the deployment goes back. ``cdk deploy`` points it at CloudFormation's own revision again,
    which names the environment's image tag: what is released, too.

    Example::

        Schedule(
            stack,
            "Report",
            deployer=deployer,
            cluster=cluster,
            expression=scheduler.ScheduleExpression.cron(
                hour="6", minute="0", time_zone=TimeZone.of("Europe/Berlin")
            ),
            image="worker",
            command=["report"],
        )

    Args:
        scope: a stack other than the deployer's.
        construct_id: such as ``"Report"``.
        deployer: the environment's deployer.
        expression: when: ``aws_scheduler.ScheduleExpression.cron(...)``, ``.rate(...)`` or ``.at(...)``, each with its
            ``time_zone``. Default time zone: UTC.
        flexible_window: the task may start that much later, in whole minutes from 1 minute to a day. Default: it starts
            at its time.
        enabled: whether it runs at all. The first release switches it on, unless this is False.
        retries: how often starting the task is tried again when AWS says no, 0 to 185. It does not run again what
            failed by itself. Default: 3.
        retry_for: for how long, 1 minute to a day. Default: 1 hour.
        dead_letter_queue: gets what could not be started. Default: nobody hears of it but CloudWatch's metrics.
        options: ``cluster``, which is required, and all else about the task; see :class:`ScheduleOptions`.

    Attributes:
        schedule_name: the schedule's name within the environment, and in the environment's schedule group.
        schedule: the EventBridge schedule.
        task_definition: what CloudFormation registers; releases are clones of it.
        log_group: where the container logs; None with a ready-made task definition.
        role: the role with which EventBridge Scheduler runs the task.
        manifest: the parameter through which the deployer finds the schedule.

    Raises:
        ConfigurationError: a value out of range, or two that do not go together.
        NotFound: the application has no such image.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployer: Deployer,
        expression: scheduler.ScheduleExpression,
        flexible_window: Duration | None = None,
        enabled: bool = True,
        retries: int = 3,
        retry_for: Duration | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        **options: Unpack[ScheduleOptions],
    ) -> None:
        check_schedule_options(options)
        super().__init__(scope, construct_id)
        name = options.get("name") or construct_id.lower()
        self.schedule_name = handoff.check_name(f"{self.node.path}: schedule", name)
        self.deployer = deployer
        deployer.claim(self, self.schedule_name)
        retry = _Retry.of(self.node.path, retries, retry_for)
        window = _window(self.node.path, flexible_window)
        settings = TaskSettings.of(options, command=options.get("command"))
        task = task_of(self, self.schedule_name, deployer, options, settings)
        self.task_definition = task.definition
        self.log_group = task.log_group
        acknowledge_service_findings(task.definition, execute_command=False)
        self.role = schedule_role(
            self,
            names=deployer.names,
            definition=task.definition,
            cluster=options["cluster"],
            dead_letters=dead_letter_queue,
        )
        self.schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            name=self.schedule_name,
            group_name=handoff.schedule_group(deployer.names.application, deployer.names.environment),
            schedule_expression=expression.expression_string,
            schedule_expression_timezone=expression.time_zone.timezone_name if expression.time_zone else None,
            flexible_time_window=window,
            state="DISABLED",
            target=scheduler.CfnSchedule.TargetProperty(
                arn=options["cluster"].cluster_arn,
                role_arn=self.role.role_arn,
                ecs_parameters=self._tasks(options),
                retry_policy=retry.policy,
                dead_letter_config=None
                if dead_letter_queue is None
                else scheduler.CfnSchedule.DeadLetterConfigProperty(arn=dead_letter_queue.queue_arn),
            ),
        )
        if enabled:
            # Off before the first release, as there is no image yet; on afterwards, whatever stack update comes then.
            unreleased = release_condition(self, deployer).logical_id
            self.schedule.add_property_override("State", Fn.condition_if(unreleased, "DISABLED", "ENABLED"))
        self.manifest = self._define_manifest(options, task, enabled=enabled)

    def _tasks(self, options: ScheduleOptions) -> scheduler.CfnSchedule.EcsParametersProperty:
        cluster, capacity = options["cluster"], options.get("capacity") or Capacity.on_demand()
        check_cluster(self, cluster, capacity)
        network = options.get("vpc") or cluster.vpc
        public = options.get("assign_public_ip", False)
        groups = list(options.get("security_groups", ())) or [ec2.SecurityGroup(self, "SecurityGroup", vpc=network)]
        self.connections = ec2.Connections(security_groups=groups)
        return scheduler.CfnSchedule.EcsParametersProperty(
            task_definition_arn=self.task_definition.task_definition_arn,
            task_count=1,
            capacity_provider_strategy=[
                scheduler.CfnSchedule.CapacityProviderStrategyItemProperty(
                    capacity_provider=item.capacity_provider, weight=item.weight, base=item.base
                )
                for item in capacity.strategies()
            ],
            network_configuration=scheduler.CfnSchedule.NetworkConfigurationProperty(
                awsvpc_configuration=scheduler.CfnSchedule.AwsVpcConfigurationProperty(
                    subnets=[one.subnet_id for one in chosen_subnets(network, options.get("subnets"), public=public)],
                    security_groups=[group.security_group_id for group in groups],
                    assign_public_ip="ENABLED" if public else "DISABLED",
                )
            ),
        )

    def _define_manifest(self, options: ScheduleOptions, task: Task, *, enabled: bool) -> ssm.CfnParameter:
        names = self.deployer.names
        manifest = ScheduleManifest(
            name=self.schedule_name,
            group=handoff.schedule_group(names.application, names.environment),
            # The resource, so that nobody finds the manifest of a schedule that is not there yet.
            schedule=self.schedule.ref,
            cluster=options["cluster"].cluster_arn,
            task_definition=self.task_definition.task_definition_arn,
            containers=dict(task.images),
            enabled=enabled,
        )
        return manifest_parameter(
            self,
            handoff.schedule_parameter(names.application, names.environment, self.schedule_name),
            manifest.to_json(),
            hint="Shorten the names of the containers in images=.",
        )

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The task, as AWS sees it: grants to the schedule go to its task role."""
        return self.task_definition.task_role.grant_principal

    @property
    def task_role(self) -> iam.IRole:
        """What the containers may do."""
        return self.task_definition.task_role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retry:
    attempts: int
    seconds: int

    @classmethod
    def of(cls, path: str, attempts: int, age: Duration | None) -> _Retry:
        if not 0 <= attempts <= MAX_RETRIES:
            raise ConfigurationError(f"{path}: retries={attempts}: allowed are 0 to {MAX_RETRIES}.")
        seconds = 3600 if age is None else int(age.to_seconds())
        if not MIN_RETRY_SECONDS <= seconds <= MAX_RETRY_SECONDS:
            raise ConfigurationError(
                f"{path}: retry_for={seconds} s: allowed are {MIN_RETRY_SECONDS} to {MAX_RETRY_SECONDS} s."
            )
        return cls(attempts=attempts, seconds=seconds)

    @property
    def policy(self) -> scheduler.CfnSchedule.RetryPolicyProperty:
        return scheduler.CfnSchedule.RetryPolicyProperty(
            maximum_retry_attempts=self.attempts, maximum_event_age_in_seconds=self.seconds
        )


def _window(path: str, window: Duration | None) -> scheduler.CfnSchedule.FlexibleTimeWindowProperty:
    if window is None:
        return scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF")
    minutes, rest = divmod(window.to_seconds(), 60)
    if rest or not 1 <= minutes <= MAX_WINDOW_MINUTES:
        raise ConfigurationError(
            f"{path}: flexible_window={window.to_seconds():g} s: allowed are 1 to {MAX_WINDOW_MINUTES} whole minutes."
        )
    return scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="FLEXIBLE", maximum_window_in_minutes=minutes)
