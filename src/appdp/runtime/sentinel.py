"""Creates an environment's release parameter: the function behind the ``Custom::AppdpReleaseParameter`` resource."""

from __future__ import annotations

import json
import urllib.request
from typing import Any, Final

from appdp.aws.parameters import SsmParameters
from appdp.aws.session import Session
from appdp.engine.ports import Parameters
from appdp.errors import AppdpError
from appdp.model.handoff import SENTINEL

_ANSWER_SECONDS: Final = 30


def handler(event: dict[str, Any], _context: object) -> None:
    """Answer CloudFormation's request.

    See: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
    """
    _answer(event["ResponseURL"], answer_to(event, SsmParameters(Session())))


def answer_to(event: dict[str, Any], parameters: Parameters) -> dict[str, Any]:
    """Do what CloudFormation asks for and say how it went.

    Creating leaves a parameter that is there as it is: it holds a release, or a retained one of an earlier stack.
    Deleting takes only the sentinel away. The parameter's name is the physical id, so that another name is a
    replacement.
    """
    name = event["ResourceProperties"]["Name"]
    answer = {
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "PhysicalResourceId": event.get("PhysicalResourceId") or name,
    }
    try:
        if event["RequestType"] == "Delete":
            _delete(parameters, event["PhysicalResourceId"])
        else:
            parameters.create(name, SENTINEL)
            answer["PhysicalResourceId"] = name
    except AppdpError as error:
        return {**answer, "Status": "FAILED", "Reason": str(error)}
    return {**answer, "Status": "SUCCESS"}


def _delete(parameters: Parameters, name: str) -> None:
    if parameters.get(name) == SENTINEL:
        parameters.delete(name)


def _answer(url: str, answer: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's own
        url, data=json.dumps(answer).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS):  # noqa: S310 - the address is CloudFormation's own
        pass
