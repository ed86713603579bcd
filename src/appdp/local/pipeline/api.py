"""The operations that the embedded CodePipeline answers.

See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore import xform_name

from appdp.local.pipeline.store import ActionRun, Execution, Pipeline, Store, now
from appdp.local.wire import Caller, ServiceError

Params = Mapping[str, Any]
Answer = dict[str, Any]

_OPERATIONS: Final = (
    *("list_pipelines", "get_pipeline", "start_pipeline_execution", "get_pipeline_execution"),
    "list_action_executions",
    *("get_pipeline_state", "put_approval_result", "put_job_success_result", "put_job_failure_result"),
)


class CodePipeline:
    """AWS CodePipeline as an :class:`~appdp.local.wire.AwsService`.

    Args:
        store: what there is.
        begin: starts an execution of a pipeline, of the given revisions.
    """

    model = "codepipeline"
    signing_name = "codepipeline"

    def __init__(self, store: Store, begin: Callable[[Pipeline, Mapping[str, str]], Execution]) -> None:
        self._store = store
        self._begin = begin

    async def call(self, operation: str, params: dict[str, Any], caller: Caller) -> Answer:
        """Answer one operation."""
        name = xform_name(operation)
        if name not in _OPERATIONS:
            message = f"The embedded CodePipeline has no {operation}. It has: {', '.join(sorted(_OPERATIONS))}."
            raise ServiceError("InvalidActionDeclarationException", message)
        answer: Answer = getattr(self, name)(params)
        return answer

    def list_pipelines(self, _params: Params) -> Answer:
        """All of them, in the order in which they were made."""
        return {
            "pipelines": [
                {"name": found.name, "version": found.version, "created": found.created}
                for found in self._store.pipelines.values()
            ]
        }

    def get_pipeline(self, params: Params) -> Answer:
        """The declaration, as the template has it."""
        found = self._store.pipeline(params["name"])
        return {"pipeline": {**found.declaration, "version": found.version}, "metadata": {"created": found.created}}

    def start_pipeline_execution(self, params: Params) -> Answer:
        """Start one, of the commits that ``sourceRevisions`` names by source action."""
        pipeline = self._store.pipeline(params["name"])
        revisions: dict[str, str] = {}
        for override in params.get("sourceRevisions") or ():
            if override["revisionType"] != "COMMIT_ID":
                message = f"The revision type {override['revisionType']} does not fit a git source; COMMIT_ID does."
                raise ServiceError("ValidationException", message)
            revisions[override["actionName"]] = override["revisionValue"]
        return {"pipelineExecutionId": self._begin(pipeline, revisions).id}

    def get_pipeline_execution(self, params: Params) -> Answer:
        """How an execution stands."""
        found = self._store.execution(params["pipelineName"], params["pipelineExecutionId"])
        return {
            "pipelineExecution": {
                "pipelineName": found.pipeline.name,
                "pipelineVersion": found.pipeline.version,
                "pipelineExecutionId": found.id,
                "status": found.status,
                "statusSummary": found.summary,
            }
        }

    def list_action_executions(self, params: Params) -> Answer:
        """The actions of one execution, or of all, newest first."""
        wanted = (params.get("filter") or {}).get("pipelineExecutionId")
        name = self._store.pipeline(params["pipelineName"]).name
        executions = [self._store.execution(name, wanted)] if wanted else self._store.of_pipeline(name)
        return {
            "actionExecutionDetails": [
                _detail(execution, run) for execution in executions for run in reversed(execution.runs)
            ]
        }

    def get_pipeline_state(self, params: Params) -> Answer:
        """Stage by stage, the latest run of each action; an approval that waits shows its token."""
        pipeline = self._store.pipeline(params["name"])
        latest: dict[tuple[str, str], ActionRun] = {}
        for execution in reversed(self._store.of_pipeline(pipeline.name)):
            latest |= {(run.stage, run.name): run for run in execution.runs}
        return {
            "pipelineName": pipeline.name,
            "pipelineVersion": pipeline.version,
            "stageStates": [
                {
                    "stageName": stage["name"],
                    "actionStates": [
                        _state(action["name"], latest.get((stage["name"], action["name"])))
                        for action in stage["actions"]
                    ],
                }
                for stage in pipeline.declaration["stages"]
            ],
        }

    def put_approval_result(self, params: Params) -> Answer:
        """Decide an approval, once."""
        runs = (run for execution in self._store.of_pipeline(params["pipelineName"]) for run in execution.runs)
        run = next((run for run in runs if run.token and run.token == params["token"]), None)
        if run is None or run.decision is None:
            raise ServiceError("InvalidApprovalTokenException", "The approval token is not one that waits.")
        if run.decision.done():
            raise ServiceError("ApprovalAlreadyCompletedException", "The approval was decided before.")
        run.decision.set_result((params["result"]["status"], params["result"]["summary"]))
        return {"approvedAt": now()}

    def put_job_success_result(self, params: Params) -> Answer:
        """A Lambda function reports that it succeeded, or that it goes on."""
        return self._report(params)

    def put_job_failure_result(self, params: Params) -> Answer:
        """A Lambda function reports that it failed."""
        return self._report(params)

    def _report(self, params: Params) -> Answer:
        job = self._store.jobs.get(params["jobId"])
        if job is None:
            raise ServiceError("JobNotFoundException", f"No job is called {params['jobId']}.")
        if job.done():
            raise ServiceError("InvalidJobStateException", "The job has ended already.")
        job.set_result(params)
        return {}


def _detail(execution: Execution, run: ActionRun) -> Answer:
    result: Answer = {"externalExecutionId": run.external_id, "externalExecutionSummary": run.summary}
    if run.status == "Failed":
        result["errorDetails"] = {"code": "JobFailed", "message": run.summary}
    return {
        "pipelineExecutionId": execution.id,
        "actionExecutionId": run.id,
        "pipelineVersion": execution.pipeline.version,
        "stageName": run.stage,
        "actionName": run.name,
        "startTime": run.started,
        "lastUpdateTime": run.updated,
        "status": run.status,
        "input": {"resolvedConfiguration": dict(run.configuration)},
        "output": {"executionResult": result, "outputVariables": dict(run.variables)},
    }


def _state(name: str, run: ActionRun | None) -> Answer:
    if run is None:
        return {"actionName": name}
    latest: Answer = {"actionExecutionId": run.id, "status": run.status, "lastStatusChange": run.updated}
    if run.token and run.status == "InProgress":
        latest["token"] = run.token
    return {"actionName": name, "latestExecution": latest}
