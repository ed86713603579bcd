"""Follow a hot swap to its end, in this process: nobody else goes on with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from appdp.cli.options import again
from appdp.cli.output import Narrator, narrator, say
from appdp.cli.stepping import LONGEST_WAIT, take_step
from appdp.cli.stopping import stoppable
from appdp.engine.deploy import Process
from appdp.engine.hotswap import Built, SwapPlan, begin_swap, end_swap, has_ended, swap_step
from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.deployment import EXIT_STILL_RUNNING, Outcome, Phase
from appdp.model.service_state import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapEnding:
    """How it ended.

    Args:
        outcome: an :class:`Outcome`'s value, or ``still_running``.
        exit_code: the verb's.
        text: what happened.
        reason: why it failed; empty when it did not.
    """

    outcome: str
    exit_code: int
    text: str
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


class SwapFollower:
    """Replaces a service's tasks with what was built, and says how it goes.

    Args:
        plan: what was planned.
        built: what was built.
        ports: AWS.
        sleep: waits this many seconds.
    """

    def __init__(self, plan: SwapPlan, built: Built, ports: Ports, *, sleep: Callable[[float], None]) -> None:
        self._plan = plan
        self._built = built
        self._ports = ports
        self._sleep = sleep

    def follow(self, id: str, requested_by: str, timeout: float | None) -> SwapEnding:
        """Until the new tasks have the traffic or the old ones are back, or for ``timeout`` seconds.

        Ctrl-C and SIGTERM leave what ECS is doing as it is. The lock is given back in any case.

        Args:
            id: the swap's, unique.
            requested_by: who asks, as AWS names them.
            timeout: seconds. Default: to the end.

        Raises:
            AppdpError: it cannot begin; nothing was replaced.
        """
        with stoppable():
            process = Process(id=id, requested_by=requested_by, sleep=self._sleep)
            self._deployment = begin_swap(self._plan, self._built, process=process, ports=self._ports)
        try:
            with stoppable(), closing(narrator()) as voice:
                return self._said(self._until_the_end(voice, timeout))
        except KeyboardInterrupt:
            return self._said(self._left("Stopped waiting."))
        except RemoteError:
            say(f"What becomes of {self._plan.name} is ECS's affair now. Look: {self._status}", colour="yellow")
            raise
        finally:
            self._give_back()

    def _until_the_end(self, voice: Narrator, timeout: float | None) -> SwapEnding:
        began = self._ports.clock.now()
        voice.show(self._deployment)
        while True:
            step = take_step(lambda: swap_step(self._deployment, self._ports), self._sleep)
            self._deployment = step.deployment
            voice.show(self._deployment)
            if has_ended(self._deployment):
                return self._ended()
            if timeout is not None and self._ports.clock.now() - began >= timeout:
                return self._left("The time to wait is over.")
            self._sleep(min(step.wait_seconds, LONGEST_WAIT))

    def _ended(self) -> SwapEnding:
        outcome = self._deployment.outcome or Outcome.FAILED
        name, plan = self._plan.name, self._plan
        (service,) = self._deployment.services
        baking = " Its old tasks stand by until the bake time is over." if service.progress is Progress.BAKING else ""
        text = {
            Outcome.SUCCEEDED: f"Done: {name} runs {self._built.tag}; the release of {plan.environment} is still "
            f"{plan.release}.{baking}",
            Outcome.ROLLED_BACK: f"Rolled back: {name} runs what it ran before.",
        }.get(outcome, f"Failed: {name} needs a human.")
        reason = self._deployment.failure.text() if self._deployment.failure else ""
        return SwapEnding(outcome=outcome.value, exit_code=outcome.exit_code, text=text, reason=reason)

    def _left(self, why: str) -> SwapEnding:
        (service,) = self._deployment.services
        if service.progress is Progress.REGISTERED:
            goes_on = f"{self._plan.name} may not be replaced yet"
        elif self._deployment.phase is Phase.RETURN:
            goes_on = f"ECS goes on taking {self._plan.name} back to what it ran before"
        else:
            goes_on = f"ECS goes on replacing the tasks of {self._plan.name}"
        return SwapEnding(outcome="still_running", exit_code=EXIT_STILL_RUNNING, text=f"{why} {goes_on}.")

    def _said(self, ending: SwapEnding) -> SwapEnding:
        colour = {Outcome.SUCCEEDED.exit_code: "green", Outcome.FAILED.exit_code: "red"}.get(ending.exit_code, "yellow")
        say(ending.text, colour=colour)
        if ending.reason:
            say(ending.reason)
        order = again("deploy", self._plan.environment, self._plan.release)
        say(
            f"Next: {order} puts order back"
            if ending.exit_code == Outcome.SUCCEEDED.exit_code
            else f"Next: {self._status}"
        )
        return ending

    @property
    def _status(self) -> str:
        return again("status", self._plan.environment)

    def _give_back(self) -> None:
        try:
            end_swap(self._deployment, self._ports)
        except RemoteError as error:
            say(f"The lock could not be deleted, and ends by itself in three minutes: {error.message}", colour="yellow")
