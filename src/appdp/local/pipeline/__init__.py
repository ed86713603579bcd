"""CodePipeline and CodeBuild of the embedded AWS: the synthesised pipeline runs, and nothing describes it twice.

A pipeline's declaration and a project's build specification are taken from the template as they are. The source action
checks a commit of a git repository on this machine out; a build action runs the project's own commands with the
project's and the action's variables; Lambda and Step Functions actions run on the rest of the embedded AWS, the latter
also in the account of the action's role and in the action's region; approvals wait for PutApprovalResult. A push is
:func:`~appdp.local.pipeline.push.started_by`'s: it reads the pipeline's triggers.

Build commands run as they are on this machine, with this user's rights: they are the user's own.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from appdp.local.pipeline.api import CodePipeline
from appdp.local.pipeline.codebuild import CodeBuild
from appdp.local.pipeline.invocations import Approval, LambdaInvoke, StepFunctions
from appdp.local.pipeline.resources import handlers
from appdp.local.pipeline.source import Source
from appdp.local.pipeline.store import Execution, Pipeline, Store
from appdp.local.pipeline.walk import Walker
from appdp.local.wire import Kernel, ResourceHandler

__all__ = ["PipelineParts", "build"]


class PipelineParts:
    """What the embedded AWS takes from here.

    Args:
        kernel: what every part of the embedded AWS is given.
        docker: the Docker daemon's address; None runs no builds.
        repositories: ``owner/name`` on GitHub → the git repository on this machine that stands for it.

    Attributes:
        service: answers the API.
        handlers: CloudFormation type → handler.
    """

    def __init__(self, kernel: Kernel, docker: str | None, repositories: Mapping[str, str]) -> None:
        self._store = Store()
        self._tasks: set[asyncio.Task[None]] = set()
        self._walker = Walker(
            {
                "CodeStarSourceConnection": Source(repositories),
                "CodeBuild": CodeBuild(self._store, kernel, docker),
                "Lambda": LambdaInvoke(self._store, kernel),
                "StepFunctions": StepFunctions(kernel),
                "Manual": Approval(),
            },
            kernel.events,
        )
        self.service = CodePipeline(self._store, self._begin)
        self.handlers: Mapping[str, ResourceHandler] = handlers(self._store)

    async def start(self) -> None:
        """Nothing runs until a pipeline is started."""

    async def stop(self) -> None:
        """End every execution, with the commands that it runs."""
        for task in self._tasks:
            task.cancel()
        for task in list(self._tasks):
            with suppress(asyncio.CancelledError):
                await task

    def _begin(self, pipeline: Pipeline, revisions: Mapping[str, str]) -> Execution:
        directory = Path(tempfile.mkdtemp(prefix="pipeline-"))
        execution = Execution(pipeline=pipeline, directory=directory, revisions=revisions)
        self._store.executions[execution.id] = execution
        task = asyncio.get_running_loop().create_task(self._walker.walk(execution))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return execution


def build(kernel: Kernel, *, docker: str | None, repositories: Mapping[str, str]) -> PipelineParts:
    """Put the pipelines of one embedded AWS together."""
    return PipelineParts(kernel, docker, repositories)
