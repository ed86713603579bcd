"""One step of a deployment, for the state machine."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any, Final

from appdp.engine.deploy import Request, Step, advance, begin
from appdp.errors import ConfigurationError
from appdp.model.deployment import Deployment, Owner
from appdp.model.packing import pack
from appdp.runtime.setting import Setting, setting

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

SUMMARY_LIMIT: Final = 8000
"""Characters of a summary. Step Functions takes 32,768 in a failure's cause.

See: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
"""


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Take ``{"request", "execution", "requested_by"}`` once, then ``{"deployment"}``; give the next ``deployment``.

    Besides it: ``wait_seconds`` (a whole number), ``done``, ``outcome`` (None until done) and ``summary``.

    Raises:
        RemoteError: AWS could not answer now; the state machine calls again with the same state.
        ConfigurationError: the request is for another environment.
    """
    return step(event, setting())


def step(event: Mapping[str, Any], where: Setting) -> dict[str, Any]:
    """The handler, with what it needs given."""
    before = _read(event, where)
    after = advance(before, where.ports)
    for entry in after.deployment.log:
        if entry not in before.log:
            _LOG.info("%s %s %s", after.deployment.id, entry.service or "-", entry.text)
    return answer(after)


def answer(after: Step) -> dict[str, Any]:
    """What the state machine chooses by."""
    deployment = after.deployment
    return {
        "deployment": pack(deployment.to_dict()),
        # Wait's SecondsPath takes whole seconds only.
        "wait_seconds": math.ceil(after.wait_seconds),
        "done": deployment.done,
        "outcome": deployment.outcome.value if deployment.done and deployment.outcome else None,
        "summary": _summary(deployment)[:SUMMARY_LIMIT],
    }


def _read(event: Mapping[str, Any], where: Setting) -> Deployment:
    if "deployment" in event:
        return Deployment.from_dict(event["deployment"])
    # Its execution's name, as the command line makes it. A pipeline cannot know it, and a retry must not share it.
    request = Request.from_dict({**event["request"], "id": event["execution"].rpartition(":")[2]})
    if (request.application, request.environment) != (where.application, where.environment):
        raise ConfigurationError(
            f"This deployer serves {where.application}/{where.environment}, "
            f"but the request is for {request.application}/{request.environment}.",
            hint="Start the state machine of that environment, or use 'appdp deploy'.",
        )
    owner = Owner(execution=event["execution"], requested_by=event.get("requested_by") or "unknown")
    return begin(request, owner=owner, now=where.ports.clock.now())


def _summary(deployment: Deployment) -> str:
    if deployment.failure is not None:
        return deployment.failure.text()
    return deployment.log[-1].text if deployment.log else deployment.phase.value
