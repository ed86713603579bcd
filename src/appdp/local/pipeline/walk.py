"""Walks a pipeline: stage after stage, in each the actions of one run order at once.

What fails stops the execution where it is. Only what appdp's pipelines are made of is here: no conditions, no retries,
no rollback of stages, no transitions that are off. Whatever the pipeline's mode, its executions follow each other.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appdp.local.pipeline.performing import ActionFailed, Order, Performer
from appdp.local.pipeline.store import ActionRun, Execution
from appdp.local.pipeline.variables import resolved_all
from appdp.local.wire import EventSink

_LOG = logging.getLogger(__name__)
Action = Mapping[str, Any]


class Walker:
    """Runs executions.

    Args:
        performers: provider → what performs its actions.
        events: where the state changes of executions are told.
    """

    def __init__(self, performers: Mapping[str, Performer], events: EventSink) -> None:
        self._performers = performers
        self._events = events

    async def walk(self, execution: Execution) -> None:
        """Run one execution to its end, when the pipeline's earlier ones have ended."""
        async with execution.pipeline.turn:
            execution.namespaces["codepipeline"] = {"PipelineExecutionId": execution.id}
            self._tell(execution, "STARTED")
            for stage in execution.pipeline.declaration["stages"]:
                if not await self._stage(execution, stage):
                    execution.status = "Failed"
                    self._tell(execution, "FAILED")
                    return
            execution.status = "Succeeded"
            self._tell(execution, "SUCCEEDED")

    async def _stage(self, execution: Execution, stage: Mapping[str, Any]) -> bool:
        def order(action: Action) -> int:
            return int(action.get("runOrder") or 1)

        for _, together in groupby(sorted(stage["actions"], key=order), key=order):
            ended = await asyncio.gather(*(self._action(execution, stage["name"], action) for action in together))
            if not all(ended):
                return False
        return True

    async def _action(self, execution: Execution, stage: str, action: Action) -> bool:
        run = ActionRun(stage=stage, name=action["name"])
        execution.runs.append(run)
        try:
            await self._perform(execution, run, action)
        except ActionFailed as error:
            run.end("Failed", str(error))
        except (ClientError, BotoCoreError) as error:
            run.end("Failed", f"AWS answered with an error: {error}")
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the action, not the walk
            _LOG.exception("%s/%s failed", stage, run.name)
            run.end("Failed", f"The embedded AWS failed: {error!r}")
        if run.status == "Failed":
            execution.summary = f"{stage}/{run.name}: {run.summary}"
        return run.status == "Succeeded"

    async def _perform(self, execution: Execution, run: ActionRun, action: Action) -> None:
        provider = action["actionTypeId"]["provider"]
        performer = self._performers.get(provider)
        if performer is None:
            known = ", ".join(sorted(self._performers))
            raise ActionFailed(f"Actions of {provider} are not run here; those of {known} are.")
        run.configuration = resolved_all(action.get("configuration") or {}, execution.namespaces)
        order = Order(
            execution=execution,
            run=run,
            configuration=run.configuration,
            inputs=tuple(execution.artifacts[artifact["name"]] for artifact in action.get("inputArtifacts") or ()),
            role=action.get("roleArn") or "",
            region=action.get("region") or "",
        )
        done = await performer.perform(order)
        for artifact in action.get("outputArtifacts") or ():
            if done.artifact is not None:
                execution.artifacts[artifact["name"]] = done.artifact
        run.variables = done.variables
        if namespace := action.get("namespace"):
            execution.namespaces[namespace] = done.variables
        run.end("Succeeded", done.summary)

    def _tell(self, execution: Execution, state: str) -> None:
        """See: https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html"""
        pipeline, caller = execution.pipeline, execution.pipeline.caller
        self._events.emit(
            "aws.codepipeline",
            "CodePipeline Pipeline Execution State Change",
            {"pipeline": pipeline.name, "execution-id": execution.id, "state": state, "version": pipeline.version},
            (f"arn:aws:codepipeline:{caller.region}:{caller.account}:{pipeline.name}",),
        )
