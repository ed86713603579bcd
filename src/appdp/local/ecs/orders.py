"""A task definition's containers as orders to the container runtime, in the order in which they start.

All containers of a task share one network, as with ``awsvpc``: the first long-lived one publishes every port and the
others join it. A container that another waits for to *complete* starts earlier, on a network of its own.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appdp.local.ecs.containers import ContainerOrder, HealthCheck

DEFAULT_STOP_TIMEOUT_SECONDS = 30.0
"""See: API_ContainerDefinition.html, ``stopTimeout``: 30 seconds when it is not set."""

_COMPLETING = ("COMPLETE", "SUCCESS")

Definition = Mapping[str, Any]


def in_start_order(containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The containers so that each comes after those that it depends on; circles are broken where they are found."""
    by_name = {container["name"]: container for container in containers}
    ordered: list[dict[str, Any]] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or name not in by_name:
            return
        seen.add(name)
        for dependency in by_name[name].get("dependsOn") or ():
            visit(dependency["containerName"])
        ordered.append(by_name[name])

    for container in containers:
        visit(container["name"])
    return ordered


def network_owner(containers: list[dict[str, Any]]) -> str:
    """Name of the container whose network the others join: the first that nobody waits for to complete."""
    ending = {
        dependency["containerName"]
        for container in containers
        for dependency in container.get("dependsOn") or ()
        if dependency.get("condition") in _COMPLETING
    }
    lasting = [container["name"] for container in in_start_order(containers) if container["name"] not in ending]
    return str(lasting[0])


def ports(containers: list[dict[str, Any]]) -> tuple[int, ...]:
    """Every TCP port that the task's containers name, once."""
    named = {
        int(mapping["containerPort"])
        for container in containers
        for mapping in container.get("portMappings") or ()
        if "containerPort" in mapping and mapping.get("protocol", "tcp") == "tcp"
    }
    return tuple(sorted(named))


def essential(container: Definition) -> bool:
    """Whether its end stops the task; true unless said otherwise."""
    return bool(container.get("essential", True))


def stop_timeout(container: Definition) -> float:
    """Seconds from SIGTERM to SIGKILL."""
    return float(container.get("stopTimeout") or DEFAULT_STOP_TIMEOUT_SECONDS)


def environment(container: Definition, override: Definition, secrets: Mapping[str, str]) -> dict[str, str]:
    """The container's environment. Nothing of this machine's environment gets in."""
    own = {item["name"]: str(item.get("value", "")) for item in container.get("environment") or ()}
    overridden = {item["name"]: str(item.get("value", "")) for item in override.get("environment") or ()}
    return {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", **own, **secrets, **overridden}


def health_check(container: Definition) -> HealthCheck | None:
    """The container's health check. ECS ignores one that only the image defines."""
    told = container.get("healthCheck")
    if not told or not told.get("command"):
        return None
    return HealthCheck(
        test=tuple(told["command"]),
        interval=float(told.get("interval") or 30),
        timeout=float(told.get("timeout") or 5),
        retries=int(told.get("retries") or 3),
        start_period=float(told.get("startPeriod") or 0),
    )


def order(container: Definition, override: Definition, base: ContainerOrder) -> ContainerOrder:
    """``base`` (who, which image, which network) completed with what the definition and the override say."""
    limit = override.get("memory") or container.get("memory")
    return ContainerOrder(
        task=base.task,
        service=base.service,
        name=base.name,
        image=base.image,
        environment=base.environment,
        publish=base.publish,
        network_of=base.network_of,
        on_line=base.on_line,
        entry_point=_words(container.get("entryPoint")),
        command=_words(override.get("command")) or _words(container.get("command")),
        working_directory=container.get("workingDirectory") or None,
        user=container.get("user") or None,
        init=bool((container.get("linuxParameters") or {}).get("initProcessEnabled", False)),
        read_only=bool(container.get("readonlyRootFilesystem", False)),
        memory_mib=int(limit) if limit else None,
        cpu_units=int(container.get("cpu") or 0) or None,
        health_check=health_check(container),
    )


def _words(value: list[str] | None) -> tuple[str, ...] | None:
    return tuple(value) if value else None
