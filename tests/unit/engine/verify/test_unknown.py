"""What AWS does not say is unknown, never ok; what does not apply is skipped; what several ask is asked once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from appdp.engine.verify import Facts, Result, Verification, examine, load
from appdp.engine.verify.memo import Memo
from appdp.errors import CredentialsError, NotFound, RemoteError
from appdp.model.handoff import SENTINEL, release_parameter
from tests.fakes.verify_parts import (
    BALANCER,
    PARAMETER,
    SECRET,
    SUBNETS,
    TASK_GROUP,
)
from tests.fakes.verify_world import VerifyWorld


class Refusing:
    """Answers every call with an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (any method of any port)
        def call(*args: object) -> None:
            raise self.error

        return call


def verified(world: VerifyWorld, facts: Facts | None = None) -> Verification:
    return examine(load("shop", "dev", None, world.ports, facts or world.facts))


def results(found: Verification, check: str) -> dict[str, Result]:
    return {one.name: one.result for one in found.checked if one.check == check}


PORTS = {
    "roles": {"execution-role", "task-role", "load-balancing-role", "gate-role"},
    "load_balancing": {"target-groups-exist", "listener-rule-exists", "listener-rule-groups", "load-balancer-ingress"},
    "functions": {"gate-function"},
    "alarms": {"alarms-exist", "alarms-quiet"},
    "secrets": {"secrets-exist", "secret-keys", "parameters-exist"},
    "log_groups": {"log-groups"},
    "files": {"environment-files"},
    "network": {"network-exists", "ecr-reachable", "s3-reachable", "task-egress", "endpoint-ingress"},
    "quotas": {"quota-fargate-vcpu", "quota-rules", "quota-target-groups"},
}


@pytest.mark.parametrize("port", PORTS)
def test_what_the_caller_may_not_see_is_unknown(port: str) -> None:
    world, denied = VerifyWorld(), RemoteError("AWS refused it.", code="AccessDenied", hint="Allow it.")
    found = verified(world, replace(world.facts, **{port: Refusing(denied)}))
    assert not found.failed
    for check in PORTS[port]:
        seen = set(results(found, check).values())
        assert Result.UNKNOWN in seen, check
        assert Result.OK not in seen, check
    (one, *_) = [one for one in found.checked if one.result is Result.UNKNOWN]
    assert (one.found, one.then) == ("AWS refused it.", "Allow it.")


def test_expired_credentials_end_it() -> None:
    world = VerifyWorld()
    with pytest.raises(CredentialsError):
        verified(world, replace(world.facts, alarms=Refusing(CredentialsError("expired"))))


def test_a_condition_that_only_a_real_call_meets_is_unknown() -> None:
    world = VerifyWorld()
    world.missing = ("aws:SourceVpc",)
    world.denied.add((world.definition("api")["executionRoleArn"], "ecr:BatchGetImage"))
    found = verified(world)
    everybody = dict.fromkeys(("api", "worker", "migrate", "report"), Result.UNKNOWN)
    assert results(found, "execution-role-permissions") == everybody
    assert "aws:SourceVpc" in next(one.found for one in found.checked if one.result is Result.UNKNOWN)


def test_before_the_first_release() -> None:
    world = VerifyWorld()
    world.aws.parameters.put(release_parameter("shop", "dev"), SENTINEL)
    for live in world.services.values():
        live.update(desiredCount=0, runningCount=0)
    world.tasks.clear()
    world.health.clear()
    found = verified(world)
    assert not found.failed
    assert found.release is None
    for check in ("tasks-running", "live-weights", "target-health", "environment-tags"):
        assert set(results(found, check).values()) == {Result.SKIPPED}, check


def test_a_service_that_is_gone() -> None:
    world = VerifyWorld()
    del world.services[world.aws.manifest("api").service]
    found = verified(world)
    assert [one.check for one in found.checked if one.result is Result.FAILED] == ["service-active"]
    assert results(found, "live-weights")["api"] is Result.SKIPPED


def test_a_task_definition_that_is_gone() -> None:
    world = VerifyWorld()
    del world.aws.definitions.stored[world.aws.manifest("api").task_definition]
    assert {one.check for one in verified(world).checked if one.result is Result.FAILED} == {"task-definition-active"}


def test_a_release_that_nobody_has() -> None:
    world = VerifyWorld()
    with pytest.raises(NotFound, match="There are: v1"):
        load("shop", "dev", "v9", world.ports, world.facts)


