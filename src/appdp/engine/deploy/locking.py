"""One deployment per environment at a time.

The lock is a parameter that is created without overwriting; its value names the owner. A lock whose owner is dead is
taken over with a second parameter of the same kind, named after the dead owner: only one successor can create it, so
two can never both take over. A successor that dies in between is succeeded in the same way, so markers form a chain,
and whoever is at its end owns the environment.

A process (``--direct``) that slept for longer than its lease and wakes up may renew a lock that was taken over
meanwhile; it then sees the marker, and stops. The successor sees that the marker is its own, and puts its lock back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from appdp.engine.ports import Ports
from appdp.errors import Locked
from appdp.model.deployment import Deployment, Gate, Lock
from appdp.model.handoff import (
    approval_parameter,
    gate_parameter,
    hold_parameter,
    lock_parameter,
    takeover_parameter,
)

RENEW_SECONDS: Final = 30
"""A process's lease is renewed when it is older than this; it is dead after 180 s, so several renewals may fail."""

_LONGEST_CHAIN: Final = 10


def acquire(deployment: Deployment, ports: Ports, now: float) -> None:
    """Make the lock ours, or find that it is.

    Raises:
        Locked: another deployment holds it and is alive, or is just taking it over.
    """
    name, own = _lock_name(deployment), _own(deployment, now)
    if ports.parameters.create(name, own.to_json()):
        return
    held = _read(deployment, ports)
    if held is None:
        raise Locked(
            f"Another deployment of {deployment.environment!r} ended at this very moment.",
            hint="Start the deployment again.",
        )
    holder = holder_of(deployment.application, deployment.environment, held, ports)
    if holder.deployment != deployment.id:
        _succeed(deployment, own, held, holder, ports)
    elif held.deployment == deployment.id:
        return
    ports.parameters.put(name, own.to_json())


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
    name, own = _lock_name(deployment), _own(deployment, now)
    held = _read(deployment, ports)
    if held is None:
        # Somebody deleted it. Whoever creates it first owns the environment.
        return None if ports.parameters.create(name, own.to_json()) else _other(deployment, ports)
    if held.deployment != deployment.id:
        if holder_of(deployment.application, deployment.environment, held, ports).deployment != deployment.id:
            return held.deployment
        ports.parameters.put(name, own.to_json())
        return None
    if deployment.owner.execution is None and now - held.renewed_at >= RENEW_SECONDS:
        ports.parameters.put(name, own.to_json())
    holder = holder_of(deployment.application, deployment.environment, held, ports)
    return None if holder.deployment == deployment.id else holder.deployment


def release(deployment: Deployment, ports: Ports) -> None:
    """Delete our gate, hold and markers and, last of all, our lock. Without the lock, only our own markers go.

    Whoever owns the environment deletes every marker: those of others are links of the chain that led here.
    """
    ours = holds(deployment, ports)
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


def _locked(environment: str, holder: Lock) -> Locked:
    where = holder.owner.execution or "a process that runs 'appdp --direct'"
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


def _read(deployment: Deployment, ports: Ports) -> Lock | None:
    text = ports.parameters.get(_lock_name(deployment))
    return None if text is None else Lock.from_json(text)


def _own(deployment: Deployment, now: float) -> Lock:
    return Lock(deployment=deployment.id, owner=deployment.owner, renewed_at=now)


def _lock_name(deployment: Deployment) -> str:
    return lock_parameter(deployment.application, deployment.environment)


def _markers(deployment: Deployment) -> str:
    return takeover_parameter(deployment.application, deployment.environment, "").rstrip("/")
