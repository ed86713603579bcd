"""Take away a lock that a dead deployment left, and nothing else.

It is the same take-over that a deployment makes, so of two that try only one gets it, and a living owner is refused.
The gate stays as it is: it names what the dead one started, which the next deployment takes back.
"""

from __future__ import annotations

from appdp.engine.deploy.locking import acquire, check_free, release
from appdp.engine.deploy.machine import begin
from appdp.engine.deploy.process import Process
from appdp.engine.ports import Ports
from appdp.model.deployment import Owner
from appdp.model.handoff import lock_parameter
from appdp.model.request import Request


def check_dead(application: str, environment: str, ports: Ports) -> bool:
    """Whether there is a lock to take away. Reads only.

    Raises:
        Locked: its owner is alive; says who it is.
    """
    if ports.parameters.get(lock_parameter(application, environment)) is None:
        return False
    check_free(application, environment, ports)
    return True


def unlock_dead(application: str, environment: str, ports: Ports, process: Process) -> bool:
    """Take it away; False when there is none. Takes six seconds, see :data:`locking.SETTLE_SECONDS`.

    Args:
        process: owns the environment meanwhile.

    Raises:
        Locked: its owner is alive, or somebody else is just taking it over.
    """
    if not check_dead(application, environment, ports):
        return False
    now = ports.clock.now()
    request = Request(application=application, environment=environment, release=None, rollback=True, id=process.id)
    # A process's lease: if this one dies half-way, the next deployment takes over from it in three minutes.
    owner = begin(request, owner=Owner(execution=None, requested_by=process.requested_by), now=now)
    process.sleep(acquire(owner, ports, now))
    release(owner, ports, ours=True)
    return True
