"""Pushes that start pipelines: which ones, how far they are, and who agrees to what they ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from appdp.local.pipeline.push import PushEvent, started_by
from appdp.local.rehearsal.live import Screen
from appdp.local.rehearsal.record import PipelineRun, Span

POLL_SECONDS: Final = 0.2
_ENDED: Final = ("Succeeded", "Failed", "Stopped", "Superseded", "Cancelled")
_OWN: Final = "[appdp] "
"""How the lines begin that our build commands print."""


class Clients(Protocol):
    """What makes boto3 clients of the embedded AWS."""

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore's clients have no common type
        """A client, such as that of ``codepipeline``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A pipeline that a push started."""

    name: str
    execution: str
    declaration: Mapping[str, Any]


@dataclass(slots=True)
class _Seen:
    """What was seen of an execution so far."""

    ended: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)


class Delivery:
    """The pipelines of the embedded AWS, as GitHub's webhooks and the console would reach them.

    Args:
        aws: clients of the embedded AWS.
        screen: told what builds say, and asked for approvals.
        agree: whether to agree to every approval. Otherwise the screen is asked.
    """

    def __init__(self, aws: Clients, screen: Screen, *, agree: bool) -> None:
        self._client = aws.client("codepipeline")
        self._logs = aws.client("logs")
        self._screen = screen
        self._agree = agree

    def start(self, event: PushEvent, commit: str) -> tuple[Started | None, str]:
        """Start the first pipeline whose trigger the push matches.

        Returns:
            the pipeline, or None; and the reason, of every pipeline when none is started.
        """
        reasons = []
        for summary in self._client.list_pipelines()["pipelines"]:
            declaration = self._client.get_pipeline(name=summary["name"])["pipeline"]
            verdict = started_by(event, declaration)
            if verdict.starts:
                revision = {"actionName": verdict.action, "revisionType": "COMMIT_ID", "revisionValue": commit}
                begun = self._client.start_pipeline_execution(name=summary["name"], sourceRevisions=[revision])
                execution = begun["pipelineExecutionId"]
                return Started(name=summary["name"], execution=execution, declaration=declaration), verdict.reason
            reasons.append(verdict.reason)
        return None, "\n".join(reasons) or "There is no pipeline."

    def follow(self, started: Started, since: float, deploying: Callable[[], None]) -> PipelineRun:
        """Follow an execution to its end.

        Args:
            started: the execution.
            since: when the push was done.
            deploying: called once, when the first deployment begins.
        """
        seen, told = _Seen(), False
        while True:
            execution = self._execution(started)
            actions = self._actions(started)
            self._tell_builds(started, actions, seen)
            self._approve(started, actions, seen)
            if not told and any(provider_of(started, action) == "StepFunctions" for action in actions):
                told = True
                deploying()
            if execution["status"] in _ENDED:
                return PipelineRun(
                    pipeline=started.name,
                    started_at=since,
                    status=execution["status"],
                    summary=execution.get("statusSummary", ""),
                    actions=tuple(_span(action) for action in actions),
                    log=tuple(seen.log),
                    approved=tuple(seen.approved),
                )
            time.sleep(POLL_SECONDS)

    def _execution(self, started: Started) -> dict[str, Any]:
        found = self._client.get_pipeline_execution(pipelineName=started.name, pipelineExecutionId=started.execution)
        return dict(found["pipelineExecution"])

    def _actions(self, started: Started) -> list[dict[str, Any]]:
        """In the order in which they began."""
        pages = self._client.get_paginator("list_action_executions").paginate(
            pipelineName=started.name, filter={"pipelineExecutionId": started.execution}
        )
        return [detail for page in pages for detail in page["actionExecutionDetails"]][::-1]

    def _tell_builds(self, started: Started, actions: list[dict[str, Any]], seen: _Seen) -> None:
        for action in actions:
            if action["status"] == "InProgress" or action["actionExecutionId"] in seen.ended:
                continue
            seen.ended.add(action["actionExecutionId"])
            name = action["actionName"]
            self._screen.line(f"{name}: {action['status']}")
            if provider_of(started, action) == "CodeBuild":
                for line in self._build_log(action):
                    seen.log.append(f"{name}: {line}")
                    self._screen.line(f"{name}: {line}")

    def _build_log(self, action: Mapping[str, Any]) -> list[str]:
        project, _, build = action["output"]["executionResult"]["externalExecutionId"].partition(":")
        if not build:
            return []
        answer = self._logs.get_log_events(
            logGroupName=f"/aws/codebuild/{project}", logStreamName=build, startFromHead=True, limit=10_000
        )
        lines = (event["message"] for event in answer["events"])
        return [line.removeprefix(_OWN) for line in lines if line.startswith(_OWN)]

    def _approve(self, started: Started, actions: list[dict[str, Any]], seen: _Seen) -> None:
        waiting = [
            action
            for action in actions
            if provider_of(started, action) == "Manual" and action["status"] == "InProgress"
        ]
        for action in waiting:
            token = self._token(started.name, action)
            if token is None:
                continue
            about = _about(started, action)
            agreed = self._agree or self._screen.ask(f"{about} Approve?")
            result = {"status": "Approved" if agreed else "Rejected", "summary": "answered in a rehearsal"}
            self._client.put_approval_result(
                pipelineName=started.name,
                stageName=action["stageName"],
                actionName=action["actionName"],
                result=result,
                token=token,
            )
            seen.approved.append(f"{about} {result['status']}.")
            self._screen.line(seen.approved[-1])

    def _token(self, pipeline: str, action: Mapping[str, Any]) -> str | None:
        for stage in self._client.get_pipeline_state(name=pipeline)["stageStates"]:
            for state in stage["actionStates"]:
                latest = state.get("latestExecution") or {}
                if latest.get("actionExecutionId") == action["actionExecutionId"]:
                    return latest.get("token")
        return None


def provider_of(started: Started, action: Mapping[str, Any]) -> str:
    """What performs an action, such as ``CodeBuild``."""
    return str(_declared(started, action)["actionTypeId"]["provider"])


def _declared(started: Started, action: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(
        declared
        for stage in started.declaration["stages"]
        if stage["name"] == action["stageName"]
        for declared in stage["actions"]
        if declared["name"] == action["actionName"]
    )


def _about(started: Started, action: Mapping[str, Any]) -> str:
    """What whoever approves sees in the console: where the pipeline stands, the note, and the link."""
    shown = (action.get("input") or {}).get("resolvedConfiguration") or {}
    note = "; ".join(str(shown.get("CustomData", "")).splitlines())
    said = (f"{started.name} stands before {action['stageName']}.", note, str(shown.get("ExternalEntityLink", "")))
    return " ".join(part for part in said if part)


def _span(action: Mapping[str, Any]) -> Span:
    return Span(
        name=str(action["actionName"]),
        start=action["startTime"].timestamp(),
        end=action["lastUpdateTime"].timestamp(),
    )