def default_route(world: VerifyWorld, **target: str) -> None:
    """Take the endpoints away, and give the subnets' route table a way out."""
    world.endpoints.clear()
    route = {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **target}
    world.route_tables[0]["Routes"].append(route)


REACHED = ("ecr-reachable", "s3-reachable", "logs-reachable", "secrets-reachable")


def test_ways_by_route() -> None:
    nat, gateway, private, transit = VerifyWorld(), VerifyWorld(), VerifyWorld(), VerifyWorld()
    default_route(nat, NatGatewayId="nat-1")
    default_route(gateway, GatewayId="igw-1")
    gateway.give_public_addresses()
    default_route(private, GatewayId="igw-1")
    default_route(transit, TransitGatewayId="tgw-1")
    expected = {nat: Result.OK, gateway: Result.OK, private: Result.FAILED, transit: Result.UNKNOWN}
    for world, result in expected.items():
        found = verified(world)
        for check in REACHED:
            assert set(results(found, check).values()) == {result}, (check, result)
        assert set(results(found, "endpoint-ingress").values()) == {Result.SKIPPED}


def test_a_subnet_without_a_table_of_its_own_has_the_main_one() -> None:
    world = VerifyWorld()
    default_route(world, NatGatewayId="nat-1")
    associations: list[dict[str, Any]] = [{"SubnetId": SUBNETS[0]}]
    world.route_tables[0]["Associations"] = associations
    assert set(results(verified(world), "ecr-reachable").values()) == {Result.FAILED}
    associations.append({"Main": True})
    assert set(results(verified(world), "ecr-reachable").values()) == {Result.OK}


def test_address_ranges_let_a_load_balancer_in_when_they_hold_its_subnets() -> None:
    world = VerifyWorld()
    world.load_balancers[BALANCER]["AvailabilityZones"] = [{"SubnetId": name} for name in SUBNETS]
    for cidr, result in {"10.0.0.0/16": Result.OK, "10.0.1.0/24": Result.FAILED}.items():
        rule = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": cidr}]}
        world.security_groups[TASK_GROUP]["IpPermissions"] = [rule]
        assert results(verified(world), "load-balancer-ingress")["api"] is result, cidr


def test_what_is_in_another_region_is_unknown() -> None:
    world = VerifyWorld()
    secrets = world.container("api")["secrets"]
    for one in secrets:
        one["valueFrom"] = one["valueFrom"].replace(":us-east-1:", ":eu-west-1:")
    default_route(world, NatGatewayId="nat-1")
    found = verified(world)
    assert not found.failed
    for check in ("secrets-exist", "secret-keys", "parameters-exist"):
        assert results(found, check) == {
            **dict.fromkeys(("worker", "migrate", "report"), Result.OK),
            "api": Result.UNKNOWN,
        }, check


def test_another_deployment_controller_has_its_own_settings() -> None:
    world = VerifyWorld()
    world.live("worker").update(deploymentController={"type": "EXTERNAL"}, taskDefinition="another")
    world.live("worker")["deploymentConfiguration"]["deploymentCircuitBreaker"] = {}
    found = verified(world)
    assert not found.failed
    assert results(found, "circuit-breaker")["worker"] is Result.SKIPPED


def test_windows_is_not_compared() -> None:
    world = VerifyWorld()
    world.definition("api")["runtimePlatform"] = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    assert results(verified(world), "image-platforms")["api"] is Result.SKIPPED


def test_nothing_of_a_secret_is_shown() -> None:
    world = VerifyWorld()
    world.secrets[SECRET] = '{"password": "hunter2"}'
    world.parameters = {PARAMETER}
    assert "hunter2" not in str(verified(world).to_dict())


def test_what_two_threads_ask_is_asked_once() -> None:
    memo, both, asked = Memo(), Barrier(2), []

    def slow(text: str) -> str:
        asked.append(text)
        return text.upper()

    def ask(_: int) -> str:
        both.wait(10)
        return memo.ask(slow, "a")

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, range(2))) == ["A", "A"]
    assert asked == ["a"]


def test_an_error_is_remembered_too() -> None:
    memo, asked = Memo(), []

    def refused(text: str) -> str:
        asked.append(text)
        raise RemoteError(text)

    for _ in range(2):
        with pytest.raises(RemoteError):
            memo.ask(refused, "a")
    assert asked == ["a"]
