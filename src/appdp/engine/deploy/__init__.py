"""Move an environment from one release to another, whole or not at all.

Use it as a loop; what :func:`advance` returns is the whole memory of a deployment::

    deployment = begin(request, owner=owner, now=clock.now())
    while not deployment.done:
        step = advance(deployment, ports)
        deployment = step.deployment
        sleep(step.wait_seconds)
"""

from appdp.engine.deploy.machine import advance, begin
from appdp.engine.deploy.planning import plan
from appdp.engine.deploy.step import Step
from appdp.model.request import Request

__all__ = ["Request", "Step", "advance", "begin", "plan"]
