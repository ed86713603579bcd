"""What web services and workers are told in the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Required, TypedDict

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs

from appdp.cdk.architecture import Architecture
from appdp.cdk.capacity import Capacity
from appdp.cdk.scaling import Scaling


class ServiceOptions(TypedDict, total=False):
    """The keyword arguments that :class:`~appdp.cdk.WebService` and :class:`~appdp.cdk.Worker` share.

    Only ``cluster`` is required. What several services share can be said once::

        common: ServiceOptions = {"cluster": cluster, "capacity": Capacity.spot()}
        Worker(stack, "Mailer", deployer=deployer, **common)

    Args:
        cluster: the ECS cluster. It must have the capacity providers FARGATE and FARGATE_SPOT.
        name: the name within the environment, 1 to 32 of ``a-z0-9-``. Default: the construct id in lower case.
        image: name of the application's image. Default: the service's name.
        cpu: CPU units, 1,024 are one vCPU. Default: 256.
        memory_mib: in MiB; it must go with ``cpu``. Default: 512.
        architecture: see :class:`Architecture`. Default: arm64, which is cheaper.
        environment: environment variables, for what is no secret. Default: none.
        secrets: environment variables from Secrets Manager or Systems Manager. Default: none.
        log_retention: how long logs are kept. Default: 3 months. With the stack, the log group goes.
        task_definition: a ready-made one instead, for sidecars and all else; its containers take
            ``deployer.image(...)``, and its settings replace the seven above. Its log groups should be called
            ``/appdp/{application}/{environment}/…``: only there may the deployer read why a release failed. Its roles
            may have the path ``deployer.task_role_path``; the deployer gets the right to pass others.
        images: with ``task_definition``: container name → image name of the application, for every container that runs
            one.
        capacity: see :class:`Capacity`. Default: on demand.
        desired_count: how many tasks, at least 1. A ``cdk deploy`` that changes the service sets it again; a release
            does not. Default: 1.
        scaling: follows the load instead; see :class:`Scaling`.
        alarms: alarms that roll a deployment back. Default: none.
        enable_execute_command: whether ECS Exec works. Default: it does not.
        vpc: the VPC of the tasks. Default: the cluster's.
        subnets: which of its subnets. Default: private ones, or public ones with ``assign_public_ip``.
        security_groups: of the tasks. Default: a new one that lets everything out, and in only the load balancer.
        assign_public_ip: whether tasks get a public address; in public subnets without it they cannot pull images.
            Default: they do not.
    """

    cluster: Required[ecs.ICluster]
    name: str | None
    image: str | None
    cpu: int | None
    memory_mib: int | None
    architecture: Architecture | None
    environment: Mapping[str, str] | None
    secrets: Mapping[str, ecs.Secret] | None
    log_retention: logs.RetentionDays | None
    task_definition: ecs.FargateTaskDefinition | None
    images: Mapping[str, str] | None
    capacity: Capacity | None
    desired_count: int | None
    scaling: Scaling | None
    alarms: Sequence[cloudwatch.IAlarm]
    enable_execute_command: bool
    vpc: ec2.IVpc | None
    subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup]
    assign_public_ip: bool


def check_options(construct: str, options: ServiceOptions) -> None:
    """Raise for what a keyword-only signature would have refused.

    Raises:
        TypeError: an option that does not exist, or no cluster.
    """
    allowed = ServiceOptions.__annotations__
    if unknown := sorted(set(options) - set(allowed)):
        raise TypeError(
            f"{construct}() has no argument {', '.join(unknown)}; besides its own it takes {', '.join(allowed)}."
        )
    if "cluster" not in options:
        raise TypeError(f"{construct}() needs the argument cluster.")
