"""Commands in running tasks (ECS Exec): the port that ``appdp exec`` needs.

It is not part of :class:`appdp.engine.ports.Ports`, because no deployment runs commands in tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellTask:
    """A task, as far as ECS Exec goes.

    Args:
        arn: the task's ARN.
        task_definition: ARN of what it runs.
        status: ECS's lastStatus.
        started_at: seconds since the epoch; 0 while it has not started.
        enabled: whether it was started with ``enableExecuteCommand``.
        agents: container name → (status, reason) of its ExecuteCommandAgent; a container without one has an empty
            status. Statuses are PENDING, RUNNING and STOPPED.
        runtimes: container name → id by which Session Manager knows it; only of those that have one.
    """

    arn: str
    task_definition: str
    status: str
    started_at: float
    enabled: bool
    agents: Mapping[str, tuple[str, str]]
    runtimes: Mapping[str, str]

    @property
    def id(self) -> str:
        """The last part of the ARN."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """A session that was opened, with what Session Manager's plugin wants to know.

    Args:
        session: ``sessionId``, ``streamUrl`` and ``tokenValue``, as ECS answered.
        region: where.
        endpoint: of Systems Manager, for when the session must be resumed.
    """

    session: Mapping[str, str]
    region: str
    endpoint: str


class Shells(Protocol):
    """ECS Exec. Every method may raise ``RemoteError``."""

    def tasks(self, cluster: str, service: str) -> tuple[ShellTask, ...]:
        """The service's tasks that run or are to run."""

    def open(self, cluster: str, task: str, container: str, command: str) -> Shell:
        """ExecuteCommand: start ``command`` in a container; whoever has the session is its terminal."""
