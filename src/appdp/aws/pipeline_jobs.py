"""AWS CodePipeline's jobs: how the function of an action says what became of its work."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_codepipeline.type_defs import (
        ExecutionDetailsTypeDef,
        FailureDetailsTypeDef,
        PutJobSuccessResultInputTypeDef,
    )

    from appdp.aws.session import Session
    from appdp.engine.publish.ports import FailureKind

_LOG = logging.getLogger(__name__)

TOKEN_LIMIT: Final = 2048
SUMMARY_LIMIT: Final = 2048
"""See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html"""

MESSAGE_LIMIT: Final = 5000
"""See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html"""


class CodePipelineJobs:
    """Implements :class:`appdp.engine.publish.ports.PipelineJobs`. Needs ``codepipeline:PutJobSuccessResult`` and
    ``codepipeline:PutJobFailureResult``, which AWS cannot limit to a resource.

    A job that has a result already keeps it: Lambda calls a function again whose answer got lost.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def goes_on(self, job: str, *, token: str, summary: str) -> None:
        """The work goes on: call again with this token.

        Raises:
            ConfigurationError: the token is longer than CodePipeline takes.
        """
        if len(token) > TOKEN_LIMIT:
            raise ConfigurationError(
                f"The continuation token has {len(token)} characters; CodePipeline takes {TOKEN_LIMIT}.",
                hint="Shorten what the action's UserParameters hold.",
            )
        details: ExecutionDetailsTypeDef = {"summary": shortened(summary, SUMMARY_LIMIT)}
        self._succeed({"jobId": job, "continuationToken": token, "executionDetails": details})

    def succeeded(self, job: str, *, variables: Mapping[str, str], summary: str) -> None:
        """The work is done; ``variables`` are the action's output variables."""
        details: ExecutionDetailsTypeDef = {"summary": shortened(summary, SUMMARY_LIMIT), "percentComplete": 100}
        self._succeed({"jobId": job, "outputVariables": dict(variables), "executionDetails": details})

    @translated("codepipeline")
    def failed(self, job: str, *, kind: FailureKind, message: str) -> None:
        """The work failed."""
        details: FailureDetailsTypeDef = {"type": kind, "message": shortened(message, MESSAGE_LIMIT)}
        try:
            self._session.codepipeline.put_job_failure_result(jobId=job, failureDetails=details)
        except ClientError as error:
            _unless_told_before(job, error)

    @translated("codepipeline")
    def _succeed(self, told: PutJobSuccessResultInputTypeDef) -> None:
        try:
            self._session.codepipeline.put_job_success_result(**told)
        except ClientError as error:
            _unless_told_before(told["jobId"], error)


def shortened(text: str, limit: int) -> str:
    """At least one character, and at most ``limit``; what is cut off is marked."""
    text = text.strip() or "no details"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _unless_told_before(job: str, error: ClientError) -> None:
    if code_of(error) != "InvalidJobStateException":
        raise error
    _LOG.warning("The job %s has a result already: %s", job, error)
