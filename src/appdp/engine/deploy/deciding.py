"""What whoever decides on a hold needs: what waits, and how the decision is left for the engine."""

from __future__ import annotations

from appdp.engine.deploy.hold import moment
from appdp.engine.deploy.locking import holder_of
from appdp.engine.ports import Ports
from appdp.errors import Refused
from appdp.model.handoff import approval_parameter, hold_parameter, lock_parameter
from appdp.model.hold import Approval, HoldNotice
from appdp.model.lock import Lock


def find_hold(application: str, environment: str, ports: Ports) -> HoldNotice | None:
    """What waits for an approval, or None. One whose deployment died does not wait any more."""
    notice = _notice(application, environment, ports)
    return notice if notice is not None and _alive(application, environment, notice, ports) else None


def find_decision(application: str, environment: str, deployment: str, ports: Ports) -> Approval | None:
    """What was decided on a deployment and is still to take effect, or None."""
    text = ports.parameters.get(approval_parameter(application, environment))
    found = None if text is None else Approval.from_json(text)
    return found if found is not None and found.deployment == deployment else None


def waiting(application: str, environment: str, deployment: str | None, ports: Ports) -> HoldNotice:
    """What waits for an approval; ``deployment``, if given, is the one that the caller means.

    Raises:
        Refused: nothing waits, or another deployment does, or the time is over.
    """
    notice = _notice(application, environment, ports)
    if notice is None:
        raise Refused(
            f"Nothing waits for an approval in environment {environment!r} of {application!r}.",
            hint=f"See what is under way: appdp status {environment}.",
        )
    what = f"deployment {notice.deployment} of release {notice.release!r}, requested by {notice.requested_by}"
    if deployment not in (None, notice.deployment):
        raise Refused(
            f"Deployment {deployment} is not on hold in environment {environment!r}; on hold is {what}.",
            hint=f"If you mean that one, name it: --deployment {notice.deployment}.",
        )
    if not _alive(application, environment, notice, ports):
        raise Refused(
            f"On hold was {what}, but it does not run any more.",
            hint="Deploy the release again: the next deployment takes over what is left.",
        )
    if ports.clock.now() >= notice.until:
        raise Refused(
            f"The time to approve {what} was over at {moment(notice.until)}; it goes back.",
            hint="Deploy the release again.",
        )
    return notice


def leave(application: str, environment: str, approval: Approval, ports: Ports) -> None:
    """Leave a decision for the engine, which looks for it within a minute.

    Raises:
        Refused: somebody decided before; the first decision counts.
    """
    name = approval_parameter(application, environment)
    if ports.parameters.create(name, approval.to_json()):
        return
    text = ports.parameters.get(name)
    before = None if text is None else Approval.from_json(text)
    if before is None or before.deployment != approval.deployment:
        raise Refused(
            "A decision on an earlier deployment is still there; the engine removes it within a minute.",
            hint="Run the command again then.",
        )
    # A retry of our own call may find what its first try wrote.
    if (before.decision, before.by) != (approval.decision, approval.by):
        why = f": {before.reason}" if before.reason else ""
        raise Refused(
            f"Deployment {approval.deployment} was {before.decision} by {before.by} at {moment(before.at)}{why}. "
            f"The first decision counts.",
            hint=f"See what becomes of it: appdp status {environment}.",
        )


def _notice(application: str, environment: str, ports: Ports) -> HoldNotice | None:
    text = ports.parameters.get(hold_parameter(application, environment))
    return None if text is None else HoldNotice.from_json(text)


def _alive(application: str, environment: str, notice: HoldNotice, ports: Ports) -> bool:
    text = ports.parameters.get(lock_parameter(application, environment))
    if text is None:
        return False
    holder = holder_of(application, environment, Lock.from_json(text), ports)
    return holder.deployment == notice.deployment and ports.owners.alive(holder.owner, holder.renewed_at)
