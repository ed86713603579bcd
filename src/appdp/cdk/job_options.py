"""What a job is told about its task, in the words of the services."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ecs as ecs

from appdp.cdk.task_options import TaskOptions, check_known


class JobOptions(TaskOptions, total=False):
    """What runs, and where: keyword arguments of :class:`~appdp.cdk.Job`.

    They are those of :class:`~appdp.cdk.TaskOptions`, and these. With ``like``, the default of the image, the VPC, the
    subnets, the security groups and the public address is what that service has.

    Args:
        cluster: the ECS cluster. Default: that of ``like``; one of the two must be given.
        command: what the container runs. Default: the image's own command.
        assign_public_ip: whether the task gets a public address. Default: it does not.
    """

    cluster: ecs.ICluster | None
    command: Sequence[str] | None
    assign_public_ip: bool | None


def check_job_options(options: JobOptions) -> None:
    """Raise for what a keyword-only signature would have refused.

    Raises:
        TypeError: an option that does not exist.
    """
    check_known("Job", options, JobOptions.__annotations__)
