"""What Fargate asks of a task definition and of a service.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html (task size)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from appdp.local.ecs.store import TaskDefinition
from appdp.local.wire import ServiceError

_GIB = 1024
_MEMORY: Mapping[int, Iterable[int]] = {
    256: (512, 1024, 2048),
    512: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
    32768: (60 * _GIB, *range(64 * _GIB, 244 * _GIB + 1, 4 * _GIB)),
}
"""CPU units → MiB of memory that go with them."""

_PROVIDERS = ("FARGATE", "FARGATE_SPOT")


def check_definition(raw: Mapping[str, Any]) -> None:
    """Check a task definition that asks for Fargate's compatibility; others pass.

    Raises:
        ServiceError: Fargate could not run it.
    """
    if "FARGATE" not in (raw.get("requiresCompatibilities") or ()):
        return
    if raw.get("networkMode") != "awsvpc":
        raise _refused("Fargate only supports network mode 'awsvpc'.")
    if not raw.get("cpu") or not raw.get("memory"):
        raise _refused("Fargate requires that 'cpu' and 'memory' be defined at the task level.")
    cpu, memory = str(raw["cpu"]), str(raw["memory"])
    if cpu.isdigit() and memory.isdigit() and int(memory) not in _MEMORY.get(int(cpu), ()):
        raise _refused(f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory.")
    if not raw.get("executionRoleArn"):
        _check_without_execution_role(raw["containerDefinitions"])


def check_service(properties: Mapping[str, Any], definition: TaskDefinition) -> None:
    """Check what a service says about where its tasks run.

    Raises:
        ServiceError: its task definition does not fit, or its network configuration is missing.
    """
    providers = [item.get("capacityProvider") for item in properties.get("capacityProviderStrategy") or ()]
    on_fargate = properties.get("launchType") == "FARGATE" or any(name in _PROVIDERS for name in providers)
    if on_fargate and "FARGATE" not in (definition.raw.get("requiresCompatibilities") or ()):
        raise _invalid("Task definition does not support launch_type FARGATE.")
    if definition.raw.get("networkMode") == "awsvpc":
        network = (properties.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        if not network.get("subnets"):
            raise _invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")


def _check_without_execution_role(containers: list[Mapping[str, Any]]) -> None:
    for container in containers:
        if ".dkr.ecr." in str(container.get("image", "")):
            raise _refused("Fargate requires task definition to have execution role ARN to support ECR images.")
        if (container.get("logConfiguration") or {}).get("logDriver") == "awslogs":
            raise _refused("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
        if container.get("secrets"):
            raise _refused("Fargate requires task definition to have execution role ARN to support secrets.")


def _refused(message: str) -> ServiceError:
    return ServiceError("ClientException", message)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)
