"""The operations that the embedded ECS answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name

from appdp.local.wire import Caller, ServiceError


class EcsService:
    """Amazon ECS as an :class:`~appdp.local.wire.AwsService`.

    Args:
        parts: objects whose public methods are operations, named as boto3 names them.
    """

    model = "ecs"
    signing_name = "ecs"

    def __init__(self, *parts: object) -> None:
        self._operations: Mapping[str, Callable[[Mapping[str, Any], Caller], Any]] = {
            name: method for part in parts for name, method in inspect.getmembers(part, inspect.ismethod)
        }

    async def call(self, operation: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
        """Answer one operation."""
        name = xform_name(operation)
        handler = None if name.startswith("_") else self._operations.get(name)
        if handler is None:
            message = f"The embedded ECS has no {operation}. It has: {', '.join(sorted(self._public()))}."
            raise ServiceError("UnsupportedFeatureException", message)
        answer = handler(params, caller)
        result: dict[str, Any] = await answer if inspect.isawaitable(answer) else answer
        return result

    def _public(self) -> list[str]:
        return [name for name in self._operations if not name.startswith("_")]
