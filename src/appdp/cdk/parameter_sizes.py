"""How large the manifests become, as far as it can be known before CloudFormation fills them in.

See: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import Stack
from constructs import Construct

from appdp.errors import ConfigurationError

STANDARD_BYTES: Final = 4_096
ADVANCED_BYTES: Final = 8_192

_PSEUDO_BYTES: Final = {
    "AWS::AccountId": len("111122223333"),
    "AWS::Partition": len("aws"),
    "AWS::Region": len("eu-west-1"),
    "AWS::URLSuffix": len("amazonaws.com"),
}
"""The shortest that each of them can be."""

_ARN_BYTES: Final = len("arn:aws:ecs:eu-west-1:111122223333:")
"""What an ARN that only CloudFormation knows has at least."""


def check_size(scope: Construct, value: str, *, limit: int, hint: str) -> str:
    """Return ``value``, or raise when it cannot fit a parameter, whatever CloudFormation fills in.

    Raises:
        ConfigurationError: it is too large; ``hint`` says what to make smaller.
    """
    size = _at_least(Stack.of(scope).resolve(value))
    if size > limit:
        raise ConfigurationError(
            f"{scope.node.path}: its manifest has at least {size} bytes; a Systems Manager parameter takes {limit}.",
            hint=hint,
        )
    return value


def _at_least(value: Any) -> int:  # noqa: ANN401 - a resolved CloudFormation value is any JSON
    match value:
        case str():
            return len(value.encode())
        case {"Fn::Join": [separator, parts]}:
            return sum(map(_at_least, parts)) + len(separator) * (len(parts) - 1)
        case {"Ref": name} if name in _PSEUDO_BYTES:
            return _PSEUDO_BYTES[name]
        case _:
            return _ARN_BYTES
