"""plan(): what a deployment would change, and why."""

from __future__ import annotations

from appdp.engine.ports import Ports
from appdp.model.plan import Plan
from appdp.model.request import Request


def plan(request: Request, ports: Ports) -> Plan:
    """What a deployment would do. Reads only.

    Raises:
        NotFound: no such environment or release.
        Refused: the deployment cannot work; every reason is in the message.
        Locked: another deployment of the environment is running.
        RemoteError: AWS answered with an error, or did not answer.
    """
    raise NotImplementedError
