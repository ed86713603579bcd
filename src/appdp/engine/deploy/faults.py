"""Which errors pass by themselves, and which end a deployment."""

from __future__ import annotations

from typing import Final

from appdp.errors import CredentialsError, RemoteError, Throttled

_PASSING: Final = frozenset(
    {
        "",  # no answer at all
        "DeploymentLimitExceededException",  # CodeDeploy's group has a deployment in progress, which is looked at next
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "TooManyUpdates",
        "UpdateInProgressException",
    }
)
"""Codes after which the same call may succeed.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html and the errors of each operation,
such as https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html
"""

CONFLICT: Final = "ConflictException"
"""StopServiceDeployment's answer for a deployment that cannot be stopped in its present stage."""


def passes(error: RemoteError) -> bool:
    """Whether the same state may simply be tried again."""
    return isinstance(error, Throttled | CredentialsError) or error.code in _PASSING
