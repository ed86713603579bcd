"""CodePipeline's jobs, on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import get_session

from appdp.aws.pipeline_jobs import MESSAGE_LIMIT, SUMMARY_LIMIT, TOKEN_LIMIT, CodePipelineJobs, shortened
from appdp.aws.session import Session
from appdp.errors import ConfigurationError, RemoteError
from tests.unit.aws.server import AwsSays, AwsServer

JOB = "11111111-2222-3333-4444-555555555555"
STATE = '{"commit":"c1"}'
GOOD, BAD = "PutJobSuccessResult", "PutJobFailureResult"


@pytest.fixture
def jobs(aws: AwsServer, session: Session) -> CodePipelineJobs:
    aws.answers[GOOD] = aws.answers[BAD] = lambda _: {}
    return CodePipelineJobs(session)


def test_work_that_goes_on(aws: AwsServer, jobs: CodePipelineJobs) -> None:
    jobs.goes_on(JOB, token=STATE, summary="waiting")
    assert aws.last(GOOD).payload == {
        "jobId": JOB,
        "continuationToken": STATE,
        "executionDetails": {"summary": "waiting"},
    }


def test_work_that_is_done(aws: AwsServer, jobs: CodePipelineJobs) -> None:
    jobs.succeeded(JOB, variables={"commit": "c1"}, summary="s" * 3000)
    assert aws.last(GOOD).payload == {
        "jobId": JOB,
        "outputVariables": {"commit": "c1"},
        "executionDetails": {"summary": "s" * (SUMMARY_LIMIT - 1) + "…", "percentComplete": 100},
    }


def test_work_that_failed(aws: AwsServer, jobs: CodePipelineJobs) -> None:
    jobs.failed(JOB, kind="JobFailed", message="")
    assert aws.last(BAD).payload == {"jobId": JOB, "failureDetails": {"type": "JobFailed", "message": "no details"}}
    jobs.failed(JOB, kind="JobFailed", message="m" * 9000)
    assert len(aws.last(BAD).payload["failureDetails"]["message"]) == MESSAGE_LIMIT


def test_a_token_that_is_too_long(aws: AwsServer, jobs: CodePipelineJobs) -> None:
    jobs.goes_on(JOB, token="t" * TOKEN_LIMIT, summary="s")
    with pytest.raises(ConfigurationError, match="has 2049 characters; CodePipeline takes 2048"):
        jobs.goes_on(JOB, token="t" * (TOKEN_LIMIT + 1), summary="s")


def test_a_job_keeps_the_result_that_it_has(aws: AwsServer, jobs: CodePipelineJobs) -> None:
    def told_before(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("InvalidJobStateException")

    aws.answers[GOOD] = aws.answers[BAD] = told_before
    jobs.succeeded(JOB, variables={}, summary="s")
    jobs.failed(JOB, kind="JobFailed", message="m")
    assert aws.operations() == [GOOD, BAD]


def test_a_result_that_is_refused_is_an_error(aws: AwsServer, jobs: CodePipelineJobs) -> None:
    def denied(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("AccessDeniedException")

    aws.answers[GOOD] = aws.answers[BAD] = denied
    with pytest.raises(RemoteError, match="AWS refused codepipeline:PutJobSuccessResult"):
        jobs.succeeded(JOB, variables={}, summary="s")
    with pytest.raises(RemoteError, match="AWS refused codepipeline:PutJobFailureResult"):
        jobs.failed(JOB, kind="JobFailed", message="m")


def test_the_limits_are_those_of_the_service() -> None:
    model = get_session().get_service_model("codepipeline")
    limits = {
        name: model.shape_for(name).metadata["max"] for name in ("ContinuationToken", "ExecutionSummary", "Message")
    }
    assert limits == {"ContinuationToken": TOKEN_LIMIT, "ExecutionSummary": SUMMARY_LIMIT, "Message": MESSAGE_LIMIT}


def test_short_texts_stay() -> None:
    assert shortened(" a ", 3) == "a"
    assert shortened("abcd", 3) == "ab…"
