"""Engines with one mistake each: what the model-based test must catch, and which invariant catches it.

No code is patched. A mutant is an ``advance`` of its own, put together from the engine's phases with one of them
replaced, or the engine over ports with one answer or one call changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from appdp.engine.deploy import Step, advance
from appdp.engine.deploy.changing import enter
from appdp.engine.deploy.gate import put_gate
from appdp.engine.deploy.record import record
from appdp.engine.live import DeploymentStatus, LiveDeployment
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.environment import ServiceManifest, StrategyKind
from appdp.model.handoff import services_path
from appdp.model.lock import Lock
from appdp.model.service_state import Progress
from tests.fakes.aws import APPLICATION, ENVIRONMENT
from tests.unit.engine.invariants import LOCKS, kind
from tests.unit.engine.model.world import Advance


@dataclass(frozen=True)
class Mutant:
    """Args:
    mistake: what it does wrong.
    advance: the mistaken engine.
    caught_by: the names of the invariants of which one must catch it.
    needs: what must be drawn to catch it: a rare rule's name, or "beside" for schedules and jobs. Without, neither is,
        which leaves more room for all others.
    """

    mistake: str
    advance: Advance
    caught_by: tuple[str, ...]
    needs: str = ""


class Changed:
    """A port of which some methods are others."""

    def __init__(self, port: object, **methods: Callable[..., Any]) -> None:
        self._port = port
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # any port
        return getattr(self._port, name)


def _with(port: str, **methods: Callable[..., Any]) -> Callable[[Ports], Ports]:
    """Ports in which methods of one port are others; each is called with the real port first."""

    def changed(ports: Ports) -> Ports:
        real = getattr(ports, port)
        bound = {name: _bound(method, real) for name, method in methods.items()}
        return replace(ports, **{port: Changed(real, **bound)})

    return changed


def _bound(method: Callable[..., Any], real: object) -> Callable[..., Any]:
    return lambda *args, **more: method(real, *args, **more)


def _over(change: Callable[[Ports], Ports]) -> Advance:
    return lambda deployment, ports: advance(deployment, change(ports))


def _instead(phase: Phase, acts: Callable[[Deployment, Ports, float], Step]) -> Advance:
    def mistaken(deployment: Deployment, ports: Ports) -> Step:
        return acts(deployment, ports, ports.clock.now()) if deployment.phase is phase else advance(deployment, ports)

    return mistaken


def _takes_any_lock(real: Any, name: str, value: str) -> bool:  # noqa: ANN401  # any port
    """Creates over what is there."""
    if kind(name) in LOCKS:
        real.put(name, value)
        return True
    return bool(real.create(name, value))


def _believes_to_own(deployment: Deployment, ports: Ports) -> Step:
    """Never looks whether somebody took over."""
    if deployment.phase in (Phase.PREPARE, Phase.UNLOCK, Phase.DONE):
        return advance(deployment, ports)
    own = Lock(deployment=deployment.id, owner=deployment.owner, renewed_at=ports.clock.now()).to_json()
    answers = {"lock": own, "lock-takeover": None}
    return advance(
        deployment,
        _with("parameters", get=lambda real, name: answers.get(kind(name), real.get(name)))(ports),
    )


def _rollbacks_are_fine(real: Any, arns: Sequence[str]) -> dict[str, LiveDeployment]:  # noqa: ANN401  # any port
    """Takes every end for success."""
    found: dict[str, LiveDeployment] = real.deployments(arns)
    return {
        arn: replace(one, status=DeploymentStatus.SUCCESSFUL) if one.status.ended else one for arn, one in found.items()
    }


def _records_before_bake(deployment: Deployment, ports: Ports, now: float) -> Step:
    """The release parameter is written when traffic has moved, and ECS may still send it back."""
    step = record(deployment, ports, now)
    return Step(deployment=replace(enter(step.deployment, Phase.BAKE, now), outcome=None), wait_seconds=1)


def _opens_early(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Opens the gate as soon as the greens are started."""
    if any(one.progress is Progress.STARTING and one.shifts for one in deployment.services):
        put_gate(deployment, ports, opens_at=now)
    return advance(deployment, ports)


