"""One deployment per environment at a time.

The lock is a parameter that is created without overwriting; its value names the owner. A lock whose owner is dead is
taken over with a second parameter of the same kind, named after the dead owner: only one successor can create it, so
two can never both take over. A successor that dies in between is succeeded in the same way, so markers form a chain,
and whoever is at its end owns the environment.

A process (``--direct``) that slept for longer than its lease and wakes up may renew a lock that was taken over
meanwhile; it then sees the marker, and stops. The successor sees that the marker is its own, and puts its lock back. If
the successor has ended by then, there is no lock at all; the process stops then, too.

Parameter Store answers reads from copies that may be a moment behind (its CloudFormation page says of ``GetAtt``: "due
to eventual consistency of the underlying API"); creating without overwriting is not subject to that. So

- whoever created the lock knows that it is its own, and does not look at it for :data:`LAG_SECONDS`;
- whoever recorded a release keeps the lock for :data:`LAG_SECONDS` more, so that the next owner reads that release;
- whoever takes over from a dead owner waits for :data:`SETTLE_SECONDS` before it reads or writes anything else: by then
  everything that the dead one wrote can be read, and one that only sleeps has noticed (see ``fencing``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from appdp.engine.ports import Ports
from appdp.errors import ConfigurationError, Locked, RemoteError
from appdp.model.deployment import Deployment
from appdp.model.gate import Gate
from appdp.model.handoff import (
    approval_parameter,
    gate_parameter,
    history_parameter,
    hold_parameter,
    lock_parameter,
    takeover_parameter,
)
from appdp.model.history import EndedDeployment
from appdp.model.lock import Lock

RENEW_SECONDS: Final = 30
"""A process's lease is renewed when it is older than this; it is dead after 180 s, so several renewals may fail."""

LAG_SECONDS: Final = 2.0
"""How far a read of Parameter Store is thought to be behind. AWS names no figure, only seconds in practice.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ssm-parameter.html and
https://github.com/aws/aws-cdk-cli/pull/830
"""

RECHECK_SECONDS: Final = 2.0
"""A step that is older than this looks at the lock once more before it writes."""

SETTLE_SECONDS: Final = RECHECK_SECONDS + 2 * LAG_SECONDS
"""The pause after taking a lock over. An owner before us that only sleeps may see the lock as its own for
``LAG_SECONDS`` after that, may write for ``RECHECK_SECONDS`` more, and its write can be read ``LAG_SECONDS`` later."""

SLEPT_SECONDS: Final = 120.0
"""A renewal that took this long may have come after a successor took over and ended; then it put back a lock that
nobody else sees as taken over. Less cannot be: the lease ran for 180 s when it was at most 30 s old."""

_LONGEST_CHAIN: Final = 10


def acquire(deployment: Deployment, ports: Ports, now: float) -> float:
    """Make the lock ours, or find that it is.

    Returns:
        How long to wait before anything else is read or written, in seconds: :data:`SETTLE_SECONDS` after it was taken
        over from a dead owner, or may have been.

    Raises:
        Locked: another deployment holds it and is alive, or is just taking it over.
        RemoteError: it is there and cannot be read yet, or it was deleted at this very moment; it passes.
    """
    name, own = _lock_name(deployment), _own(deployment, now)
    if ports.parameters.create(name, own.to_json()):
        return 0.0
    if _just_locked(deployment, now):
        return 0.0
    held = _read(deployment, ports)
    if held is None:
        raise RemoteError(
            f"Parameter {name} is there, but cannot be read at this very moment.", hint="Try again in a few seconds."
        )
    holder = holder_of(deployment.application, deployment.environment, held, ports)
    if holder.deployment != deployment.id:
        _succeed(deployment, own, held, holder, ports)
    elif held.deployment == deployment.id:
        _renew(deployment, held, own, ports)
        return 0.0 if deployment.locked_at is not None else SETTLE_SECONDS
    ports.parameters.put(name, own.to_json())
    return SETTLE_SECONDS


def check_free(application: str, environment: str, ports: Ports) -> None:
    """Raise :class:`Locked` when a living deployment holds the lock; used for planning, so it writes nothing."""
    text = ports.parameters.get(lock_parameter(application, environment))
    if text is None:
        return
    holder = holder_of(application, environment, Lock.from_json(text), ports)
    if ports.owners.alive(holder.owner, holder.renewed_at):
        raise _locked(environment, holder)


def hold(deployment: Deployment, ports: Ports, now: float) -> str | None:
    """Make sure that the lock is still ours, and keep a process's lease fresh.

    Returns:
        None, or the id of the deployment that took over while we did not act.
    """
    if _just_locked(deployment, now):
        return None
    try:
        other = _hold(deployment, ports, now)
    except RemoteError:
        if not _slept(deployment, ports, now):
            raise
        return _ended(deployment, ports)
    return _ended(deployment, ports) if other is None and _slept(deployment, ports, now) else other


def _just_locked(deployment: Deployment, now: float) -> bool:
    """Whether the lock may be too new to be read. Nobody but us has it then: we are not dead so soon."""
    return deployment.locked_at is not None and now - deployment.locked_at < LAG_SECONDS


def _slept(deployment: Deployment, ports: Ports, now: float) -> bool:
    return deployment.owner.execution is None and ports.clock.now() - now >= SLEPT_SECONDS


