"""What the checks ask of AWS beyond the engine's own ports. ``appdp.aws`` implements it, ``tests/fakes`` in memory.

Answers are mappings as AWS's API describes them, because checks read many fields of many shapes once. Many ids are
asked for in one call; ids that AWS does not know are left out of the answer. Every method may raise
:class:`appdp.errors.RemoteError`, and all are called from several threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Item = Mapping[str, Any]
"""What AWS answered about one thing, with the names of its API."""

Ids = tuple[str, ...]


class Ecs(Protocol):
    """Amazon ECS."""

    def clusters(self, arns: Ids) -> dict[str, Item]:
        """``DescribeClusters``, by ARN."""

    def services(self, cluster: str, arns: Ids) -> dict[str, Item]:
        """``DescribeServices``, by ARN."""


class Roles(Protocol):
    """AWS IAM."""

    def role(self, arn: str) -> Item | None:
        """``GetRole``; ``AssumeRolePolicyDocument`` is a mapping. None when there is no such role."""

    def simulate(self, arn: str, actions: Ids, resources: Ids) -> tuple[Item, ...]:
        """``SimulatePrincipalPolicy``: for every action and resource ``action``, ``resource``, ``decision`` and
        ``missing``, the condition keys whose values only a real call has.
        """


class LoadBalancing(Protocol):
    """Elastic Load Balancing."""

    def target_groups(self, arns: Ids) -> dict[str, Item]:
        """``DescribeTargetGroups``, by ARN."""

    def rules(self, arns: Ids) -> dict[str, Item]:
        """``DescribeRules``, by ARN."""

    def load_balancers(self, arns: Ids) -> dict[str, Item]:
        """``DescribeLoadBalancers``, by ARN."""

    def listener_rules(self, load_balancer: str) -> tuple[Item, ...]:
        """The rules of all listeners of a load balancer, default rules included."""


class Functions(Protocol):
    """AWS Lambda."""

    def function(self, arn: str) -> Item | None:
        """``GetFunctionConfiguration``, or None when there is no such function."""


class Alarms(Protocol):
    """Amazon CloudWatch."""

    def alarms(self, names: Ids) -> dict[str, Item]:
        """``DescribeAlarms``, metric and composite, by name."""


class Secrets(Protocol):
    """AWS Secrets Manager and Systems Manager parameters."""

    def secret(self, arn: str) -> Item | None:
        """``DescribeSecret``, or None when there is no such secret."""

    def value(self, arn: str, stage: str, version: str) -> str:
        """``GetSecretValue``: the secret's text. ``stage`` and ``version`` may be empty."""

    def parameters(self, names: Ids) -> frozenset[str]:
        """Those of the names or ARNs of parameters that exist."""


class LogGroups(Protocol):
    """Amazon CloudWatch Logs."""

    def exists(self, name: str, region: str) -> bool:
        """Whether there is a log group of exactly this name."""


class Files(Protocol):
    """Amazon S3."""

    def exists(self, bucket: str, key: str) -> bool:
        """Whether there is such an object."""


class Network(Protocol):
    """Amazon VPC."""

    def subnets(self, ids: Ids) -> dict[str, Item]:
        """``DescribeSubnets``, by id."""

    def security_groups(self, ids: Ids) -> dict[str, Item]:
        """``DescribeSecurityGroups``, by id."""

    def route_tables(self, vpc: str) -> tuple[Item, ...]:
        """``DescribeRouteTables`` of a VPC."""

    def endpoints(self, vpc: str) -> tuple[Item, ...]:
        """``DescribeVpcEndpoints`` of a VPC."""


class Quotas(Protocol):
    """Service Quotas."""

    def value(self, service: str, code: str) -> float:
        """The quota that applies to this account and region, or AWS's default where none was ever applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the checks ask, in one value."""

    ecs: Ecs
    roles: Roles
    load_balancing: LoadBalancing
    functions: Functions
    alarms: Alarms
    secrets: Secrets
    log_groups: LogGroups
    files: Files
    network: Network
    quotas: Quotas