def _asks_nobody(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Goes on without a decision."""
    return Step(deployment=enter(deployment, Phase.GATE, now), wait_seconds=0)


def _forgets_those_that_ended(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Takes back only what is still in progress."""
    services = tuple(
        replace(one, progress=Progress.RETURNED) if _has_ended(one.deployment, ports) else one
        for one in deployment.services
    )
    return advance(replace(deployment, services=services), ports)


def _has_ended(arn: str | None, ports: Ports) -> bool:
    found = ports.services.deployments([arn]).get(arn) if arn else None
    return found is not None and found.status is DeploymentStatus.SUCCESSFUL


def _leaves_without_cleaning(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Ends without giving anything back."""
    return Step(deployment=enter(deployment, Phase.DONE, now), wait_seconds=0)


def _gives_no_reason(deployment: Deployment, ports: Ports) -> Step:
    step = advance(deployment, ports)
    ended = step.deployment.phase is Phase.UNLOCK and step.deployment.outcome is not Outcome.SUCCEEDED
    return replace(step, deployment=replace(step.deployment, failure=None)) if ended else step


def _scales_on_return(
    real: Any,  # noqa: ANN401  # any port
    cluster: str,
    service: str,
    *,
    task_definition: str,
    **more: Any,
) -> None:
    """Sends a desired count with every update."""
    real.update(cluster, service, task_definition=task_definition, **{**more, "desired_count": 2})


def _takes_linear_for_rolling(deployment: Deployment, ports: Ports) -> Step:
    """Knows no strategy but those that were there first, and waits for no green of the others."""
    step = advance(deployment, ports)
    linear = {name for name, kind in _strategies(ports).items() if kind is StrategyKind.LINEAR}
    services = tuple(replace(one, shifts=one.shifts and one.name not in linear) for one in step.deployment.services)
    return replace(step, deployment=replace(step.deployment, services=services))


def _strategies(ports: Ports) -> dict[str, StrategyKind]:
    found = ports.parameters.under(services_path(APPLICATION, ENVIRONMENT))
    manifests = [ServiceManifest.from_json(text) for text in found.values()]
    return {manifest.name: manifest.strategy for manifest in manifests}


def _tells_codedeploy_at_once(deployment: Deployment, ports: Ports) -> Step:
    """Waits neither for the others nor for a human."""
    for one in deployment.services if deployment.phase in (Phase.GREEN, Phase.HOLD) else ():
        if one.group is not None and one.progress is Progress.AT_GATE and one.deployment is not None:
            ports.services.open_gate(one.deployment)
    return advance(deployment, ports)


def _never_looks_again(deployment: Deployment, ports: Ports) -> Step:
    """Believes for a whole step what it saw at its beginning, however long the step takes."""
    began = ports.clock.now()
    return advance(deployment, _with("clock", now=lambda real: began)(ports))


MUTANTS: Final = (
    Mutant(
        "leaves the schedules as they are",
        _over(_with("schedules", update=lambda real, sent: None)),
        ("all or nothing", "healed"),
        needs="beside",
    ),
    Mutant(
        "never looks at the lock in the middle of a step",
        _never_looks_again,
        ("single writer",),
        needs="is_frozen_in_a_step",
    ),
    Mutant("takes a lock that is held", _over(_with("parameters", create=_takes_any_lock)), ("single writer", "gated")),
    Mutant("overlooks that it was taken over", _believes_to_own, ("single writer",)),
    Mutant(
        "takes every end of a service deployment for success",
        _over(_with("services", deployments=_rollbacks_are_fine)),
        ("tested before traffic", "all or nothing"),
    ),
    Mutant(
        "records before the bake is over",
        _instead(Phase.CUTOVER, lambda one, ports, now: _early(advance(one, ports), ports, now)),
        ("recorded only when true",),
    ),
    Mutant("opens the gate early", _instead(Phase.GREEN, _opens_early), ("tested before traffic",)),
    Mutant("takes linear for rolling", _takes_linear_for_rolling, ("tested before traffic",)),
    Mutant(
        "tells CodeDeploy to go on as soon as its green stands",
        _tells_codedeploy_at_once,
        ("gated",),
    ),
    Mutant("asks nobody while on hold", _instead(Phase.HOLD, _asks_nobody), ("approved before traffic",)),
    Mutant(
        "takes back only what is in progress",
        _instead(Phase.RETURN, _forgets_those_that_ended),
        ("all or nothing",),
    ),
    Mutant("leaves without cleaning", _instead(Phase.UNLOCK, _leaves_without_cleaning), ("remembered",)),
    Mutant("gives no reason", _gives_no_reason, ("reasons given",)),
    Mutant(
        "writes a desired count with every update",
        _over(_with("services", update=_scales_on_return)),
        ("counts left alone",),
    ),
    Mutant(
        "never writes the gate",
        _over(
            _with("parameters", put=lambda real, name, value: None if kind(name) == "gate" else real.put(name, value))
        ),
        ("gated",),
    ),
)


def _early(step: Step, ports: Ports, now: float) -> Step:
    return _records_before_bake(step.deployment, ports, now) if step.deployment.phase is Phase.BAKE else step
