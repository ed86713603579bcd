"""A task that runs to its end as part of a release: a migration, a warm-up, or something run by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Unpack

import jsii
from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from appdp.cdk.capacity import Capacity
from appdp.cdk.cluster_capacity import check_cluster
from appdp.cdk.deployer import Deployer
from appdp.cdk.environment_names import ENVIRONMENT_TAG
from appdp.cdk.job_options import JobOptions, check_job_options
from appdp.cdk.job_placement import Placement
from appdp.cdk.manifest_parameter import manifest_parameter
from appdp.cdk.ready_made import task_of
from appdp.cdk.released_service import ReleasedService
from appdp.cdk.service_findings import acknowledge_service_findings
from appdp.cdk.task import Task, TaskSettings
from appdp.errors import ConfigurationError
from appdp.model import handoff
from appdp.model.job import JobManifest, JobRun, OnRollback

MIN_SECONDS: Final = 10
MAX_SECONDS: Final = 86_400
"""Longer jobs are no part of a release: nobody would wait for them."""

DEFAULT_MINUTES: Final = 15


@jsii.implements(ec2.IConnectable, iam.IGrantable)
class Job(Construct):
    """A task that deployments run, with the release's own images, and whose exit code decides.

    It defines a task definition with its roles and log group, a security group unless it has those of a service, and
    the job's manifest. Fargate tasks cost money by the second, while they run.

    A job before traffic runs before any service of the release starts; when it fails, nothing was changed. A job after
    traffic runs once every service has all traffic and the old tasks are gone; when it fails, every service goes back.
    Every deployment that changes a service, or the job's image, runs the job; so it must do no harm when it is run
    again. The tasks of the release before still run beside it, so a migration must leave them working.

    Example::

        web = WebService(
            stack, "Web", deployer=deployer, cluster=cluster, listener=listener, priority=10, path_patterns=["/*"]
        )
        Job(stack, "Migrate", deployer=deployer, like=web, command=["python", "manage.py", "migrate"])

    Args:
        scope: a stack other than the deployer's.
        construct_id: such as ``"Migrate"``.
        deployer: the environment's deployer.
        like: a service whose cluster, subnets, security groups, public address, task role and image the job has, where
            it says nothing else. Default: none, and then ``cluster`` must be given.
        run: ``"before_traffic"``, ``"after_traffic"``, or ``"on_demand"``: only ``appdp run`` runs it.
            Default: before traffic.
        order: jobs with a lower number run first; those with the same one, by name. Default: 0.
        timeout: after which the task is stopped and has failed, from 10 seconds to 24 hours. Default: 15 minutes.
        on_rollback: ``"run"``: a rollback runs it, too, with the images of the release that it goes back to; or
            ``"skip"``. Default: skip.
        container: with ``task_definition``: the container whose exit code decides. Default: the only one in ``images``.
        options: ``cluster``, and all else about the task: name, command, image, cpu, memory_mib, environment, …
            See :class:`JobOptions`.

    Attributes:
        job_name: the job's name within the environment.
        task_definition: what CloudFormation registers; deployments run clones of it.
        log_group: where the container logs; None with a ready-made task definition.
        manifest: the parameter through which the deployer finds the job.

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
        like: ReleasedService | None = None,
        run: str = JobRun.BEFORE_TRAFFIC,
        order: int = 0,
        timeout: Duration | None = None,
        on_rollback: str = OnRollback.SKIP,
        container: str | None = None,
        **options: Unpack[JobOptions],
    ) -> None:
        check_job_options(options)
        super().__init__(scope, construct_id)
        where = self.node.path
        self.job_name = handoff.check_name(f"{where}: job", options.get("name") or construct_id.lower())
        when, back = _one_of(where, "run", run, JobRun), _one_of(where, "on_rollback", on_rollback, OnRollback)
        seconds = _seconds(where, timeout)
        _check(where, when, back, like, deployer)
        deployer.claim(self, self.job_name)
        task = self._task(deployer, like, options)
        self.task_definition, self.log_group = task.definition, task.log_group
        placement = Placement.of(self, like, options)
        self._connections = placement.connections
        capacity = options.get("capacity") or Capacity.on_demand()
        check_cluster(self, placement.cluster, capacity)
        self.manifest = self._define_manifest(
            deployer,
            JobManifest(
                name=self.job_name,
                cluster=placement.cluster.cluster_arn,
                task_definition=task.definition.task_definition_arn,
                containers=dict(task.images),
                network=placement.network,
                deciding_container=_deciding(where, task, container),
                timeout_seconds=seconds,
                run=when,
                order=order,
                on_rollback=back,
                capacity=_strategy(capacity),
            ),
        )

    def _task(self, deployer: Deployer, like: ReleasedService | None, options: JobOptions) -> Task:
        settings = TaskSettings.of(options, command=options.get("command"))
        if options.get("task_definition") is None:
            settings = _as(like, settings)
        task = task_of(self, self.job_name, deployer, options, settings)
        resource = task.definition.node.default_child
        if isinstance(resource, ecs.CfnTaskDefinition):
            # The deployer may run the task definitions that carry its tag, and no others.
            resource.tags.set_tag(ENVIRONMENT_TAG, deployer.names.tag_value)
        acknowledge_service_findings(task.definition, execute_command=False)
        return task

    def _define_manifest(self, deployer: Deployer, manifest: JobManifest) -> ssm.CfnParameter:
        names = deployer.names
        parameter = manifest_parameter(
            self,
            handoff.job_parameter(names.application, names.environment, self.job_name),
            manifest.to_json(),
            hint="Choose fewer subnets=, or shorten the names of the containers in images=.",
        )
        # A deployment that finds the job may run it at once, so its roles' permissions come first.
        parameter.node.add_dependency(self.task_definition)
        return parameter

    @property
    def connections(self) -> ec2.Connections:
        """What the task may connect to. With ``like``, these are the service's."""
        return self._connections

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The task, as AWS sees it. With ``like``, that is the service's task role."""
        return self.task_definition.task_role.grant_principal


