"""AWS Lambda."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.engine.verify.ports import Item


class LambdaFunctions:
    """Implements :class:`appdp.engine.verify.ports.Functions`. Needs ``lambda:GetFunctionConfiguration``."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401  (the stubs' overloads need a literal name)
        self._client = client

    @translated("lambda")
    def function(self, arn: str) -> Item | None:
        """``GetFunctionConfiguration``, or None when there is no such function."""
        try:
            found: Item = self._client.get_function_configuration(FunctionName=arn)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            return None
        return found
