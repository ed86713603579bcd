"""The operations that the embedded CodeDeploy answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name

from appdp.local.wire import Caller, ServiceError


class CodeDeploy:
    """AWS CodeDeploy as an :class:`~appdp.local.wire.AwsService`.

    Args:
        parts: objects whose public methods are operations, named as boto3 names them.
    """

    model = "codedeploy"
    signing_name = "codedeploy"

    def __init__(self, *parts: object) -> None:
        self._operations: Mapping[str, Callable[[dict[str, Any], Caller], dict[str, Any]]] = {
            name: method
            for part in parts
            for name, method in inspect.getmembers(part, inspect.ismethod)
            if not name.startswith("_")
        }

    async def call(self, operation: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
        """Answer one operation."""
        handler = self._operations.get(xform_name(operation))
        if handler is None:
            message = f"The embedded CodeDeploy has no {operation}. It has: {', '.join(sorted(self._operations))}."
            raise ServiceError("OperationNotSupportedException", message)
        return handler(params, caller)
