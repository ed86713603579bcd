"""Pushes that start pipelines, against a CodePipeline that plays a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from appdp.local.pipeline.push import PushEvent
from appdp.local.rehearsal.delivery import Delivery, Started
from appdp.local.rehearsal.live import Sight
from appdp.local.rehearsal.record import ActRecord

PROVIDERS = {"Source": "CodeStarSourceConnection", "Build": "CodeBuild", "Approve": "Manual", "Deploy": "StepFunctions"}
SHOWN = {"CustomData": "Release c0ffee\nprod runs 1c9e.", "ExternalEntityLink": "https://example.com/compare"}
APPROVAL = list(PROVIDERS).index("Approve")


def _declaration(name: str, branch: str) -> dict[str, Any]:
    push = [{"branches": {"includes": [branch]}}]
    return {
        "name": name,
        "triggers": [{"gitConfiguration": {"sourceActionName": "Source", "push": push}}],
        "stages": [
            {"name": stage, "actions": [{"name": stage, "actionTypeId": {"provider": provider}}]}
            for stage, provider in PROVIDERS.items()
        ],
    }


class FakePipelines:
    """CodePipeline and CloudWatch Logs: an execution whose actions pass one at each look, approvals when decided."""

    def __init__(self) -> None:
        self.declarations = {name: _declaration(name, name) for name in ("main", "next")}
        self.started: list[dict[str, Any]] = []
        self.decided: list[dict[str, Any]] = []
        self._at = 0

    def client(self, service: str) -> FakePipelines:
        assert service in ("codepipeline", "logs")
        return self

    def list_pipelines(self) -> dict[str, Any]:
        return {"pipelines": [{"name": name} for name in self.declarations]}

    def get_pipeline(self, name: str) -> dict[str, Any]:
        return {"pipeline": self.declarations[name]}

    def start_pipeline_execution(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        return {"pipelineExecutionId": "e1"}

    def get_pipeline_execution(self, **_request: Any) -> dict[str, Any]:
        if any(_result(each) == "Rejected" for each in self.decided):
            return {"pipelineExecution": {"status": "Failed", "statusSummary": "Approve: rejected"}}
        if self._at != APPROVAL or self.decided:
            self._at += 1
        return {"pipelineExecution": {"status": "Succeeded" if self._at == len(PROVIDERS) else "InProgress"}}

    def get_paginator(self, operation: str) -> FakePipelines:
        assert operation == "list_action_executions"
        return self

    def paginate(self, **_request: Any) -> Iterator[dict[str, Any]]:
        at = datetime.fromtimestamp(5, UTC)
        details = [
            {
                "actionExecutionId": name,
                "stageName": name,
                "actionName": name,
                "status": "InProgress" if number == self._at else "Succeeded",
                "startTime": at,
                "lastUpdateTime": at,
                "input": {"resolvedConfiguration": SHOWN if name == "Approve" else {}},
                "output": {"executionResult": {"externalExecutionId": "project:b1"}},
            }
            for number, name in enumerate(PROVIDERS)
            if number <= self._at
        ]
        yield {"actionExecutionDetails": details[::-1]}

    def get_log_events(self, **request: Any) -> dict[str, Any]:
        assert (request["logGroupName"], request["logStreamName"]) == ("/aws/codebuild/project", "b1")
        return {"events": [{"message": "#1 [internal] load"}, {"message": "[appdp] api: 3 steps from the cache"}]}

    def get_pipeline_state(self, name: str) -> dict[str, Any]:
        latest = {"actionExecutionId": "Approve", "token": f"token of {name}"}
        return {"stageStates": [{"actionStates": [{"actionName": "Approve", "latestExecution": latest}]}]}

    def put_approval_result(self, **request: Any) -> None:
        self.decided.append(request)


class FakeScreen:
    """Keeps what it is told; answers every question in one way."""

    def __init__(self, *, answer: bool = False) -> None:
        self.lines: list[str] = []
        self.questions: list[str] = []
        self._answer = answer

    def step(self, text: str) -> None:
        raise AssertionError(text)

    def note(self, text: str) -> None:
        raise AssertionError(text)

    def begin(self, sight: Sight) -> None:
        raise AssertionError(sight)

    def end(self, record: ActRecord) -> None:
        raise AssertionError(record)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def ask(self, question: str) -> bool:
        self.questions.append(question)
        return self._answer


def _started(pipelines: FakePipelines, delivery: Delivery) -> Started:
    started, reason = delivery.start(PushEvent(branch="next"), "c0ffee")
    assert started is not None
    assert reason == "branch 'next' matches filter 1."
    return started


def test_a_push_starts_the_pipeline_that_it_matches_with_its_commit() -> None:
    pipelines = FakePipelines()
    started = _started(pipelines, Delivery(pipelines, FakeScreen(), agree=True))
    assert (started.name, started.execution) == ("next", "e1")
    revision = {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "c0ffee"}
    assert pipelines.started == [{"name": "next", "sourceRevisions": [revision]}]


def test_a_push_that_matches_none_says_why_of_each() -> None:
    pipelines = FakePipelines()
    started, reason = Delivery(pipelines, FakeScreen(), agree=True).start(PushEvent(tag="v1"), "c0ffee")
    assert (started, pipelines.started) == (None, [])
    assert reason.splitlines() == [
        "tag 'v1' starts nothing in main; filter 1: it is for branches, not for tags.",
        "tag 'v1' starts nothing in next; filter 1: it is for branches, not for tags.",
    ]


def test_without_a_pipeline() -> None:
    pipelines = FakePipelines()
    pipelines.declarations.clear()
    assert Delivery(pipelines, FakeScreen(), agree=True).start(PushEvent(tag="v1"), "c")[1] == "There is no pipeline."


@pytest.mark.parametrize(("agree", "answer"), [(True, False), (False, True)])
def test_an_execution_is_followed_to_its_end(agree: bool, answer: bool) -> None:
    pipelines, screen = FakePipelines(), FakeScreen(answer=answer)
    delivery, told = Delivery(pipelines, screen, agree=agree), []
    run = delivery.follow(_started(pipelines, delivery), 1.0, lambda: told.append(len(screen.lines)))
    assert (run.status, run.started_at, [span.name for span in run.actions]) == ("Succeeded", 1.0, [*PROVIDERS])
    assert run.log == ("Build: api: 3 steps from the cache",)
    assert run.approved == (
        "next stands before Approve. Release c0ffee; prod runs 1c9e. https://example.com/compare Approved.",
    )
    assert [each["token"] for each in pipelines.decided] == ["token of next"]
    assert len(told) == 1
    assert bool(screen.questions) is not agree
    assert screen.lines.count("Build: Succeeded") == 1


def test_who_does_not_agree_ends_it() -> None:
    pipelines, screen = FakePipelines(), FakeScreen(answer=False)
    delivery, told = Delivery(pipelines, screen, agree=False), []
    run = delivery.follow(_started(pipelines, delivery), 1.0, lambda: told.append(1))
    assert (run.status, run.summary, told) == ("Failed", "Approve: rejected", [])
    assert _result(pipelines.decided[0]) == "Rejected"


def _result(decision: Mapping[str, Any]) -> str:
    return str(decision["result"]["status"])
