"""The ports of ``appdp verify`` over a :class:`tests.fakes.verify_world.VerifyWorld`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from appdp.engine.live import LiveDeployment, LiveTask, TargetHealth
from appdp.engine.verify.ports import Facts, Ids, Item
from tests.fakes.services import FakeServices

if TYPE_CHECKING:
    from tests.fakes.verify_world import VerifyWorld


class _Fake:
    """What the fakes have in common."""

    def __init__(self, world: VerifyWorld) -> None:
        self.world = world


class FakeLive(FakeServices):
    """Service deployments, tasks and targets."""

    def __init__(self, world: VerifyWorld) -> None:
        aws = world.aws
        super().__init__(aws.clock, aws.definitions, aws.registry, aws.rollouts)
        self.world = world

    def newest_deployments(
        self, cluster: str, service: str, limit: int = 10, *, group: str | None = None
    ) -> tuple[LiveDeployment, ...]:
        found = self.world.deployments.get(service)
        return (found,) if found else ()

    def of_service(self, cluster: str, service: str, *, stopped: bool) -> tuple[LiveTask, ...]:
        return () if stopped else tuple(self.world.tasks.get(service, ()))

    def health(self, target_group: str) -> tuple[TargetHealth, ...]:
        return tuple(self.world.health.get(target_group, ()))


class FakeEcs(_Fake):
    """Amazon ECS."""

    def clusters(self, arns: Ids) -> dict[str, Item]:
        return _some(self.world.clusters, arns)

    def services(self, cluster: str, arns: Ids) -> dict[str, Item]:
        return _some(self.world.services, arns)


class FakeRoles(_Fake):
    """AWS IAM. ``denied`` of the world holds (role, action)."""

    def role(self, arn: str) -> Item | None:
        return self.world.roles.get(arn)

    def simulate(self, arn: str, actions: Ids, resources: Ids) -> tuple[Item, ...]:
        return tuple(
            {
                "action": action,
                "resource": resource,
                "decision": "implicitDeny" if (arn, action) in self.world.denied else "allowed",
                "missing": self.world.missing,
            }
            for action in actions
            for resource in resources
        )


class FakeLoadBalancing(_Fake):
    """Elastic Load Balancing."""

    def target_groups(self, arns: Ids) -> dict[str, Item]:
        return _some(self.world.target_groups, arns)

    def rules(self, arns: Ids) -> dict[str, Item]:
        return _some(self.world.rules, arns)

    def load_balancers(self, arns: Ids) -> dict[str, Item]:
        return _some(self.world.load_balancers, arns)

    def listener_rules(self, load_balancer: str) -> tuple[Item, ...]:
        default = {"IsDefault": True, "Actions": [{"Type": "fixed-response"}]}
        return (*self.world.rules.values(), default, *[{"IsDefault": False, "Actions": []}] * self.world.other_rules)


class FakeFunctions(_Fake):
    """AWS Lambda."""

    def function(self, arn: str) -> Item | None:
        return self.world.functions.get(arn)


class FakeAlarms(_Fake):
    """Amazon CloudWatch."""

    def alarms(self, names: Ids) -> dict[str, Item]:
        return _some(self.world.alarms, names)


class FakeSecrets(_Fake):
    """AWS Secrets Manager and Systems Manager."""

    def secret(self, arn: str) -> Item | None:
        return {"ARN": arn} if arn in self.world.secrets else None

    def value(self, arn: str, stage: str, version: str) -> str:
        return self.world.secrets[arn]

    def parameters(self, names: Ids) -> frozenset[str]:
        return frozenset(names) & self.world.parameters


class FakeLogGroups(_Fake):
    """Amazon CloudWatch Logs."""

    def exists(self, name: str, region: str) -> bool:
        return name in self.world.log_groups


class FakeFiles(_Fake):
    """Amazon S3."""

    def exists(self, bucket: str, key: str) -> bool:
        return (bucket, key) in self.world.files


class FakeNetwork(_Fake):
    """Amazon VPC."""

    def subnets(self, ids: Ids) -> dict[str, Item]:
        return _some(self.world.subnets, ids)

    def security_groups(self, ids: Ids) -> dict[str, Item]:
        return _some(self.world.security_groups, ids)

    def route_tables(self, vpc: str) -> tuple[Item, ...]:
        return tuple(one for one in self.world.route_tables if one["VpcId"] == vpc)

    def endpoints(self, vpc: str) -> tuple[Item, ...]:
        return tuple(self.world.endpoints.values())


class FakeQuotas(_Fake):
    """Service Quotas."""

    def value(self, service: str, code: str) -> float:
        return self.world.quotas[code]


def facts(world: VerifyWorld) -> Facts:
    """All of them."""
    return Facts(
        ecs=FakeEcs(world),
        roles=FakeRoles(world),
        load_balancing=FakeLoadBalancing(world),
        functions=FakeFunctions(world),
        alarms=FakeAlarms(world),
        secrets=FakeSecrets(world),
        log_groups=FakeLogGroups(world),
        files=FakeFiles(world),
        network=FakeNetwork(world),
        quotas=FakeQuotas(world),
    )


def _some(known: Mapping[str, Item], wanted: Ids) -> dict[str, Item]:
    return {name: known[name] for name in wanted if name in known}
