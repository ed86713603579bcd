"""Hold: every green is up and tested behind the shut gate, and a human says whether they take traffic.

The human writes a parameter, once; its first value counts. The engine looks for it, and for greens that die meanwhile.
Nobody's answer is a no: the hold expires before ECS would give up on the first green that came to the gate.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from appdp.engine.deploy.changing import enter, go_back, in_progress
from appdp.engine.deploy.polling import AT_ONCE, hold_seconds
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.telling import tell
from appdp.engine.deploy.watching import watch_over
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Failure, Phase
from appdp.model.environment import DeployerManifest, ServiceManifest
from appdp.model.handoff import approval_parameter, hold_parameter, service_parameter
from appdp.model.hold import (
    DEFAULT_EXPIRY_SECONDS,
    HOOK_SECONDS,
    Approval,
    Decision,
    Hold,
    HoldNotice,
)
from appdp.model.service_state import Progress

EVENT: Final = "Approval Needed"
"""``detail-type`` of the event that asks for an approval. Sent at least once, rarely twice."""

_MARGIN_SECONDS: Final = 1800
"""How long before ECS's own limit a hold ends: time for what was approved in the last moment to pass the gate."""


def needed(*, asked: bool, rollback: bool, deployer: DeployerManifest) -> Hold | None:
    """The hold of a deployment that moves traffic, or None when it needs no approval.

    A way back is never delayed by what the environment asks for, only by ``asked``: who rolls back may ask for it.
    """
    if not asked and (rollback or deployer.approve is None):
        return None
    return Hold(expires_seconds=deployer.approval_expires_seconds or DEFAULT_EXPIRY_SECONDS)


def on_hold(deployment: Deployment, now: float) -> Deployment:
    """The deployment after its greens are up: on hold when a human has still to decide, else before the gate."""
    hold = deployment.hold
    if hold is None or hold.decision is not None:
        return enter(deployment, Phase.GATE, now)
    waiting = in_progress(deployment, Progress.AT_GATE)
    limit = min((service.since + HOOK_SECONDS - _MARGIN_SECONDS for service in waiting), default=float("inf"))
    until = min(now + hold.expires_seconds, limit)
    held = replace(deployment, hold=replace(hold, since=now, until=until))
    text = f"on hold until {moment(until)}: somebody must approve before traffic moves"
    return enter(held, Phase.HOLD, now).logged(now, text)


def hold(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Ask for the approval once, then look for the decision, and whether every green still stands."""
    held = deployment.hold or Hold()
    if not held.announced:
        return _announce(deployment, held, ports, now)
    deployment, approval = _read(deployment, ports, now)
    if approval is not None:
        step = _decide(deployment, held, approval, ports, now)
    elif now >= (held.until or 0.0):
        step = go_back(deployment, Failure(service="", summary=_expired(held)), now)
    else:
        step = watch_over(deployment, ports, now, onward=lambda looked_at, _: None)
    if step.deployment.phase is Phase.HOLD:
        return replace(step, wait_seconds=hold_seconds(step.deployment, now))
    withdraw(deployment, ports)
    return step


def withdraw(deployment: Deployment, ports: Ports) -> None:
    """The deployment waits for nobody any more."""
    ports.parameters.delete(hold_parameter(deployment.application, deployment.environment))


def moment(at: float) -> str:
    """A time for the log, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _announce(deployment: Deployment, held: Hold, ports: Ports, now: float) -> Step:
    """Write the notice, then send the event; both say the same when this is tried again."""
    held = replace(held, announced=True, test_urls=_test_urls(deployment, ports))
    deployment = replace(deployment, hold=held)
    notice = HoldNotice(
        deployment=deployment.id,
        release=deployment.release,
        previous=deployment.previous,
        requested_by=deployment.owner.requested_by,
        since=held.since or now,
        until=held.until or now,
        test_urls=held.test_urls,
    )
    ports.parameters.put(hold_parameter(deployment.application, deployment.environment), notice.to_json())
    deployment = tell(deployment, EVENT, _question(notice), ports, now)
    return Step(deployment=deployment, wait_seconds=AT_ONCE)


def _test_urls(deployment: Deployment, ports: Ports) -> dict[str, str]:
    urls = {}
    for service in in_progress(deployment, Progress.AT_GATE):
        text = ports.parameters.get(service_parameter(deployment.application, deployment.environment, service.name))
        url = None if text is None else ServiceManifest.from_json(text).test_url
        if url:
            urls[service.name] = url
    return urls


def _question(notice: HoldNotice) -> dict[str, Any]:
    return {"since": _iso(notice.since), "expiresAt": _iso(notice.until), "testUrls": notice.test_urls}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _read(deployment: Deployment, ports: Ports, now: float) -> tuple[Deployment, Approval | None]:
    """The decision on this deployment. Any other value is in the way of one, so it is deleted.

    That cannot hit a decision that comes at the same moment, since nobody but us overwrites or deletes the parameter.
    """
    name = approval_parameter(deployment.application, deployment.environment)
    text = ports.parameters.get(name)
    if text is None:
        return deployment, None
    approval = Approval.from_json(text)
    if approval is not None and approval.deployment == deployment.id:
        return deployment, approval
    ports.parameters.delete(name)
    about = f"was on deployment {approval.deployment}" if approval else "could not be read"
    return deployment.logged(now, f"removed a decision that {about}"), None


def _decide(deployment: Deployment, held: Hold, approval: Approval, ports: Ports, now: float) -> Step:
    by = _signed(approval, deployment, ports)
    held = replace(held, decision=approval.decision, by=by, at=approval.at, reason=approval.reason)
    decided = replace(deployment, hold=held)
    if approval.decision is Decision.REJECTED:
        return go_back(decided, Failure(service="", summary=held.told()), now)
    return Step(deployment=enter(decided.logged(now, held.told()), Phase.GATE, now), wait_seconds=AT_ONCE)


def _signed(approval: Approval, deployment: Deployment, ports: Ports) -> str:
    """Who decided; if AWS says that somebody else wrote it down, both of them."""
    name = approval_parameter(deployment.application, deployment.environment)
    written = ports.parameters.history(name)
    writer = written[-1].by if written else ""
    return approval.by if writer in ("", approval.by) else f"{approval.by} (written by {writer})"


def _expired(held: Hold) -> str:
    minutes = round(((held.until or 0.0) - (held.since or 0.0)) / 60)
    length = f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} minutes"
    return f"nobody approved it within {length}"
