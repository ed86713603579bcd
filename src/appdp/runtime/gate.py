"""Answers ECS's lifecycle hook: may this green take production traffic?"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from appdp.engine.ports import Ports
from appdp.errors import RemoteError
from appdp.model.gate import GATE_POLL_SECONDS, Gate
from appdp.model.handoff import gate_parameter
from appdp.runtime.setting import Setting, setting

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Give ``{"hookStatus", "callBackDelay"}``; ECS asks again after that many seconds while the gate is shut.

    A deployment that the engine did not start passes at once, so that no stack waits for a gate that nobody opens.

    See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
    """
    return decide(event, setting())


def decide(event: Mapping[str, Any], where: Setting) -> dict[str, Any]:
    """The handler, with what it needs given."""
    try:
        status, delay = _ask(event, where)
    except RemoteError as error:
        # A function that fails makes ECS roll back, so what may pass keeps the gate shut instead. What the role may not
        # do will not pass, and must be seen.
        if error.code in _DENIED:
            raise
        _LOG.warning("The gate stays shut for now: %s", error)
        status, delay = "IN_PROGRESS", GATE_POLL_SECONDS
    _LOG.info("%s %s", status, event.get("resourceArn", ""))
    return {"hookStatus": status} if delay is None else {"hookStatus": status, "callBackDelay": delay}


def _ask(event: Mapping[str, Any], where: Setting) -> tuple[str, int | None]:
    text = where.ports.parameters.get(gate_parameter(where.application, where.environment))
    if text is None:
        return "SUCCEEDED", None
    task_definition = _task_definition(event, where.ports)
    if task_definition is None:
        # ECS is eventually consistent: it asks about a revision that it does not describe yet.
        return "IN_PROGRESS", GATE_POLL_SECONDS
    return Gate.from_json(text).answer(task_definition, where.ports.clock.now())


def _task_definition(event: Mapping[str, Any], ports: Ports) -> str | None:
    revision = _revision(event, ports)
    found = ports.services.revisions([revision]).get(revision) if revision else None
    return found.task_definition if found else None


def _revision(event: Mapping[str, Any], ports: Ports) -> str | None:
    details = event.get("executionDetails") or event
    if revision := details.get("targetServiceRevisionArn"):
        return str(revision)
    deployment = str(event.get("resourceArn", ""))
    found = ports.services.deployments([deployment]).get(deployment) if deployment else None
    return found.target_revision if found else None