def _check(where: str, when: JobRun, back: OnRollback, like: ReleasedService | None, deployer: Deployer) -> None:
    if when is JobRun.ON_DEMAND and back is OnRollback.RUN:
        raise ConfigurationError(
            f"{where}: on_rollback='run' together with run='on_demand', which no deployment runs.",
            hint="Leave on_rollback= out.",
        )
    if like is not None and like.deployer is not deployer:
        raise ConfigurationError(
            f"{where}: like={like.node.path}, which belongs to another deployer.",
            hint="Give both the same deployer=.",
        )


def _one_of(where: str, argument: str, given: str, kind: type[Any]) -> Any:  # noqa: ANN401 - a member of kind
    values = [str(item) for item in kind]
    if given not in values:
        raise ConfigurationError(f"{where}: {argument}={given!r}: allowed are {', '.join(map(repr, values))}.")
    return kind(given)


def _seconds(where: str, timeout: Duration | None) -> int:
    seconds = DEFAULT_MINUTES * 60 if timeout is None else int(timeout.to_seconds())
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ConfigurationError(
            f"{where}: timeout={seconds} s: allowed are {MIN_SECONDS} seconds to {MAX_SECONDS // 3600} hours.",
            hint="Start what takes longer from the job, and let it go on by itself.",
        )
    return seconds


def _as(like: ReleasedService | None, settings: TaskSettings) -> TaskSettings:
    """The settings with the service's task role, and its image if it has just one."""
    if like is None:
        return settings
    images = set(like.images.values())
    image = settings.image or (images.pop() if len(images) == 1 else None)
    return replace(settings, image=image, task_role=like.task_role)


def _deciding(where: str, task: Task, container: str | None) -> str:
    """The container whose exit code decides."""
    if container is None and len(task.images) == 1:
        return next(iter(task.images))
    if container is None:
        raise ConfigurationError(
            f"{where}: images= names {', '.join(task.images)}; whose exit code decides?", hint="Say container=."
        )
    if task.definition.find_container(container) is None:
        raise ConfigurationError(
            f"{where}: container={container!r}, which {task.definition.node.path} lacks.",
            hint="Add the container before the job is created.",
        )
    return container


def _strategy(capacity: Capacity) -> tuple[dict[str, Any], ...]:
    items = capacity.strategies()
    return tuple(
        {
            "capacityProvider": item.capacity_provider,
            "weight": item.weight,
            **({"base": item.base} if item.base else {}),
        }
        for item in items
    )
