"""Where a job's task runs: as a service does, or as it says itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from appdp.cdk.job_options import JobOptions
from appdp.cdk.released_service import ReleasedService
from appdp.cdk.service_settings import chosen_subnets
from appdp.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a task runs.

    Args:
        cluster: the ECS cluster.
        network: RunTask's ``networkConfiguration``.
        connections: of its security groups.
    """

    cluster: ecs.ICluster
    network: dict[str, Any]
    connections: ec2.Connections

    @classmethod
    def of(cls, scope: Construct, like: ReleasedService | None, options: JobOptions) -> Placement:
        """What is given, and else what ``like`` has.

        Raises:
            ConfigurationError: neither a cluster nor a service.
        """
        cluster, public = options.get("cluster"), options.get("assign_public_ip")
        theirs = like.settings if like is not None else None
        home = cluster or (theirs.cluster if theirs else None)
        if home is None:
            raise ConfigurationError(
                f"{scope.node.path}: neither cluster= nor like=, so there is no place where it could run.",
                hint="Say like= with a service of the environment, or cluster=.",
            )
        network = options.get("vpc") or (theirs.network if theirs and cluster is None else home.vpc)
        reachable = bool(theirs and theirs.assign_public_ip) if public is None else public
        selection = options.get("subnets") or (theirs.subnets if theirs else None)
        theirs_too = like.connections.security_groups if like is not None else ()
        chosen = list(options.get("security_groups", ()) or theirs_too)
        chosen = chosen or [ec2.SecurityGroup(scope, "SecurityGroup", vpc=network)]
        found = chosen_subnets(network, selection, public=reachable)
        return cls(
            cluster=home,
            network={
                "awsvpcConfiguration": {
                    "subnets": [subnet.subnet_id for subnet in found],
                    "securityGroups": [group.security_group_id for group in chosen],
                    "assignPublicIp": "ENABLED" if reachable else "DISABLED",
                }
            },
            connections=ec2.Connections(security_groups=chosen),
        )
