"""The watchdog: is this deployment hopeless?

ECS's circuit breaker works for rolling deployments only
(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html), so a green whose tasks
stop one after the other would be replaced for hours. The watchdog counts instead: a few stopped tasks and not a
single good one is a verdict. It also bounds how long a green may take to come up without any task stopping.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from appdp.engine.live import LiveTask, TargetHealth
from appdp.engine.ports import Ports
from appdp.model.environment import ServiceManifest
from appdp.model.service_state import ServiceState

STOPPED_TASKS: Final = 3
"""Three is ECS's own lowest threshold for a rolling deployment.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

COME_UP_SECONDS: Final = 1800
"""A pull takes at most minutes and a health check's grace period is set in minutes too; half an hour without an end
means that no task can be placed, or that none ever answers. Stages with hooks of the user are not counted: those may
take a day."""

STEADY_SECONDS: Final = 60
"""A task without a load balancer and without a container health check counts as good once it ran for this long."""

_BOUNDED_STAGES: Final = frozenset({"", "RECONCILE_SERVICE", "SCALE_UP"})
_SCALING: Final = "Scaling activity initiated by"
"""How ECS words the reason of a task that it stopped because it was not needed any more.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

REMEMBERED: Final = 6
"""How many failing answers are remembered; a stopped task's target is gone when the reason is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The tasks of one deployment: those of its revision, no older than itself. ``targets`` are its service's."""

    running: tuple[LiveTask, ...] = ()
    stopped: tuple[LiveTask, ...] = ()
    targets: tuple[TargetHealth, ...] = ()


def look(service: ServiceState, manifest: ServiceManifest | None, since: float, ports: Ports) -> Seen:
    """The tasks of the deployment that began at ``since``, and how the load balancer sees its targets."""
    running = ports.tasks.of_service(service.cluster, service.arn, stopped=False)
    stopped = ports.tasks.of_service(service.cluster, service.arn, stopped=True)
    groups = manifest.target_groups if manifest else ()
    return Seen(
        running=_of(service, running, since),
        stopped=_of(service, stopped, since),
        targets=tuple(target for group in groups for target in ports.targets.health(group)),
    )


def remember(service: ServiceState, seen: Seen) -> ServiceState:
    """The service with the failing answers of its green's targets, the newest last."""
    addresses = {address for task in seen.running for address in task.addresses}
    answers = [answer(target) for target in seen.targets if target.address in addresses and target.state == "unhealthy"]
    if not answers:
        return service
    known = [one for one in service.seen_unhealthy if one not in answers]
    return replace(service, seen_unhealthy=tuple([*known, *answers][-REMEMBERED:]))


def answer(target: TargetHealth) -> str:
    """A target's health in words: ``10.0.0.5:80 unhealthy: Health checks failed with these codes: [503]``."""
    return f"{target.address}:{target.port} {target.state}: {target.description or target.reason}"


def verdict(service: ServiceState, seen: Seen, now: float) -> str | None:
    """Why the deployment is hopeless, or None while there is hope."""
    failed = [task for task in seen.stopped if not task.stopped_reason.startswith(_SCALING)]
    good = any(is_good(task, seen.targets, now) for task in seen.running)
    if len(failed) >= STOPPED_TASKS and not good:
        return f"{len(failed)} of its new tasks stopped and none is healthy"
    too_long = now - service.since > COME_UP_SECONDS and service.stage in _BOUNDED_STAGES
    if too_long and (service.shifts or not good):
        return f"its new tasks did not come up within {COME_UP_SECONDS // 60} minutes"
    return None


def is_good(task: LiveTask, targets: Sequence[TargetHealth], now: float) -> bool:
    """Whether a task serves: healthy in its target group, or by its own health check, or simply running for a while."""
    if task.status != "RUNNING" or task.health == "UNHEALTHY":
        return False
    if targets:
        return any(target.address in task.addresses and target.state == "healthy" for target in targets)
    return task.health == "HEALTHY" or (task.started_at is not None and now - task.started_at >= STEADY_SECONDS)


def _of(service: ServiceState, tasks: Iterable[LiveTask], since: float) -> tuple[LiveTask, ...]:
    return tuple(task for task in tasks if task.task_definition == service.task_definition and task.created_at >= since)
