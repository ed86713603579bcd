"""A service without traffic: it takes its work from a queue, a stream or a clock."""

from __future__ import annotations

from typing import Unpack

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from appdp.cdk.deployer import Deployer
from appdp.cdk.released_service import ReleasedService
from appdp.cdk.service_options import ServiceOptions
from appdp.cdk.service_settings import ServiceSettings
from appdp.cdk.strategy import Strategy
from appdp.errors import ConfigurationError


class Worker(ReleasedService):
    """A Fargate service without a load balancer whose releases are deployed by a :class:`Deployer`.

    It defines an ECS service, a task definition with its roles and log group, a security group and the service's
    manifest. Fargate tasks cost money by the second.

    Always rolling: there is no traffic to shift. A release replaces it when the gate opens, so it changes together
    with the web services of the same release.

    Example::

        Worker(stack, "Worker", deployer=deployer, cluster=cluster, capacity=Capacity.spot())

    Args:
        scope: a stack other than the deployer's.
        construct_id: such as ``"Worker"``.
        deployer: the environment's deployer.
        health_check: a command in the container that tells whether it is well. Default: it is while it runs. Not with
            ``task_definition``, which has its own.
        options: ``cluster``, which is required, and all else that a service may be told: image, cpu, memory_mib,
            architecture, environment, secrets, capacity, desired_count or scaling, … See :class:`ServiceOptions`.

    Raises:
        ConfigurationError: a value out of range, or two that do not go together.
        NotFound: the application has no such image.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployer: Deployer,
        health_check: ecs.HealthCheck | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(scope, construct_id, deployer=deployer, options=options)
        scaling = options.get("scaling")
        if scaling is not None and scaling.requests_per_target is not None:
            raise ConfigurationError(
                f"{self.node.path}: requests_per_target={scaling.requests_per_target}, but a worker gets no requests.",
                hint="Scale on cpu_percent or memory_percent.",
            )
        task = self.define_or_adopt(options, health_check=health_check)
        self.define_service(task, ServiceSettings.of(options, Strategy.rolling()))
        self.define_manifest()
