"""AWS Step Functions: starting and watching the state machine that runs a deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.engine.executions import Execution, ExecutionStatus
from appdp.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

    from appdp.aws.session import Session

_EVENTS: Final = 25
"""How many of the newest history events to read: one turn of the loop makes about ten."""


class StepFunctionsExecutions:
    """Implements :class:`appdp.engine.executions.Executions`. Needs ``states:StartExecution``,
    ``states:DescribeExecution`` and ``states:GetExecutionHistory``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("states")
    def start(self, state_machine: str, name: str, payload: Mapping[str, Any]) -> str:
        """Start an execution called ``name``; returns its ARN. A name is used once, so a retry starts nothing twice."""
        try:
            answer = self._session.stepfunctions.start_execution(
                stateMachineArn=state_machine, name=name, input=json.dumps(dict(payload))
            )
        except ClientError as error:
            if code_of(error) == "StateMachineDoesNotExist":
                raise NotFound(
                    "state machine", state_machine, hint="Deploy the environment's deployer stack."
                ) from error
            raise
        return answer["executionArn"]

    @translated("states")
    def describe(self, arn: str) -> Execution:
        """How an execution stands."""
        try:
            answer = self._session.stepfunctions.describe_execution(executionArn=arn)
        except ClientError as error:
            if code_of(error) != "ExecutionDoesNotExist":
                raise
            raise ConfigurationError(
                f"Step Functions knows no deployment called {arn.rpartition(':')[2]!r}; it forgets them after 90 days.",
                hint="Deployments that were run with --direct are not known to it either.",
            ) from error
        return Execution(
            arn=arn,
            name=answer.get("name", ""),
            status=ExecutionStatus(answer["status"]),
            error=answer.get("error", ""),
            cause=answer.get("cause", ""),
        )

    @translated("states")
    def newest_state(self, arn: str) -> dict[str, Any] | None:
        """The newest deployment state that the execution has seen, as plain data; None before the first one."""
        answer = self._session.stepfunctions.get_execution_history(
            executionArn=arn, reverseOrder=True, maxResults=_EVENTS, includeExecutionData=True
        )
        newest_first = sorted(answer["events"], key=lambda event: event["id"], reverse=True)
        for event in newest_first:
            for text in _data(event):
                if (state := _deployment(text)) is not None:
                    return state
        return None


def _data(event: HistoryEventTypeDef) -> Iterator[str]:
    """The JSON that an event carries. Which event carries it depends on how the state calls its function."""
    exited = event.get("stateExitedEventDetails", {})
    entered = event.get("stateEnteredEventDetails", {})
    task = event.get("taskSucceededEventDetails", {})
    function = event.get("lambdaFunctionSucceededEventDetails", {})
    finished = event.get("executionSucceededEventDetails", {})
    texts = (
        exited.get("output"),
        function.get("output"),
        task.get("output"),
        finished.get("output"),
        entered.get("input"),
        # While a step is tried again and again, only its input is near.
        event.get("lambdaFunctionScheduledEventDetails", {}).get("input"),
        event.get("taskScheduledEventDetails", {}).get("parameters"),
    )
    return (text for text in texts if text)


def _deployment(text: str) -> dict[str, Any] | None:
    try:
        data = json.loads(text)
    except ValueError:
        return None
    for place in (data, data.get("Payload") if isinstance(data, dict) else None):
        if isinstance(place, dict) and isinstance(place.get("deployment"), dict):
            found: dict[str, Any] = place["deployment"]
            return found
    return None
