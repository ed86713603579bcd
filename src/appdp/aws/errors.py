"""Turns what botocore raises into appdp's errors, with the action that was refused and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore import exceptions as boto

from appdp.errors import ConfigurationError, CredentialsError, RemoteError, Throttled

EXPIRED: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes that say: the credentials are wrong or too old.

See: https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html
"""

THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TooManyUpdates",
        "TransactionInProgressException",
    }
)
"""Codes that say: slower. botocore's own list of throttling codes, and Systems Manager's ``TooManyUpdates``.

See: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

_NO_CREDENTIALS: Final = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.NoAuthTokenError,
    boto.ProfileNotFound,
    boto.SSOError,
)

_NO_ANSWER: Final = (boto.ConnectionError, boto.HTTPClientError)

_LOG_IN = (
    "Log in again (for example 'aws sso login' or 'aws login'), or set AWS_PROFILE, and run the same command again."
)


@contextmanager
def translated(service: str) -> Iterator[None]:
    """Translate what the body raises. ``service`` is the prefix of the service's IAM actions, such as ``ecs``.

    Usable as a decorator, too.
    """
    try:
        yield
    except boto.ClientError as error:
        raise from_answer(service, error) from error
    except boto.BotoCoreError as error:
        raise without_answer(service, error) from error


def code_of(error: boto.ClientError) -> str:
    """AWS's error code, such as ``ParameterNotFound``."""
    return error.response.get("Error", {}).get("Code", "")


def from_answer(service: str, error: boto.ClientError) -> RemoteError:
    """The error for an answer of AWS that says no."""
    code = code_of(error)
    said = error.response.get("Error", {}).get("Message", "") or "no message"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    action = f"{service}:{error.operation_name}"
    if code in EXPIRED:
        return CredentialsError(
            f"AWS does not accept the credentials ({action}, {code}): {said}", code=code, hint=_LOG_IN
        )
    if code in THROTTLED or status == 429:
        return Throttled(
            f"AWS asked to slow down for longer than we wait ({action}, {code}): {said}",
            code=code,
            hint="Run the same command again in a minute.",
        )
    if code in _DENIED:
        return RemoteError(
            f"AWS refused {action}: {said}",
            code=code,
            hint=f"Allow {action} in the caller's policy, or use another role.",
        )
    text = f"AWS answered {action} with {code or status}: {said}"
    if status >= 500:
        # botocore gives the status as the code when the answer had none.
        return RemoteError(text, code="" if code.isdigit() else code, hint="This passes; run the same command again.")
    return RemoteError(text, code=code)


def without_answer(service: str, error: boto.BotoCoreError) -> RemoteError | ConfigurationError:
    """The error for a call that got no answer at all."""
    said = str(error)
    if isinstance(error, _NO_CREDENTIALS) or type(error).__name__.startswith("Login"):
        return CredentialsError(f"There are no AWS credentials to use: {said}", hint=_LOG_IN)
    if isinstance(error, boto.NoRegionError):
        return ConfigurationError("No AWS region is set.", hint="Set AWS_REGION, or give --region.")
    if isinstance(error, _NO_ANSWER):
        return RemoteError(
            f"AWS did not answer ({service}): {said}",
            hint="Check the network, the proxy settings, the region and AWS_ENDPOINT_URL, then run it again.",
        )
    return RemoteError(f"The call to AWS failed ({service}): {said}")
