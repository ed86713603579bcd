"""How a deployment that a state machine runs is started and watched: the port that the command line needs.

It is not part of :class:`appdp.engine.ports.Ports`, because the engine itself never looks at what runs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class ExecutionStatus(StrEnum):
    """Step Functions' words.

    See: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """

    RUNNING = "RUNNING"
    PENDING_REDRIVE = "PENDING_REDRIVE"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"

    @property
    def ended(self) -> bool:
        """Whether it runs no longer."""
        return self not in (ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution of an environment's state machine. ``error`` and ``cause`` are set when it did not succeed."""

    arn: str
    name: str
    status: ExecutionStatus
    error: str = ""
    cause: str = ""


def execution_arn(state_machine: str, name: str) -> str:
    """The ARN of the execution called ``name``: a deployment's id is the name of its execution."""
    return f"{state_machine.replace(':stateMachine:', ':execution:', 1)}:{name}"


class Executions(Protocol):
    """AWS Step Functions, as far as the command line needs it. Every method may raise ``RemoteError``."""

    def start(self, state_machine: str, name: str, payload: Mapping[str, Any]) -> str:
        """Start an execution called ``name``; returns its ARN."""

    def describe(self, arn: str) -> Execution:
        """How an execution stands. Raises ``ConfigurationError`` when there is none of that name."""

    def newest_state(self, arn: str) -> dict[str, Any] | None:
        """The newest deployment state that the execution has seen, as plain data; None before the first one."""
