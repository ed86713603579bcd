"""Move an environment from one release to another, whole or not at all.

Use it as a loop; what :func:`advance` returns is the whole memory of a deployment::

    deployment = begin(request, owner=owner, now=clock.now())
    while not deployment.done:
        step = advance(deployment, ports)
        deployment = step.deployment
        sleep(step.wait_seconds)

One call does one small thing: a few writes at most, and never two that could not both be tried again. Killed
between any two calls of a port and called again with the old state, it converges, because it reads before it
writes:

========  =========================================================  ===================================================
phase     does                                                       may not
========  =========================================================  ===================================================
prepare   takes the lock, surveys, refuses, takes back what a dead   change anything of an environment that it refuses
          deployment left, notes the way back
green     registers clones, shuts the gate, starts every green       start a green before the gate is shut
hold      if asked for: sends the event, waits for the decision      open the gate, or go on without a decision
gate      opens the gate once every green waits at it                open it while any green is not up and tested
cutover   starts the rolling services, follows the traffic           register anything: all that can fail early has
bake      follows until ECS says SUCCESSFUL for all                  take anything but SUCCESSFUL for success
record    moves the environment's tags, looks once more, writes the  run unless every service runs the release
          release
return    stops what is in progress, redeploys what is finished      touch the tags or the release parameter
unlock    writes the history, sends the event, deletes gate, hold,   act on a lock of somebody else
          markers and lock
========  =========================================================  ===================================================

The modules: ``machine`` chooses the phase and says what an error means in it; one module per phase (``prepare``,
``green``, ``hold``, ``gate``, ``cutover``, ``bake``, ``record``, ``going_back``, ``unlock``); ``survey``,
``resolving``, ``checks``, ``compare`` and ``leftovers`` look before anything changes, for ``prepare``, for ``planning``
(``--dry-run``) and for ``difference`` alike; ``starting``, ``finding``, ``follow`` and ``stopping`` deal with ECS's
service deployments; ``watching``, ``watchdog`` and ``reasons`` end a hopeless one and say why; ``locking``,
``pacing``, ``confirming``, ``clone``, ``content``, ``polling``, ``releases``, ``log_streams``, ``stop_requests``,
``remembering``, ``telling``,
``unlocking``, ``fencing`` and ``faults`` are one rule each; ``deciding`` is the human's side of a hold.

A phase that is added later is one more module and one more row in ``machine``.
"""

from appdp.engine.deploy.changing import finish, go_back
from appdp.engine.deploy.deciding import find_decision, find_hold, leave, waiting
from appdp.engine.deploy.difference import Difference, difference
from appdp.engine.deploy.faults import passes
from appdp.engine.deploy.machine import advance, begin
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.planning import plan
from appdp.engine.deploy.process import Process
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.stop_requests import ask as ask_to_stop
from appdp.engine.deploy.stop_requests import can_be_stopped, take_back
from appdp.engine.deploy.task_difference import TaskDifference
from appdp.engine.deploy.unlocking import check_dead, unlock_dead
from appdp.model.request import Request

__all__ = [
    "Difference",
    "Process",
    "Request",
    "Step",
    "TaskDifference",
    "advance",
    "ask_to_stop",
    "begin",
    "can_be_stopped",
    "check_dead",
    "difference",
    "find_decision",
    "find_hold",
    "finish",
    "go_back",
    "leave",
    "passes",
    "plan",
    "read_deployer",
    "take_back",
    "unlock_dead",
    "waiting",
]
