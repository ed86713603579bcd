"""A container order in Docker's terms.

See: https://docs.docker.com/reference/api/engine/ (POST /containers/create)
"""

from __future__ import annotations

from typing import Any

from appdp.local.ecs.containers import ContainerOrder, HealthCheck

INSTANCE_LABEL = "appdp.local.instance"
MARK_LABEL = "appdp.local"

MEMORY_FLOOR_MIB = 6
"""Docker refuses less memory than this."""

_NANOSECONDS = 1_000_000_000


def create_options(order: ContainerOrder, instance: str) -> dict[str, Any]:
    """Docker's options for a container."""
    options: dict[str, Any] = {
        "image": order.image,
        "name": f"appdp-{order.service}-{order.name}-{order.task[:12]}",
        "labels": {
            MARK_LABEL: "true",
            INSTANCE_LABEL: instance,
            "appdp.local.task": order.task,
            "appdp.local.service": order.service,
        },
        "environment": dict(order.environment),
        "entrypoint": list(order.entry_point) if order.entry_point else None,
        "command": list(order.command) if order.command else None,
        "working_dir": order.working_directory,
        "user": order.user,
        "read_only": order.read_only,
        "mem_limit": f"{max(order.memory_mib, MEMORY_FLOOR_MIB)}m" if order.memory_mib else None,
        "cpu_shares": order.cpu_units,
        "healthcheck": _docker_health_check(order.health_check),
        "init": order.init or None,
        "detach": True,
    }
    if order.network_of is not None:
        options["network_mode"] = f"container:{order.network_of}"
    elif order.publish:
        options["ports"] = {f"{port}/tcp": ("127.0.0.1", None) for port in order.publish}
    return {key: value for key, value in options.items() if value is not None}


def _docker_health_check(check: HealthCheck | None) -> dict[str, Any]:
    if check is None:
        return {"test": ["NONE"]}
    return {
        "test": list(check.test),
        "interval": int(check.interval * _NANOSECONDS),
        "timeout": int(check.timeout * _NANOSECONDS),
        "retries": check.retries,
        "start_period": int(check.start_period * _NANOSECONDS),
    }
