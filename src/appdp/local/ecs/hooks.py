"""Deployment lifecycle hooks: Lambda functions that ECS calls, and pauses that somebody continues.

All hooks of a stage run at the same time; the stage goes on when all have succeeded, and any that fails rolls the
service deployment back.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from appdp.local.ecs import names
from appdp.local.ecs.journal import Journal
from appdp.local.ecs.run import Rollback
from appdp.local.ecs.store import Deployment, HookDetail
from appdp.local.ecs.supervision import Calls
from appdp.local.wire import Caller

DEFAULT_CALL_BACK_SECONDS = 30.0
DEFAULT_TIMEOUT_MINUTES = 1440

Weights = Mapping[str, float]


class Hooks:
    """Runs the hooks of a service deployment's stages.

    Args:
        calls: AWS calls to our own endpoint.
        journal: tells the bus what became of a hook.
        note: what notes calls of roles: role, action, resource.
        minute: seconds in one of the minutes in which hook timeouts are set.
    """

    def __init__(
        self, calls: Calls, journal: Journal, *, note: Callable[[str, str, str], None], minute: float = 60.0
    ) -> None:
        self._calls = calls
        self._journal = journal
        self._note = note
        self._minute = minute

    async def run(
        self, deployment: Deployment, caller: Caller, stage: str, *, test: Weights, production: Weights
    ) -> None:
        """Run every hook of ``stage``; raises :class:`~appdp.local.ecs.run.Rollback` as soon as one fails.

        Args:
            test: service revision ARN → percent of test traffic, empty unless the stage is about it.
            production: the same of production traffic.
        """
        hooks = [
            h for h in deployment.configuration.get("lifecycleHooks") or () if stage in h.get("lifecycleStages", ())
        ]
        details = {"testTrafficWeights": dict(test), "productionTrafficWeights": dict(production)}
        running = [asyncio.create_task(self._one(deployment, caller, stage, hook, details)) for hook in hooks]
        try:
            for ended in asyncio.as_completed(running):
                await ended
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _one(
        self, deployment: Deployment, caller: Caller, stage: str, hook: Mapping[str, Any], weights: Mapping[str, Any]
    ) -> None:
        seconds = self._seconds(hook)
        detail = _detail(hook, stage, seconds)
        deployment.hooks.append(detail)
        self._journal.hook(deployment, detail)
        try:
            async with asyncio.timeout(seconds):
                if detail.decision is not None:
                    failure = await _decided(detail, detail.decision)
                else:
                    failure = await self._ask(deployment, caller, detail, _Question(hook, weights))
            detail.status = "FAILED" if failure else "SUCCEEDED"
        except TimeoutError:
            detail.status = "TIMED_OUT"
            late = f"Service deployment rolled back because the lifecycle hook {detail.id} at {stage} timed out."
            failure = "" if detail.timeout_action == "CONTINUE" else late
        self._journal.hook(deployment, detail)
        if failure:
            raise Rollback(failure)

    def _seconds(self, hook: Mapping[str, Any]) -> float:
        timeout = hook.get("timeoutConfiguration") or {}
        return float(timeout.get("timeoutInMinutes") or DEFAULT_TIMEOUT_MINUTES) * self._minute

    async def _ask(self, deployment: Deployment, caller: Caller, detail: HookDetail, question: _Question) -> str:
        """Call the function until it decides; returns why the deployment must go back, or nothing."""
        state = _dictionary(question.hook.get("hookDetails"))
        lead = f"Service deployment rolled back because lifecycle hook {detail.arn} at {detail.stage}"
        while True:
            try:
                event = _event(deployment, detail.stage, question.weights, state)
                self._note(str(question.hook.get("roleArn")), "lambda:InvokeFunction", str(detail.arn))
                answer = await self._invoke(str(detail.arn), event, caller)
            except _InvalidAnswer as invalid:
                return f"{lead} {invalid}"
            match answer.get("hookStatus"):
                case "SUCCEEDED":
                    return ""
                case "FAILED":
                    return f"{lead} failed."
            state |= _dictionary(answer.get("hookDetails"))
            await asyncio.sleep(float(answer.get("callBackDelay") or DEFAULT_CALL_BACK_SECONDS))

    async def _invoke(self, function: str, event: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        try:
            answer = await self._calls(
                "lambda", "invoke", caller, FunctionName=function, Payload=json.dumps(event).encode()
            )
            payload = json.loads(answer["Payload"])
        except (ClientError, BotoCoreError) as error:
            raise _InvalidAnswer(f"could not be invoked: {error}") from error
        except ValueError as error:
            raise _InvalidAnswer("did not answer with JSON.") from error
        if "FunctionError" in answer:
            raise _InvalidAnswer(f"raised an error: {payload.get('errorMessage', payload)}")
        if not isinstance(payload, dict) or payload.get("hookStatus") not in ("SUCCEEDED", "FAILED", "IN_PROGRESS"):
            raise _InvalidAnswer(f"returned no valid hookStatus: {payload}")
        return payload


class _InvalidAnswer(Exception):
    """A hook's function crashed, or answered something that is not a hook status."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A Lambda hook's configuration, and the traffic weights of the moment."""

    hook: Mapping[str, Any]
    weights: Mapping[str, Any]


def _detail(hook: Mapping[str, Any], stage: str, seconds: float) -> HookDetail:
    pause = hook.get("targetType") == "PAUSE"
    return HookDetail(
        id=f"ecs-{'pause' if pause else 'lambda'}-{secrets.token_urlsafe(32)}",
        type="PAUSE" if pause else "AWS_LAMBDA",
        arn=None if pause else str(hook.get("hookTargetArn")),
        stage=stage,
        status="AWAITING_ACTION" if pause else "IN_PROGRESS",
        expires_at=names.now() + timedelta(seconds=seconds),
        timeout_action=str((hook.get("timeoutConfiguration") or {}).get("action") or "ROLLBACK"),
        decision=asyncio.get_running_loop().create_future() if pause else None,
    )


async def _decided(detail: HookDetail, decision: asyncio.Future[str]) -> str:
    if await decision == "CONTINUE":
        return ""
    return f"Service deployment rolled back by ContinueServiceDeployment at {detail.stage}."


def _event(deployment: Deployment, stage: str, weights: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of one invocation; see "Lifecycle payloads" in lambda-lifecycle-hooks.html."""
    event: dict[str, Any] = {
        "executionId": str(uuid4()),
        "lifecycleStage": stage,
        "resourceArn": deployment.arn,
        "executionDetails": {
            "serviceArn": deployment.service_arn,
            "targetServiceRevisionArn": deployment.target.arn,
            **weights,
        },
    }
    return event | ({"hookDetails": dict(state)} if state else {})


def _dictionary(value: object) -> dict[str, Any]:
    """``hookDetails`` as a dictionary; CloudFormation gives it as JSON in a string."""
    if isinstance(value, str):
        value = json.loads(value or "{}")
    return dict(value) if isinstance(value, dict) else {}
