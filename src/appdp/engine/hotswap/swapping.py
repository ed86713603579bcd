"""Replace a service's tasks with what was built, and follow that until it has the traffic, or is back."""

from __future__ import annotations

from dataclasses import replace

from appdp.engine.deploy import locking
from appdp.engine.deploy.changing import finish, go_back, in_progress
from appdp.engine.deploy.faults import passes
from appdp.engine.deploy.fencing import fenced
from appdp.engine.deploy.going_back import go_on_returning
from appdp.engine.deploy.polling import AT_ONCE
from appdp.engine.deploy.process import Process
from appdp.engine.deploy.starting import start
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.watching import watch_over
from appdp.engine.hotswap.building import Built
from appdp.engine.hotswap.planning import SwapPlan, plan_hotswap
from appdp.engine.ports import Ports
from appdp.errors import AppdpError, RemoteError
from appdp.model.deployment import Deployment, Failure, Outcome, Owner, Phase
from appdp.model.service_state import Progress, ServiceState


def begin_swap(plan: SwapPlan, built: Built, *, process: Process, ports: Ports) -> Deployment:
    """Take the environment's lock, look again, and register the task definition. Nothing is replaced yet.

    Args:
        plan: what was planned before the build.
        built: what was built.
        process: owns the environment from now on; it waits here if the lock was a dead owner's.
        ports: AWS.

    Raises:
        AppdpError: as for :func:`plan_hotswap`; the lock was given back.
    """
    now = ports.clock.now()
    deployment = Deployment(
        id=process.id,
        application=plan.application,
        environment=plan.environment,
        release=built.tag,
        previous=plan.release,
        owner=Owner(execution=None, requested_by=process.requested_by),
        started_at=now,
        phase=Phase.GREEN,
        phase_since=now,
        # Nobody shuts a gate, so it is open.
        gate_opens_at=now,
    )
    pause = locking.acquire(deployment, ports, now)
    deployment = replace(deployment, locked_at=now)
    try:
        process.sleep(pause)
        return _registered(deployment, plan, built, ports)
    except BaseException:
        end_swap(deployment, ports)
        raise


def swap_step(deployment: Deployment, ports: Ports) -> Step:
    """Do the next small thing, and say how long to wait. Idempotent, as a deployment's step.

    Raises:
        RemoteError: AWS could not answer now: call again with the same state.
    """
    now = ports.clock.now()
    try:
        other = locking.hold(deployment, ports, now)
        if other is not None:
            return _dispossessed(deployment, other, now)
        ports = fenced(deployment, ports, now)
        if deployment.phase is Phase.RETURN:
            return _returning(deployment, ports, now)
        to_start = in_progress(deployment, Progress.REGISTERED)
        if to_start:
            return start(deployment, to_start, ports, now)
        return watch_over(deployment, ports, now, onward=_onward)
    except AppdpError as error:
        if isinstance(error, RemoteError) and passes(error):
            raise
        if deployment.phase is Phase.RETURN:
            return _lost(deployment, f"the way back failed: {error.message}", now)
        return go_back(deployment, Failure(service="", summary=str(error)), now)


def has_ended(deployment: Deployment) -> bool:
    """Whether only the lock is left to give back."""
    return deployment.outcome is not None


def end_swap(deployment: Deployment, ports: Ports) -> None:
    """Give the lock back, if it is ours. What ECS is doing goes on."""
    now = ports.clock.now()
    ours = locking.holds(deployment, ports)
    locking.release(deployment, fenced(deployment, ports, now) if ours else ports, ours=ours)


def _registered(deployment: Deployment, plan: SwapPlan, built: Built, ports: Ports) -> Deployment:
    # Minutes may have passed since the plan: the build took them.
    again = plan_hotswap(plan.application, plan.environment, plan.name, ports, container=plan.containers[0], owned=True)
    now = ports.clock.now()
    seen = again.service
    arn = ports.task_definitions.register(again.definition(built.digest))
    state = ServiceState(
        name=again.name,
        progress=Progress.REGISTERED,
        previous_task_definition=seen.live.task_definition,
        baseline_deployment=seen.newest[0].arn if seen.newest else None,
        task_definition=arn,
        cluster=seen.manifest.cluster,
        arn=seen.manifest.service,
        shifts=seen.manifest.strategy.shifts_traffic,
        since=now,
    )
    digests = {plan.image: built.digest}
    text = f"registered {arn.rsplit('/', 1)[-1]}, pinned by digest"
    return replace(deployment, services=(state,), digests=digests).logged(now, text, again.name)


def _onward(deployment: Deployment, now: float) -> Deployment | None:
    (service,) = deployment.services
    if service.progress not in (Progress.BAKING, Progress.SUCCEEDED):
        return None
    return replace(deployment, outcome=Outcome.SUCCEEDED, phase_since=now)


def _returning(deployment: Deployment, ports: Ports, now: float) -> Step:
    step = go_on_returning(deployment, ports, now)
    (service,) = step.deployment.services
    if service.progress is Progress.RETURNING:
        return step
    if service.progress is Progress.FAILED:
        return _lost(deployment.with_service(service), f"{service.name} could not go back: {service.detail}", now)
    # Without the deployment's own last word, which is about the whole environment.
    back = deployment.with_service(service).logged(now, service.detail, service.name)
    return Step(deployment=replace(back, outcome=Outcome.ROLLED_BACK), wait_seconds=AT_ONCE)


def _lost(deployment: Deployment, why: str, now: float) -> Step:
    before = deployment.failure or Failure(service="", summary="")
    next_step = f"Deploy a release, which replaces the service: appdp deploy {deployment.environment} RELEASE."
    failure = replace(before, summary=f"{before.summary}. Then {why}. {next_step}")
    return finish(replace(deployment, failure=failure), Outcome.FAILED, now, "needs a human")


def _dispossessed(deployment: Deployment, other: str, now: float) -> Step:
    summary = (
        f"Deployment {other} took over the environment, because this hot swap gave no sign of life. It changed nothing "
        "more; the other one decides what the service runs."
    )
    return finish(
        replace(deployment, failure=Failure(service="", summary=summary)), Outcome.FAILED, now, "took no further step"
    )
