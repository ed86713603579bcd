"""Our resource types in the embedded CloudFormation.

Its engine calls a type's functions on a worker thread and waits for them; our handlers are coroutines on the server's
loop. A :class:`Bridge` stands between the two, so a service that takes minutes to come up blocks nothing else. The
engine itself resolves parameters, conditions and intrinsics, calls us only for resources whose *resolved* properties
differ, deletes what was replaced after everything else succeeded, and rolls back with the reason in the events.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from appdp.local.wire import Caller, ResourceHandler, ResourceRequest, ResourceResult, ServiceError

_T = TypeVar("_T")

EngineFunctions = dict[str, Any]
"""The functions of one resource type, as the engine's table holds them."""

CREATE_SECONDS = 3600.0
"""How long one resource may take. CloudFormation itself waits up to three hours for an ECS service.

See: https://repost.aws/knowledge-center/cloudformation-ecs-service-stabilize
"""


class Bridge:
    """Turns handlers into the functions that the engine calls.

    Args:
        loop: where the handlers run.
        caller: who the current stack operation is for; asked on the worker thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, caller: Callable[[], Caller]) -> None:
        self._loop = loop
        self._caller = caller

    def functions(self, handler: ResourceHandler) -> EngineFunctions:
        """The engine's functions for one resource type."""

        def create(logical_id: str, properties: Mapping[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
            request = self._request(logical_id, stack, properties)
            return _pair(self._wait(handler.create(request)))

        def update(
            physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str, logical_id: str
        ) -> tuple[str, dict[str, Any]]:
            request = self._request(logical_id, stack, new, physical_id=physical_id, previous=old)
            return _pair(self._wait(handler.update(request)))

        def delete(physical_id: str, properties: Mapping[str, Any], logical_id: str | None) -> None:
            request = self._request(logical_id or physical_id, "", properties, physical_id=physical_id)
            self._wait(handler.delete(request))

        return {
            "create": create,
            "update": update,
            "update_with_logical_id": True,
            "delete": delete,
            "delete_with_logical_id": True,
        }

    def _request(
        self,
        logical_id: str,
        stack: str,
        properties: Mapping[str, Any],
        *,
        physical_id: str = "",
        previous: Mapping[str, Any] | None = None,
    ) -> ResourceRequest:
        return ResourceRequest(
            logical_id=logical_id,
            stack=stack,
            properties=properties,
            caller=self._caller(),
            physical_id=physical_id,
            previous=previous,
        )

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return waiting.result(timeout=CREATE_SECONDS)
        except ServiceError as error:
            # The form in which CloudFormation quotes a service's error in a stack's events.
            reason = f'Resource handler returned message: "{error.message}" (HandlerErrorCode: {error.code})'
            raise ValueError(reason) from error
        except TimeoutError:
            waiting.cancel()
            raise


def _pair(result: ResourceResult) -> tuple[str, dict[str, Any]]:
    return result.physical_id, dict(result.attributes)
