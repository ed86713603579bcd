"""Take the engine's steps in this process, through what passes by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from appdp.engine.deploy import Step, passes
from appdp.errors import CredentialsError, RemoteError

PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds to wait between tries of a step. Together they stay within the lock's lease of three minutes."""

LONGEST_WAIT: Final = 30.0
"""Seconds between steps, at most: every step renews the lock's lease, which a longer sleep would let run out."""


def take_step(step: Callable[[], Step], sleep: Callable[[float], None]) -> Step:
    """Take a step, and again from its old state while AWS fails in passing: the engine finds what was done.

    Raises:
        RemoteError: it does not pass, is about the caller's credentials, or was there on every try.
    """
    for pause in PAUSES:
        try:
            return step()
        except RemoteError as error:
            if isinstance(error, CredentialsError) or not passes(error):
                raise
            sleep(pause)
    return step()
