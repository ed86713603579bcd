"""The loop around the engine's ``advance()`` on AWS: the states of a Standard state machine.

``Begin → Advance → Done? → Wait → Advance …``. One round is nine history events; an execution may have 25,000, so the
engine, which says how long to wait, must average more than about 32 seconds a round over the longest deployment (a
day).

See: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from typing import Any, Final

from appdp.model.deployment import Outcome

GOOD: Final = (Outcome.SUCCEEDED, Outcome.NOTHING_TO_DO)
"""The outcomes after which an execution succeeds; after all others it fails, with the outcome as its error."""

PASSING_ERRORS: Final = (
    "Throttled",
    "RemoteError",
    "CredentialsError",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
)
"""Errors after which the same state is advanced again, for up to an hour.

See: https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
"""


def definition(advance: str, partition: str = "aws") -> dict[str, Any]:
    """The state machine, in Amazon States Language.

    Args:
        advance: ARN of the function around ``advance()``.
        partition: of AWS, such as ``aws-cn``.

    The execution's input is ``{"request": …, "requested_by": …}``; ``Begin`` adds the execution's own ARN, by which the
    deployment's lock names its owner. From then on the input is what the function answered, so its state travels along.
    """
    return {
        "Comment": "Moves an environment from one release to another: advance() until it is done.",
        "StartAt": "Begin",
        "States": {
            "Begin": {
                "Type": "Pass",
                "InputPath": "$$.Execution.Id",
                "ResultPath": "$.execution",
                "Next": "Advance",
            },
            "Advance": {
                "Type": "Task",
                "Resource": f"arn:{partition}:states:::lambda:invoke",
                "Parameters": {"FunctionName": advance, "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "Retry": _retries(),
                "Next": "Done?",
            },
            "Done?": {"Type": "Choice", "Choices": _choices(), "Default": "Wait"},
            "Wait": {"Type": "Wait", "SecondsPath": "$.wait_seconds", "Next": "Advance"},
            "Succeeded": {"Type": "Succeed"},
            "Failed": {"Type": "Fail", "ErrorPath": "$.outcome", "CausePath": "$.summary"},
        },
    }


def _retries() -> list[dict[str, Any]]:
    patient = {"IntervalSeconds": 2, "BackoffRate": 2, "MaxDelaySeconds": 60, "MaxAttempts": 60}
    # Anything else is a fault of ours or a missing permission; a few more tries do no harm, as advance() is idempotent.
    brief = {"IntervalSeconds": 2, "BackoffRate": 2, "MaxAttempts": 3}
    return [
        {"ErrorEquals": list(PASSING_ERRORS), **patient},
        {"ErrorEquals": ["States.ALL"], **brief},
    ]


def _choices() -> list[dict[str, Any]]:
    done = {"Variable": "$.done", "BooleanEquals": True}
    good = [{"Variable": "$.outcome", "StringEquals": outcome.value} for outcome in GOOD]
    return [
        {"And": [done, {"Or": good}], "Next": "Succeeded"},
        {**done, "Next": "Failed"},
    ]
