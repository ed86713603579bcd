"""Deployments from Created to their end, and the deployments that roll them back.

What interrupts a deployment ends in one place, here: the way forward is cancelled, its end is written down, and if it
is to go back, a second deployment is made that puts the traffic back first and deletes the replacement task set then.
Without that, everything stays as it is at that moment.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html and
https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from appdp.local.codedeploy.failures import Failure, Halted
from appdp.local.codedeploy.forward import Forward, Surroundings, event, rolls_back_on, skip
from appdp.local.codedeploy.store import EVENTS, Deployment, LifecycleEvent, Store, deployment_id
from appdp.local.codedeploy.traffic import route
from appdp.local.ecs.names import now
from appdp.local.wire import EventSink

ALARMED = (
    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected "
    "deployments have been stopped. Activated alarms: {}"
)
STOPPED = "The deployment was stopped by StopDeployment."
NOTHING_TO_UNDO = "The deployment is not rolled back: it had made no replacement task set."
TOO_LATE = "The deployment cannot be rolled back: its original task set is being terminated."

_STATES = {"Succeeded": "SUCCESS", "Failed": "FAILURE", "Stopped": "STOP"}


class Runs:
    """Runs deployments.

    Args:
        store: where they are kept.
        around: what they act on.
        events: hears of each change of a deployment's state.
    """

    def __init__(self, store: Store, around: Surroundings, events: EventSink) -> None:
        self._store = store
        self._around = around
        self._events = events

    def begin(self, deployment: Deployment) -> None:
        """Start a new deployment."""
        self._store.deployments[deployment.id] = deployment
        self._around.ecs.supervisor.spawn(
            lambda: self._drive(deployment),
            what=f"deployment {deployment.id}",
            crashed=lambda error: self._end(deployment, "Failed", "INTERNAL_ERROR", repr(error)),
        )

    async def _drive(self, deployment: Deployment) -> None:
        self._start(deployment)
        try:
            await self._until_done_or_interrupted(deployment)
        except Failure as failure:
            self._end(deployment, "Failed", failure.code, failure.message)
            goes_back = rolls_back_on(deployment, "DEPLOYMENT_FAILURE")
        except Halted as halt:
            self._end(deployment, "Stopped", halt.code, halt.message)
            goes_back = halt.rolls_back
        else:
            self._end(deployment, "Succeeded")
            return
        if goes_back:
            self._roll_back(deployment)

    async def _until_done_or_interrupted(self, deployment: Deployment) -> None:
        forward = asyncio.create_task(
            Forward(deployment, self._around, lambda state: self._tell(deployment, state)).run()
        )
        stop = asyncio.create_task(deployment.stop.wait())
        red = asyncio.create_task(self._red(deployment))
        try:
            await asyncio.wait({forward, stop, red}, return_when=asyncio.FIRST_COMPLETED)
            if forward.done():
                forward.result()
            elif stop.done():
                raise Halted("MANUAL_STOP", STOPPED, rolls_back=deployment.stop_rolls_back)
            else:
                rolls_back = rolls_back_on(deployment, "DEPLOYMENT_STOP_ON_ALARM")
                raise Halted("ALARM_ACTIVE", ALARMED.format(", ".join(red.result())), rolls_back=rolls_back)
        finally:
            for task in (forward, stop, red):
                task.cancel()
            await asyncio.gather(forward, stop, red, return_exceptions=True)

    async def _red(self, deployment: Deployment) -> tuple[str, ...]:
        told = deployment.alarms
        names = [item["name"] for item in told.get("alarms") or ()] if told.get("enabled") else []
        ignore = bool(told.get("ignorePollAlarmFailure"))
        return await self._around.ecs.alarms.first_red(names, deployment.caller, ignore_failures=ignore)

    def _roll_back(self, deployment: Deployment) -> None:
        """Make the deployment that undoes this one, if there is something to undo and a way back."""
        if deployment.green is None or deployment.blue is None:
            deployment.rollback["rollbackMessage"] = NOTHING_TO_UNDO
            return
        if deployment.blue.status == "DRAINING":
            deployment.rollback["rollbackMessage"] = TOO_LATE
            return
        back = _way_back(deployment)
        deployment.rollback = {
            "rollbackDeploymentId": back.id,
            "rollbackMessage": f"The deployment is being rolled back by deployment {back.id}.",
        }
        self._store.deployments[back.id] = back
        self._around.ecs.supervisor.spawn(
            lambda: self._drive_back(back, deployment),
            what=f"deployment {back.id}",
            crashed=lambda error: self._end(back, "Failed", "INTERNAL_ERROR", repr(error)),
        )

    async def _drive_back(self, back: Deployment, undone: Deployment) -> None:
        self._start(back)
        try:
            await self._return_traffic(back)
        except Failure as failure:
            self._end(back, "Failed", failure.code, failure.message)
            undone.rollback["rollbackMessage"] = f"The rollback by deployment {back.id} failed: {failure.message}"
            return
        if back.service is not None and back.blue is not None:
            await self._around.ecs.task_sets.delete(back.service, back.blue)
        undone.rollback["rollbackMessage"] = f"The deployment was rolled back by deployment {back.id}."
        self._end(back, "Succeeded")

    async def _return_traffic(self, back: Deployment) -> None:
        if back.service is None or back.blue is None or back.green is None:
            raise Failure("INTERNAL_ERROR", "A rollback needs both task sets.")
        original = back.blue.revision.targets[0].group
        async with event(back, "AllowTraffic"):
            traffic = route(self._around.balancing, back.settings, original, back.caller, back=True)
            traffic.shift_production(100)
            traffic.shift_test(100)
            back.percent = 100
            self._around.ecs.task_sets.make_primary(back.service, back.green)

    def _start(self, deployment: Deployment) -> None:
        deployment.become("InProgress")
        deployment.started = now()
        self._tell(deployment, "START")

    def _end(self, deployment: Deployment, status: str, code: str = "", message: str = "") -> None:
        skip(deployment)
        deployment.error = (code, message) if code else None
        deployment.finish(status)
        self._tell(deployment, _STATES[status])

    def _tell(self, deployment: Deployment, state: str) -> None:
        """See: https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-cloudwatch-events.html"""
        caller = deployment.caller
        prefix = f"arn:aws:codedeploy:{caller.region}:{caller.account}"
        detail = {
            "region": caller.region,
            "deploymentId": deployment.id,
            "application": deployment.application,
            "deploymentGroup": deployment.group,
            "state": state,
        }
        resources = (
            f"{prefix}:application:{deployment.application}",
            f"{prefix}:deploymentgroup:{deployment.application}/{deployment.group}",
        )
        self._events.emit("aws.codedeploy", "CodeDeploy Deployment State-change Notification", detail, resources)


def _way_back(undone: Deployment) -> Deployment:
    """The deployment whose original is the replacement of ``undone``, and the other way round.

    Of its lifecycle events only AllowTraffic happens. AWS does not document which it shows.
    """
    events = [LifecycleEvent(name, "Pending" if name == "AllowTraffic" else "Skipped") for name in EVENTS]
    return replace(
        undone,
        id=deployment_id(),
        creator="codeDeployRollback",
        description="",
        revision=undone.previous_revision or {},
        status="Created",
        created=now(),
        started=None,
        completed=None,
        error=None,
        rollback={"rollbackTriggeringDeploymentId": undone.id},
        events=events,
        blue=undone.green,
        green=undone.blue,
        percent=0,
        waits_for_termination=False,
        stop=asyncio.Event(),
    )
