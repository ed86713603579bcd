"""The invoke actions: a Lambda function that reports to CodePipeline itself, and a state machine that is followed.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html and
action-reference-StepFunctions.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from appdp.local.clients import assumed
from appdp.local.pipeline.performing import ActionFailed, Order, Performed
from appdp.local.pipeline.store import Store, new_id
from appdp.local.wire import Caller, Kernel

AGAIN_SECONDS: Final = 5.0
"""Until a job that gave a continuation token is called again; CodePipeline documents no number."""
POLL_SECONDS: Final = 0.5
_ENDED: Final = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})


class LambdaInvoke:
    """Performs ``AWS/Lambda``: the function has failed or succeeded when it says so with PutJob…Result."""

    def __init__(self, store: Store, kernel: Kernel) -> None:
        self._store = store
        self._kernel = kernel

    async def perform(self, order: Order) -> Performed:
        """Call the function until it reports an end."""
        token = None
        while True:
            told = await self._call(order, token)
            details = told.get("executionDetails") or {}
            order.run.summary = details.get("summary", order.run.summary)
            order.run.external_id = details.get("externalExecutionId", order.run.external_id)
            if failure := told.get("failureDetails"):
                raise ActionFailed(str(failure["message"]))
            token = told.get("continuationToken")
            if not token:
                return Performed(variables=told.get("outputVariables") or {}, summary=order.run.summary)
            await asyncio.sleep(AGAIN_SECONDS * self._kernel.time_scale)

    async def _call(self, order: Order, token: str | None) -> Mapping[str, Any]:
        job = new_id()
        reported: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._store.jobs[job] = reported
        try:
            await asyncio.to_thread(self._invoke, order, job, token)
            if not reported.done():
                # On AWS the action would go on for an hour and then time out.
                raise ActionFailed("The function ended without telling CodePipeline a result of its job.")
            return reported.result()
        finally:
            del self._store.jobs[job]

    def _invoke(self, order: Order, job: str, token: str | None) -> None:
        data = {"actionConfiguration": {"configuration": dict(order.configuration)}}
        given = {**data, **({"continuationToken": token} if token else {})}
        caller = order.execution.pipeline.caller
        event = {"CodePipeline.job": {"id": job, "accountId": caller.account, "data": given}}
        client = self._kernel.clients.client("lambda", caller)
        answer = client.invoke(FunctionName=order.needed("FunctionName"), Payload=json.dumps(event).encode())
        content = answer["Payload"].read().decode(errors="replace")
        if answer.get("FunctionError"):
            raise ActionFailed(f"The function {order.needed('FunctionName')} failed: {content}")


class StepFunctions:
    """Performs ``AWS/StepFunctions`` with a Standard state machine and a literal input, with the action's role and in
    its region.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    async def perform(self, order: Order) -> Performed:
        """Start an execution and follow it to its end; the action fails unless it succeeds."""
        client = await asyncio.to_thread(self._client, order)
        try:
            return await self._follow(order, client)
        finally:
            if order.role:
                client.close()

    def _client(self, order: Order) -> Any:  # noqa: ANN401 - botocore's clients have no common type
        caller = order.execution.pipeline.caller
        region = order.region or caller.region
        clients = self._kernel.clients
        if not order.role:
            return clients.client("stepfunctions", Caller(account=caller.account, region=region))
        given = clients.client("sts", caller).assume_role(RoleArn=order.role, RoleSessionName=order.run.id)
        return assumed(self._kernel.endpoint, "stepfunctions", given["Credentials"], region)

    async def _follow(self, order: Order, client: Any) -> Performed:  # noqa: ANN401 - as above
        machine = order.needed("StateMachineArn")
        prefix = order.configuration.get("ExecutionNamePrefix", "")
        started = await asyncio.to_thread(
            client.start_execution,
            stateMachineArn=machine,
            name=f"{prefix}-{order.run.id}" if prefix else order.run.id,
            input=order.configuration.get("Input", "{}"),
        )
        order.run.external_id = started["executionArn"]
        while True:
            found = await asyncio.to_thread(client.describe_execution, executionArn=started["executionArn"])
            if found["status"] in _ENDED:
                break
            await asyncio.sleep(POLL_SECONDS)
        if found["status"] != "SUCCEEDED":
            raise ActionFailed(f"{found.get('error') or found['status']}: {found.get('cause') or 'no cause was given'}")
        return Performed(
            variables={"StateMachineArn": machine, "ExecutionArn": started["executionArn"]},
            summary=f"Execution {started['executionArn'].rpartition(':')[2]} succeeded",
        )


class Approval:
    """Performs ``AWS/Manual``: waits until PutApprovalResult decides.

    See: https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html
    """

    async def perform(self, order: Order) -> Performed:
        """Wait for the decision."""
        order.run.token = new_id()
        order.run.decision = asyncio.get_running_loop().create_future()
        status, summary = await order.run.decision
        if status != "Approved":
            raise ActionFailed(f"Rejected: {summary}")
        return Performed(summary=summary)
