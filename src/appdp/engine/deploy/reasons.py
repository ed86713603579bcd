"""Why a service failed: stopped reasons, exit codes, health checks with their answers, and the last log lines.

Collecting reasons must never be the reason itself: what cannot be read is said to be unreadable, and the return goes
on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from appdp.engine.deploy.log_streams import stream_of
from appdp.engine.deploy.watchdog import Seen, is_good
from appdp.engine.live import LiveTask, StoppedContainer
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import Failure, TaskFailure
from appdp.model.service_state import ServiceState

MOST_TASKS: Final = 3
LOG_LINES: Final = 10
LOG_WIDTH: Final = 500
"""Characters of a log line that are kept: the deployment's state travels through the state machine."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One service whose failure is looked into. ``containers`` are its task definition's, raw."""

    service: ServiceState
    containers: tuple[Mapping[str, Any], ...]
    ports: Ports


def collect(service: ServiceState, summary: str, seen: Seen, ports: Ports, now: float) -> Failure:
    """The failure of a service with what is known of its newest tasks: the stopped ones, or else those not healthy."""
    case = _Case(service, _containers(service, ports), ports)
    stopped = sorted(seen.stopped, key=lambda task: task.created_at, reverse=True)
    if stopped:
        tasks = [_stopped(case, task) for task in stopped[:MOST_TASKS]]
    else:
        bad = [task for task in seen.running if not is_good(task, seen.targets, now)]
        tasks = [_not_healthy(case, task) for task in bad[:MOST_TASKS]]
    if not tasks and service.seen_unhealthy:
        last = service.seen_unhealthy[-1]
        tasks = [TaskFailure(task=last.split(" ")[0], reason="its health check failed", health=last)]
    return Failure(service=service.name, summary=summary, tasks=tuple(tasks))


def _stopped(case: _Case, task: LiveTask) -> TaskFailure:
    ended = _first_ended(task)
    reason = task.stopped_reason or "it stopped; ECS gives no reason"
    if ended and ended.reason and ended.reason not in reason:
        reason = f"{reason} ({ended.reason})"
    return TaskFailure(
        task=_id(task),
        reason=reason,
        container=ended.name if ended else None,
        exit_code=ended.exit_code if ended else None,
        health=_health(case.service, task),
        log=_log(case, task, ended),
    )


def _not_healthy(case: _Case, task: LiveTask) -> TaskFailure:
    reason = f"it is {task.status} and not healthy"
    return TaskFailure(task=_id(task), reason=reason, health=_health(case.service, task), log=_log(case, task, None))


def _first_ended(task: LiveTask) -> StoppedContainer | None:
    """The container that most likely ended first: one that failed, else one that ended, else one with a reason."""
    orders: tuple[Callable[[StoppedContainer], bool], ...] = (
        lambda one: one.exit_code not in (None, 0),
        lambda one: one.exit_code is not None,
        lambda one: bool(one.reason),
    )
    for wanted in orders:
        for container in task.containers:
            if wanted(container):
                return container
    return None


def _health(service: ServiceState, task: LiveTask) -> str | None:
    said = [f"container {one.name} is UNHEALTHY" for one in task.containers if one.health == "UNHEALTHY"]
    said += [one for one in service.seen_unhealthy if one.rsplit(":", 1)[0] and _address(one) in task.addresses]
    return "; ".join(said) or None


def _address(remembered: str) -> str:
    """``10.0.0.5`` of ``10.0.0.5:80 unhealthy: …``."""
    return remembered.split(" ", 1)[0].rsplit(":", 1)[0]


def _log(case: _Case, task: LiveTask, ended: StoppedContainer | None) -> tuple[str, ...]:
    logging = [one for one in case.containers if stream_of(one) is not None]
    chosen = next((one for one in logging if ended and one["name"] == ended.name), logging[0] if logging else None)
    if chosen is None:
        return ()
    group, prefix = stream_of(chosen) or ("", "")
    try:
        lines = case.ports.logs.tail(group, f"{prefix}/{chosen['name']}/{_id(task)}", LOG_LINES)
    except RemoteError as error:
        return (f"(the log could not be read: {error.message})"[:LOG_WIDTH],)
    return tuple(line[:LOG_WIDTH] for line in lines)


def _containers(service: ServiceState, ports: Ports) -> tuple[Mapping[str, Any], ...]:
    if service.task_definition is None:
        return ()
    try:
        return tuple(ports.task_definitions.read(service.task_definition)["containerDefinitions"])
    except RemoteError:
        return ()


def _id(task: LiveTask) -> str:
    return task.arn.rsplit("/", 1)[-1]