def _hold(deployment: Deployment, ports: Ports, now: float) -> str | None:
    name, own = _lock_name(deployment), _own(deployment, now)
    held = _read(deployment, ports)
    if held is None:
        if deployment.owner.execution is None or not ports.owners.alive(deployment.owner, now):
            # It slept for longer than its lease: who took over may have ended, and all may be different.
            return _ended(deployment, ports)
        # Somebody deleted it. Whoever creates it first owns the environment.
        return None if ports.parameters.create(name, own.to_json()) else _other(deployment, ports)
    if held.deployment != deployment.id:
        if holder_of(deployment.application, deployment.environment, held, ports).deployment != deployment.id:
            return held.deployment
        ports.parameters.put(name, own.to_json())
        return None
    _renew(deployment, held, own, ports)
    holder = holder_of(deployment.application, deployment.environment, held, ports)
    return None if holder.deployment == deployment.id else holder.deployment


def release(deployment: Deployment, ports: Ports, *, ours: bool) -> None:
    """Delete our gate, hold and markers and, last of all, our lock. Without the lock, only our own markers go.

    Whoever owns the environment deletes every marker: those of others are links of the chain that led here.

    Args:
        ours: whether this deployment owns the environment.
    """
    if ours:
        gate = ports.parameters.get(gate_parameter(deployment.application, deployment.environment))
        if gate is not None and Gate.from_json(gate).deployment == deployment.id:
            ports.parameters.delete(gate_parameter(deployment.application, deployment.environment))
        # Whatever the decision was on: no other deployment can be on hold.
        ports.parameters.delete(hold_parameter(deployment.application, deployment.environment))
        ports.parameters.delete(approval_parameter(deployment.application, deployment.environment))
    for name, value in ports.parameters.under(_markers(deployment)).items():
        if ours or Lock.from_json(value).deployment == deployment.id:
            ports.parameters.delete(name)
    if ours:
        ports.parameters.delete(_lock_name(deployment))


def holds(deployment: Deployment, ports: Ports) -> bool:
    """Whether this deployment owns the environment."""
    if _just_locked(deployment, ports.clock.now()):
        return True
    held = _read(deployment, ports)
    if held is None:
        return False
    return holder_of(deployment.application, deployment.environment, held, ports).deployment == deployment.id


def holder_of(application: str, environment: str, held: Lock, ports: Ports) -> Lock:
    """Who really owns a lock: the end of the chain of markers that begins at the lock's value."""
    holder = held
    for _ in range(_LONGEST_CHAIN):
        marker = ports.parameters.get(takeover_parameter(application, environment, holder.deployment))
        if marker is None:
            return holder
        holder = Lock.from_json(marker)
    raise Locked(
        f"More than {_LONGEST_CHAIN} deployments of {environment!r} died while they took over from each other.",
        hint=f"Delete the parameters below {takeover_parameter(application, environment, '')} when none of them runs.",
    )


def _succeed(deployment: Deployment, own: Lock, held: Lock, holder: Lock, ports: Ports) -> None:
    if ports.owners.alive(holder.owner, holder.renewed_at):
        raise _locked(deployment.environment, holder)
    if ports.parameters.get(takeover_parameter(deployment.application, deployment.environment, deployment.id)):
        # Taking over from our own successor would close the chain of markers to a ring, which has no end.
        raise Locked(
            f"Deployment {holder.deployment} took over from this one, which seemed dead, and does not run any more.",
            hint="Start the deployment again.",
        )
    marker = takeover_parameter(deployment.application, deployment.environment, holder.deployment)
    if not ports.parameters.create(marker, own.to_json()):
        raise Locked(
            f"Another deployment of {deployment.environment!r} is taking over from {holder.deployment}, which is dead.",
            hint="Wait for it to end.",
        )
    again = _read(deployment, ports)
    if again is None or again.deployment != held.deployment:
        ports.parameters.delete(marker)
        raise Locked(
            f"Another deployment of {deployment.environment!r} took over from {holder.deployment} at this very moment.",
            hint="Start the deployment again when that one has ended.",
        )


def _renew(deployment: Deployment, held: Lock, own: Lock, ports: Ports) -> None:
    """Keep a process's lease fresh; an execution is asked instead."""
    if deployment.owner.execution is None and own.renewed_at - held.renewed_at >= RENEW_SECONDS:
        ports.parameters.put(_lock_name(deployment), own.to_json())


def _locked(environment: str, holder: Lock) -> Locked:
    where = holder.owner.execution or "a process that runs 'appdp --direct' or 'appdp hotswap'"
    since = "since" if holder.owner.execution else "with a last sign of life at"
    return Locked(
        f"Environment {environment!r} is locked by deployment {holder.deployment}, requested by "
        f"{holder.owner.requested_by} and run by {where}, {since} {_when(holder.renewed_at)}.",
        hint=f"Wait for it to end: appdp status {environment}. From a dead one, the next one takes over by itself.",
    )


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _other(deployment: Deployment, ports: Ports) -> str | None:
    held = _read(deployment, ports)
    return None if held is None or held.deployment == deployment.id else held.deployment


def _ended(deployment: Deployment, ports: Ports) -> str:
    """Who took over and has ended already, as far as the history tells."""
    text = ports.parameters.get(history_parameter(deployment.application, deployment.environment))
    try:
        newest = None if text is None else EndedDeployment.from_json(text)
    except ConfigurationError:
        newest = None
    return newest.deployment if newest is not None and newest.ended_at > deployment.started_at else "(ended already)"


def _read(deployment: Deployment, ports: Ports) -> Lock | None:
    text = ports.parameters.get(_lock_name(deployment))
    return None if text is None else Lock.from_json(text)


def _own(deployment: Deployment, now: float) -> Lock:
    return Lock(deployment=deployment.id, owner=deployment.owner, renewed_at=now)


def _lock_name(deployment: Deployment) -> str:
    return lock_parameter(deployment.application, deployment.environment)


def _markers(deployment: Deployment) -> str:
    return takeover_parameter(deployment.application, deployment.environment, "").rstrip("/")
