"""What web services and workers are told in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Required

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs

from appdp.cdk.scaling import Scaling
from appdp.cdk.task_options import TaskOptions, check_cluster_given, check_known


class ServiceOptions(TaskOptions, total=False):
    """The keyword arguments that :class:`~appdp.cdk.WebService` and :class:`~appdp.cdk.Worker` share.

    They are those of :class:`~appdp.cdk.TaskOptions`, and these. Only ``cluster`` is required. What several services
    share can be said once::

        common: ServiceOptions = {"cluster": cluster, "capacity": Capacity.spot()}
        Worker(stack, "Mailer", deployer=deployer, **common)

    Args:
        cluster: the ECS cluster. It must have the capacity providers FARGATE and FARGATE_SPOT.
        desired_count: how many tasks, at least 1. A ``cdk deploy`` that changes the service sets it again; a release
            does not. Default: 1.
        scaling: follows the load instead; see :class:`Scaling`.
        alarms: alarms that roll a deployment back. Default: none.
        enable_execute_command: whether ECS Exec works. Default: it does not.
        assign_public_ip: whether tasks get a public address; in public subnets without it they cannot pull images.
            Default: they do not.
    """

    cluster: Required[ecs.ICluster]
    desired_count: int | None
    scaling: Scaling | None
    alarms: Sequence[cloudwatch.IAlarm]
    enable_execute_command: bool
    assign_public_ip: bool


def check_options(construct: str, options: ServiceOptions) -> None:
    """Raise for what a keyword-only signature would have refused.

    Raises:
        TypeError: an option that does not exist, or no cluster.
    """
    check_known(construct, options, ServiceOptions.__annotations__)
    check_cluster_given(construct, options)
