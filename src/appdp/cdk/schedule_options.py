"""What a schedule is told about its task, in the words of the services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Required

from aws_cdk import aws_ecs as ecs

from appdp.cdk.task_options import TaskOptions, check_cluster_given, check_known


class ScheduleOptions(TaskOptions, total=False):
    """What runs, and where: keyword arguments of :class:`~appdp.cdk.Schedule`. Only ``cluster`` is required.

    They are those of :class:`~appdp.cdk.TaskOptions`, and these.

    Args:
        cluster: the ECS cluster. It must have the capacity providers FARGATE and FARGATE_SPOT.
        command: what the container runs. Default: the image's own command.
        assign_public_ip: whether tasks get a public address. Default: they do not.
    """

    cluster: Required[ecs.ICluster]
    command: Sequence[str] | None
    assign_public_ip: bool


def check_schedule_options(options: ScheduleOptions) -> None:
    """Raise for what a keyword-only signature would have refused.

    Raises:
        TypeError: an option that does not exist, or no cluster.
    """
    check_known("Schedule", options, ScheduleOptions.__annotations__)
    check_cluster_given("Schedule", options)
