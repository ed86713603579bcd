"""Run a deployment in this process (``--direct``)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from appdp.cli.deciding import decide_commands
from appdp.cli.ending import EXIT_FAILED, Ending
from appdp.cli.options import again
from appdp.cli.output import Narrator, narrator
from appdp.cli.stepping import LONGEST_WAIT, take_step
from appdp.cli.stopping import asked_by, stoppable
from appdp.engine.deploy import Request, advance, take_back
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import Deployment, Failure, Outcome, Phase


def run(deployment: Deployment, ports: Ports, *, request: Request, sleep: Callable[[float], None]) -> Ending:
    """Advance a deployment to its end, through a hold too: nobody else would go on with it.

    The first Ctrl-C, SIGTERM or SIGHUP takes everything back, as a failure would; a second one leaves it where it is.
    What is left then, or after credentials expired, is taken over by the next deployment once the lock's lease is over.
    """
    process = _Process(deployment, ports, sleep)
    try:
        with stoppable(), closing(narrator()) as voice:
            process.run(voice)
    except KeyboardInterrupt:
        return _left(request, process.deployment, "Stopped at once.", "")
    except RemoteError as error:
        return _left(request, process.deployment, error.message, error.hint, error.exit_code)
    ending = Ending.of(request, process.deployment, None)
    if process.stopped and process.deployment.outcome in (Outcome.ROLLED_BACK, Outcome.REFUSED):
        return replace(ending, next_step=again("status", request.environment))
    return ending


class _Process:
    """The loop, the state that it has reached, and whether somebody stopped it."""

    def __init__(self, deployment: Deployment, ports: Ports, sleep: Callable[[float], None]) -> None:
        self.deployment = deployment
        self.stopped = False
        self._ports = ports
        self._sleep = sleep

    def run(self, voice: Narrator) -> None:
        while not self.deployment.done:
            try:
                self._step(voice)
            except KeyboardInterrupt as interrupt:
                if self.stopped:
                    raise
                self.stopped = True
                self._stop(asked_by(interrupt), voice)

    def _stop(self, who: str, voice: Narrator) -> None:
        back = taken_back(self.deployment, self._ports.clock.now(), who)
        if back is self.deployment:
            voice.tell(f"It is ending already, in phase {back.phase.value}. Press Ctrl-C again to leave it as it is.")
        else:
            voice.tell("Stopping: everything goes back to where it was. Press Ctrl-C again to leave it as it is.")
        self.deployment = back

    def _step(self, voice: Narrator) -> None:
        step = take_step(lambda: advance(self.deployment, self._ports), self._sleep)
        before, self.deployment = self.deployment, step.deployment
        voice.show(self.deployment)
        if self.deployment.phase is Phase.HOLD and before.phase is not Phase.HOLD:
            voice.tell(f"Somebody must decide: {decide_commands(self.deployment.environment, self.deployment.id)}")
        self._sleep(min(step.wait_seconds, LONGEST_WAIT))


def taken_back(deployment: Deployment, now: float, who: str = "Ctrl-C") -> Deployment:
    """The state from which the deployment undoes itself; unchanged if it is ending already."""
    failure = Failure(service="", summary=f"stopped by the user ({who})")
    step = take_back(deployment, failure, now)
    return deployment if step is None else step.deployment


def _left(request: Request, deployment: Deployment, text: str, hint: str, exit_code: int = EXIT_FAILED) -> Ending:
    again = "run the same command again in three minutes, when the lock's lease is over: it takes over what is left"
    return Ending(
        request=request,
        word="unknown",
        exit_code=exit_code,
        text=f"{text}\nThe deployment stands in phase {deployment.phase.value} and nobody goes on with it.",
        next_step=f"{hint} Then {again}" if hint else again,
        deployment=deployment,
    )
