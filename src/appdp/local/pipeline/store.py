"""What the embedded CodePipeline and CodeBuild hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from appdp.local.wire import Caller, ServiceError


def now() -> datetime:
    """The time, as the API gives it."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id as CodePipeline makes them."""
    return str(uuid4())


@dataclass(slots=True, eq=False)
class Pipeline:
    """A pipeline: its declaration in the API's spelling, and for whom its actions act."""

    declaration: Mapping[str, Any]
    caller: Caller
    version: int = 1
    created: datetime = field(default_factory=now)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One execution at a time; the others wait, as in the mode QUEUED."""

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return str(self.declaration["name"])


@dataclass(slots=True, eq=False)
class ActionRun:
    """One action of one execution. ``decision`` is what an approval waits for, ``token`` names it.

    ``configuration`` is the action's, with every variable filled in.
    """

    stage: str
    name: str
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    started: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    summary: str = ""
    external_id: str = ""
    configuration: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    decision: asyncio.Future[tuple[str, str]] | None = None

    def end(self, status: str, summary: str = "") -> None:
        """Note how it ended."""
        self.status, self.summary, self.updated = status, summary or self.summary, now()


@dataclass(slots=True, eq=False)
class Execution:
    """One run of a pipeline, of one source revision per source action."""

    pipeline: Pipeline
    directory: Path
    revisions: Mapping[str, str] = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    summary: str = ""
    runs: list[ActionRun] = field(default_factory=list)
    namespaces: dict[str, Mapping[str, str]] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Store:
    """Everything, by name or id."""

    pipelines: dict[str, Pipeline] = field(default_factory=dict)
    projects: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name of a build project → its CloudFormation properties."""
    executions: dict[str, Execution] = field(default_factory=dict)
    jobs: dict[str, asyncio.Future[Mapping[str, Any]]] = field(default_factory=dict)
    """Id of a job that a Lambda function was given → what it reports."""

    def pipeline(self, name: str) -> Pipeline:
        """A pipeline by name; raises :class:`ServiceError`."""
        if name not in self.pipelines:
            raise ServiceError("PipelineNotFoundException", f"Account does not have a pipeline with name '{name}'")
        return self.pipelines[name]

    def execution(self, pipeline: str, execution: str) -> Execution:
        """An execution of a pipeline; raises :class:`ServiceError`."""
        found = self.executions.get(execution)
        if found is None or found.pipeline.name != pipeline:
            message = f"The pipeline '{pipeline}' has no execution with id '{execution}'"
            raise ServiceError("PipelineExecutionNotFoundException", message)
        return found

    def of_pipeline(self, pipeline: str) -> list[Execution]:
        """A pipeline's executions, newest first."""
        return [found for found in reversed(self.executions.values()) if found.pipeline.name == pipeline]
