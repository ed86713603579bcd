"""Somebody on another terminal, who decides on a release that is on hold."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from appdp.local.rehearsal.child import Ended
from appdp.local.rehearsal.looking import World
from appdp.local.rehearsal.scenario import Decides
from appdp.model.handoff import hold_parameter

POLL_SECONDS: Final = 0.5
THINKING_SECONDS: Final = 4.0
"""How long the release stands on hold: long enough to see that nothing takes traffic meanwhile."""


class TypeIn(Protocol):
    """Types one of appdp's commands."""

    def __call__(self, world: World, *words: str) -> Ended:
        """Type it, and show what it says."""


class Decision:
    """Waits for a hold and decides on it, from entering to leaving the context.

    Args:
        what: what to say; None says nothing.
        world: where the hold is looked for.
        type_in: types the command.

    Attributes:
        at: when the command was typed; None before.
    """

    def __init__(self, what: Decides | None, world: World, type_in: TypeIn) -> None:
        self._what = what
        self._world = world
        self._type_in = type_in
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._wait, name="decision", daemon=True)
        self.at: float | None = None

    def __enter__(self) -> Decision:
        if self._what:
            self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        if self._what:
            self._thread.join()

    def _wait(self) -> None:
        while not self._on_hold():
            if self._over.wait(POLL_SECONDS):
                return
        if self._over.wait(THINKING_SECONDS):
            return
        environment, verb = self._world.scenario.environment, str(self._what)
        self._world.screen.line(f"$ appdp {verb} {environment}   (on another terminal)")
        self.at = time.time()
        self._type_in(self._world, verb, environment, "--reason", "rehearsed")

    def _on_hold(self) -> bool:
        name = hold_parameter(self._world.scenario.application, self._world.scenario.environment)
        # The embedded AWS may be busy for a moment; what one look misses the next one sees.
        with suppress(BotoCoreError, ClientError):
            return bool(self._world.aws.client("ssm").get_parameters(Names=[name])["Parameters"])
        return False
