"""A service without traffic: it takes its work from a queue, a stream or a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from constructs import Construct

from appdp.cdk.architecture import Architecture
from appdp.cdk.capacity import Capacity
from appdp.cdk.deployer import Deployer
from appdp.cdk.released_service import ReleasedService, ServiceSettings
from appdp.cdk.scaling import Scaling
from appdp.cdk.strategy import Strategy
from appdp.cdk.task import TaskSettings
from appdp.errors import ConfigurationError


class Worker(ReleasedService):
    """A Fargate service without a load balancer whose releases are deployed by a :class:`Deployer`.

    Always rolling: there is no traffic to shift. A release replaces it when the gate opens, so it changes together with the
    web services of the same release. Fargate tasks cost money by the second.

    Example::

        Worker(stack, "Worker", deployer=deployer, cluster=cluster, capacity=Capacity.spot())

    Args:
        scope: a stack other than the deployer's.
        construct_id: such as ``"Worker"``.
        deployer: the environment's deployer.
        cluster: the ECS cluster. It must have the capacity providers FARGATE and FARGATE_SPOT.
        name: the name within the environment, 1 to 32 of ``a-z0-9-``. Default: the construct id in lower case.
        image: name of the application's image. Default: the service's name.
        cpu: CPU units, 1,024 are one vCPU. Default: 256.
        memory_mib: in MiB; it must go with ``cpu``. Default: 512.
        architecture: see :class:`Architecture`. Default: arm64, which is cheaper.
        environment: environment variables, for what is no secret. Default: none.
        secrets: environment variables from Secrets Manager or Systems Manager. Default: none.
        health_check: a command in the container that tells whether it is well. Default: it is while it runs.
        task_definition: a ready-made one instead; see :class:`~appdp.cdk.WebService`.
        images: with ``task_definition``: container name → image name of the application.
        capacity: see :class:`Capacity`. Default: on demand.
        desired_count: how many tasks, at least 1. A ``cdk deploy`` sets it, a release does not. Default: 1.
        scaling: follows the load instead; see :class:`Scaling`.
        alarms: alarms that roll a deployment back. Default: none.
        enable_execute_command: whether ECS Exec works. Default: it does not.
        log_retention: how long logs are kept. Default: 3 months. With the stack, the log group goes.
        vpc: the VPC of the tasks. Default: the cluster's.
        subnets: which of its subnets. Default: private ones, or public ones with ``assign_public_ip``.
        security_groups: of the tasks. Default: a new one, which lets everything out and nothing in.
        assign_public_ip: whether tasks get a public address; in public subnets without it they cannot pull images.

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
        cluster: ecs.ICluster,
        name: str | None = None,
        image: str | None = None,
        cpu: int | None = None,
        memory_mib: int | None = None,
        architecture: Architecture | None = None,
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, ecs.Secret] | None = None,
        health_check: ecs.HealthCheck | None = None,
        task_definition: ecs.FargateTaskDefinition | None = None,
        images: Mapping[str, str] | None = None,
        capacity: Capacity | None = None,
        desired_count: int | None = None,
        scaling: Scaling | None = None,
        alarms: Sequence[cloudwatch.IAlarm] = (),
        enable_execute_command: bool = False,
        log_retention: logs.RetentionDays | None = None,
        vpc: ec2.IVpc | None = None,
        subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] = (),
        assign_public_ip: bool = False,
    ) -> None:
        super().__init__(scope, construct_id, deployer=deployer, name=name)
        if scaling is not None and scaling.requests_per_target is not None:
            raise ConfigurationError(
                f"{self.node.path}: requests_per_target={scaling.requests_per_target}, but a worker gets no requests.",
                hint="Scale on cpu_percent or memory_percent.",
            )
        task = self.define_or_adopt(
            TaskSettings(
                image=image,
                cpu=cpu,
                memory_mib=memory_mib,
                architecture=architecture,
                environment=environment,
                secrets=secrets,
                health_command=health_check,
                log_retention=log_retention,
            ),
            task_definition,
            images,
        )
        self.define_service(
            task,
            ServiceSettings(
                cluster=cluster,
                vpc=vpc,
                subnets=subnets,
                security_groups=security_groups,
                assign_public_ip=assign_public_ip,
                capacity=capacity,
                desired_count=desired_count,
                scaling=scaling,
                strategy=Strategy.rolling(),
                alarms=alarms,
                enable_execute_command=enable_execute_command,
            ),
        )
        self.define_manifest()
