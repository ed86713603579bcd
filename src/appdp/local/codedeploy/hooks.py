"""Lambda functions that an AppSpec names for lifecycle events.

A function is called with ``DeploymentId`` and ``LifecycleEventHookExecutionId``, and says how it went with
PutLifecycleEventHookExecutionStatus. One that never says so, be it because it crashed, fails the deployment after an
hour.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html and
https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appdp.local.codedeploy.failures import Failure
from appdp.local.codedeploy.store import Deployment, Store
from appdp.local.ecs.supervision import Calls

_LOG = logging.getLogger(__name__)

CODE = "HOOK_EXECUTION_FAILURE"


class Hooks:
    """Calls hooks.

    Args:
        hour: seconds in which a function must say how it went.
    """

    def __init__(self, store: Store, calls: Calls, *, hour: float) -> None:
        self._store = store
        self._calls = calls
        self._hour = hour

    async def run(self, deployment: Deployment, event: str) -> None:
        """Run the hook of a lifecycle event, if there is one; raises :class:`Failure` unless it succeeds."""
        function = deployment.spec.hooks.get(event)
        if function is None:
            return
        execution = secrets.token_urlsafe(32)
        reported: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._store.hooks[execution] = reported
        called = asyncio.create_task(self._call(deployment, function, execution))
        try:
            status = await self._report(called, reported)
        finally:
            del self._store.hooks[execution]
            called.cancel()
        if status != "Succeeded":
            raise Failure(CODE, f"The deployment failed because the hook {function} of {event} reported {status}.")

    async def _report(self, called: asyncio.Task[Any], reported: asyncio.Future[str]) -> str:
        try:
            async with asyncio.timeout(self._hour):
                await asyncio.wait({called, reported}, return_when=asyncio.FIRST_COMPLETED)
                if called.done():
                    called.result()
                return await reported
        except TimeoutError as error:
            raise Failure(CODE, "A hook did not report its status within one hour.") from error
        except (ClientError, BotoCoreError) as error:
            raise Failure(CODE, f"A hook could not be invoked: {error}") from error

    async def _call(self, deployment: Deployment, function: str, execution: str) -> None:
        payload = {"DeploymentId": deployment.id, "LifecycleEventHookExecutionId": execution}
        answer = await self._calls(
            "lambda", "invoke", deployment.caller, FunctionName=function, Payload=json.dumps(payload).encode()
        )
        if "FunctionError" in answer:
            _LOG.warning("%s: the hook %s crashed: %s", deployment.id, function, answer.get("Payload"))
