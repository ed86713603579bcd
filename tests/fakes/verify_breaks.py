"""One way to break a healthy :class:`tests.fakes.verify_world.VerifyWorld` for each check of ``appdp verify``.

Each breaks one thing, which no other check sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from appdp.engine.live import DeploymentStatus, LiveDeployment
from tests.fakes.aws import CLUSTER
from tests.fakes.schedules import ROLE as SCHEDULE_ROLE
from tests.fakes.verify_parts import (
    ALARM,
    BALANCER_GROUP,
    ELB_ROLE,
    ENDPOINT_GROUP,
    EXECUTION_ROLE,
    GATE,
    HOOK_ROLE,
    SECRET,
    SUBNETS,
    TASK_GROUP,
    TASK_ROLE,
    from_group,
    role,
)
from tests.fakes.verify_world import VerifyWorld


def _no_cluster(world: VerifyWorld) -> None:
    world.clusters[CLUSTER]["status"] = "INACTIVE"


def _draining(world: VerifyWorld) -> None:
    world.live("worker")["status"] = "DRAINING"


def _deregistered(world: VerifyWorld) -> None:
    world.definition("api")["status"] = "INACTIVE"


def _another_container(world: VerifyWorld) -> None:
    world.job_definition()["containerDefinitions"][0]["name"] = "migrate"


def _deploying(world: VerifyWorld) -> None:
    service = world.aws.manifest("api").service
    world.deployments[service] = LiveDeployment(
        arn="arn:d1",
        service=service,
        status=DeploymentStatus.IN_PROGRESS,
        stage="",
        reason="",
        target_revision=None,
        created_at=0.0,
    )


def _no_execution_role(world: VerifyWorld) -> None:
    del world.roles[EXECUTION_ROLE]


def _lambda_task_role(world: VerifyWorld) -> None:
    world.roles[TASK_ROLE] = role("lambda.amazonaws.com")


def _no_sidecar(world: VerifyWorld) -> None:
    sidecar = world.definition("api")["containerDefinitions"][1]
    sidecar["image"] = sidecar["image"].replace(":1", ":2")


def _intel_only(world: VerifyWorld) -> None:
    sidecar = world.definition("api")["containerDefinitions"][1]
    world.aws.registry.push("mirror/sidecar", "intel", platforms=("linux/amd64",))
    sidecar["image"] = sidecar["image"].replace(":1", ":intel")


def _tag_moved(world: VerifyWorld) -> None:
    digest = world.aws.registry.push("shop/api", "v2")
    world.aws.registry.move_tag("", "", "shop/api", digest=digest, tag="env-dev")


def _no_alternate_group(world: VerifyWorld) -> None:
    del world.target_groups[world.aws.manifest("api").target_groups[1]]


def _instances(world: VerifyWorld) -> None:
    for group in world.target_groups.values():
        group["TargetType"] = "instance"


def _other_path(world: VerifyWorld) -> None:
    world.target_groups[world.aws.manifest("api").target_groups[1]]["HealthCheckPath"] = "/other"


def _other_container(world: VerifyWorld) -> None:
    world.live("api")["loadBalancers"][0]["containerName"] = "web"


def _other_host_port(world: VerifyWorld) -> None:
    world.container("worker")["portMappings"][0]["hostPort"] = 80


def _no_rule(world: VerifyWorld) -> None:
    del world.rules[world.alternate("api")["productionListenerRule"]]


def _rule_without_green(world: VerifyWorld) -> None:
    world.rule_groups("api", "productionListenerRule").pop()


def _test_rule_without_green(world: VerifyWorld) -> None:
    world.rule_groups("api", "testListenerRule").pop()


def _untrusting_balancer(world: VerifyWorld) -> None:
    world.roles[ELB_ROLE] = role("ecs-tasks.amazonaws.com")


def _task_gone(world: VerifyWorld) -> None:
    world.tasks[world.aws.manifest("worker").service].pop()


def _weights_swapped(world: VerifyWorld) -> None:
    blue, green = world.rule_groups("api", "productionListenerRule")
    blue["Weight"], green["Weight"] = 0, 100


def _unhealthy(world: VerifyWorld) -> None:
    targets = world.health[world.aws.manifest("api").target_groups[0]]
    targets[0] = replace(targets[0], state="unhealthy", description="Health checks failed with these codes: [404]")


def _no_hook(world: VerifyWorld) -> None:
    world.live("api")["deploymentConfiguration"]["lifecycleHooks"] = []


def _no_gate(world: VerifyWorld) -> None:
    del world.functions[GATE]


def _untrusting_hook(world: VerifyWorld) -> None:
    world.roles[HOOK_ROLE] = role("lambda.amazonaws.com")


def _breaker_off(world: VerifyWorld) -> None:
    world.live("worker")["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] = False


def _no_alarm(world: VerifyWorld) -> None:
    del world.alarms[ALARM]


def _alarm(world: VerifyWorld) -> None:
    world.alarms[ALARM]["StateValue"] = "ALARM"


def _no_schedule(world: VerifyWorld) -> None:
    world.aws.schedules.stored.clear()


def _untrusting_schedule(world: VerifyWorld) -> None:
    world.roles[SCHEDULE_ROLE] = role("events.amazonaws.com")


def _no_secret(world: VerifyWorld) -> None:
    del world.secrets[SECRET]


def _no_key(world: VerifyWorld) -> None:
    world.secrets[SECRET] = '{"user": "x"}'


def _no_parameter(world: VerifyWorld) -> None:
    world.parameters.clear()


def _no_log_group(world: VerifyWorld) -> None:
    world.log_groups.clear()


def _no_file(world: VerifyWorld) -> None:
    world.files.clear()


def _may_not_pull(world: VerifyWorld) -> None:
    world.denied.add((EXECUTION_ROLE, "ecr:BatchGetImage"))


def _may_not_move_traffic(world: VerifyWorld) -> None:
    world.denied.add((ELB_ROLE, "elasticloadbalancing:ModifyRule"))


def _may_not_call_the_gate(world: VerifyWorld) -> None:
    world.denied.add((HOOK_ROLE, "lambda:InvokeFunction"))


def _no_subnet(world: VerifyWorld) -> None:
    del world.subnets[SUBNETS[1]]


def _no_private_dns(world: VerifyWorld) -> None:
    world.endpoints["ecr.dkr"]["PrivateDnsEnabled"] = False


def _gateway_elsewhere(world: VerifyWorld) -> None:
    world.endpoints["s3"]["RouteTableIds"] = ["rtb-2"]


def _no_logs_endpoint(world: VerifyWorld) -> None:
    del world.endpoints["logs"]


def _no_ssm_endpoint(world: VerifyWorld) -> None:
    world.endpoints["ssm"]["State"] = "pending"


def _nothing_out(world: VerifyWorld) -> None:
    world.security_groups[TASK_GROUP]["IpPermissionsEgress"] = [from_group(5432, "sg-database")]


def _endpoints_shut(world: VerifyWorld) -> None:
    world.security_groups[ENDPOINT_GROUP]["IpPermissions"] = [from_group(443, "sg-other")]


def _other_port_open(world: VerifyWorld) -> None:
    world.security_groups[TASK_GROUP]["IpPermissions"] = [from_group(80, BALANCER_GROUP)]


def _few_vcpus(world: VerifyWorld) -> None:
    world.quotas["L-3032A538"] = 1.5


def _many_rules(world: VerifyWorld) -> None:
    world.other_rules = 98


def _few_groups(world: VerifyWorld) -> None:
    world.quotas["L-822D1B1B"] = 2.0


BREAKS: Final[dict[str, Callable[[VerifyWorld], None]]] = {
    "cluster-active": _no_cluster,
    "service-active": _draining,
    "task-definition-active": _deregistered,
    "containers-exist": _another_container,
    "no-deployment": _deploying,
    "execution-role": _no_execution_role,
    "task-role": _lambda_task_role,
    "images-exist": _no_sidecar,
    "image-platforms": _intel_only,
    "environment-tags": _tag_moved,
    "target-groups-exist": _no_alternate_group,
    "target-group-type": _instances,
    "target-groups-alike": _other_path,
    "load-balancer-container": _other_container,
    "host-ports": _other_host_port,
    "listener-rule-exists": _no_rule,
    "listener-rule-groups": _rule_without_green,
    "test-listener-rule": _test_rule_without_green,
    "load-balancing-role": _untrusting_balancer,
    "tasks-running": _task_gone,
    "live-weights": _weights_swapped,
    "target-health": _unhealthy,
    "gate-hook": _no_hook,
    "gate-function": _no_gate,
    "gate-role": _untrusting_hook,
    "circuit-breaker": _breaker_off,
    "alarms-exist": _no_alarm,
    "alarms-quiet": _alarm,
    "schedule-exists": _no_schedule,
    "schedule-role": _untrusting_schedule,
    "secrets-exist": _no_secret,
    "secret-keys": _no_key,
    "parameters-exist": _no_parameter,
    "log-groups": _no_log_group,
    "environment-files": _no_file,
    "network-exists": _no_subnet,
    "ecr-reachable": _no_private_dns,
    "s3-reachable": _gateway_elsewhere,
    "logs-reachable": _no_logs_endpoint,
    "secrets-reachable": _no_ssm_endpoint,
    "task-egress": _nothing_out,
    "endpoint-ingress": _endpoints_shut,
    "load-balancer-ingress": _other_port_open,
    "execution-role-permissions": _may_not_pull,
    "load-balancing-role-permissions": _may_not_move_traffic,
    "gate-role-permissions": _may_not_call_the_gate,
    "quota-fargate-vcpu": _few_vcpus,
    "quota-rules": _many_rules,
    "quota-target-groups": _few_groups,
}
"""Check → how to break it."""
