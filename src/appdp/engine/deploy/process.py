"""A process that owns an environment for a while, beside deployments: to unlock it, or to swap a service's tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """Who it is, and how it waits.

    Args:
        id: stands for it in the lock; unique, as a deployment's.
        requested_by: who asked, as AWS names them (an ARN).
        sleep: waits for some seconds.
    """

    id: str
    requested_by: str
    sleep: Callable[[float], None]
