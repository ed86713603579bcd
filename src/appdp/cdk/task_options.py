"""What services, jobs and schedules are told about their tasks in the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs

from appdp.cdk.architecture import Architecture
from appdp.cdk.capacity import Capacity


class TaskOptions(TypedDict, total=False):
    """The keyword arguments that all constructs with a task share. None is required.

    Args:
        name: the name within the environment, 1 to 32 of ``a-z0-9-``. Default: the construct id in lower case.
        image: name of the application's image. Default: the name.
        cpu: CPU units, 1,024 are one vCPU. Default: 256.
        memory_mib: in MiB; it must go with ``cpu``. Default: 512.
        architecture: see :class:`~appdp.cdk.Architecture`. Default: arm64, which is cheaper.
        environment: environment variables, for what is no secret. Default: none.
        secrets: environment variables from Secrets Manager or Systems Manager. Default: none.
        log_retention: how long logs are kept. Default: 3 months. With the stack, the log group goes.
        task_definition: a ready-made one instead, for sidecars and all else; its containers take
            ``deployer.image(...)``, and its settings replace the seven above and a ``command``. Its log groups should
            be called ``/appdp/{application}/{environment}/…``: only there may the deployer read why a release failed.
            Its roles may have the path ``deployer.task_role_path``; the deployer gets the right to pass others.
        images: with ``task_definition``: container name → image name of the application, for every container that runs
            one.
        capacity: see :class:`~appdp.cdk.Capacity`. Default: on demand.
        vpc: the VPC of the tasks. Default: the cluster's.
        subnets: which of its subnets. Default: private ones, or public ones with ``assign_public_ip``.
        security_groups: of the tasks. Default: a new one that lets everything out, and in only the load balancer of a
            web service.
    """

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
    vpc: ec2.IVpc | None
    subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup]


def check_known(construct: str, options: Mapping[str, object], allowed: Mapping[str, object]) -> None:
    """Raise for an argument that a keyword-only signature would have refused.

    Args:
        construct: what is called.
        options: what it was given.
        allowed: the names that there are.

    Raises:
        TypeError: one that does not exist.
    """
    if unknown := sorted(set(options) - set(allowed)):
        known = sorted(allowed)
        raise TypeError(
            f"{construct}() has no argument {', '.join(unknown)}; besides its own it takes {', '.join(known)}."
        )


def check_cluster_given(construct: str, options: Mapping[str, object]) -> None:
    """Raise where the only required one is missing.

    Raises:
        TypeError: no cluster.
    """
    if "cluster" not in options:
        raise TypeError(f"{construct}() needs the argument cluster.")
