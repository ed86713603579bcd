"""What botocore raises leaves as an error that names the action and the next step."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError

from appdp.aws.errors import translated
from appdp.aws.session import Session
from appdp.engine.deploy.faults import passes
from appdp.errors import AppdpError, ConfigurationError, CredentialsError, RemoteError, Throttled
from tests.unit.aws.server import AwsSays, AwsServer


def answered(code: str, message: str = "said so", status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # only what is read
        "DescribeServices",
    )


def translate(error: Exception) -> AppdpError:
    with pytest.raises(AppdpError) as caught, translated("ecs"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (answered("ExpiredTokenException"), CredentialsError, "Log in again"),
        (answered("InvalidClientTokenId", status=403), CredentialsError, "Log in again"),
        (answered("UnrecognizedClientException"), CredentialsError, "does not accept the credentials"),
        (answered("ThrottlingException"), Throttled, "in a minute"),
        (answered("TooManyUpdates"), Throttled, "slow down"),
        (answered("Whatever", status=429), Throttled, "slow down"),
        (answered("AccessDeniedException"), RemoteError, "Allow ecs:DescribeServices"),
        (
            answered("ClusterNotFoundException"),
            RemoteError,
            "ecs:DescribeServices with ClusterNotFoundException: said so",
        ),
        (answered("ServerException", status=500), RemoteError, "run the same command again"),
        (boto.NoCredentialsError(), CredentialsError, "There are no AWS credentials"),
        (boto.ProfileNotFound(profile="ops"), CredentialsError, "ops"),
        (boto.UnauthorizedSSOTokenError(), CredentialsError, "aws sso login"),
        (boto.TokenRetrievalError(provider="sso", error_msg="old"), CredentialsError, "Log in again"),
        (boto.LoginTokenLoadError(error_msg="x"), CredentialsError, "Log in again"),
        (boto.NoRegionError(), ConfigurationError, "AWS_REGION"),
        (boto.EndpointConnectionError(endpoint_url="https://x"), RemoteError, "Check the network"),
        (boto.ConnectTimeoutError(endpoint_url="https://x"), RemoteError, "Check the network"),
        (boto.ReadTimeoutError(endpoint_url="https://x"), RemoteError, "Check the network"),
        (boto.ParamValidationError(report="bad"), RemoteError, "The call to AWS failed (ecs)"),
    ],
)
def test_each_exception_has_its_error(error: Exception, kind: type[AppdpError], words: str) -> None:
    translation = translate(error)
    assert type(translation) is kind
    assert words in str(translation)


def test_the_code_is_kept_so_that_the_engine_knows_what_passes() -> None:
    denied = translate(answered("AccessDeniedException"))
    assert isinstance(denied, RemoteError)
    assert denied.code == "AccessDeniedException"
    assert not passes(denied)


@pytest.mark.parametrize(
    "error", [answered("503", status=503), answered("", status=500), answered("ServerException", status=500)]
)
def test_an_error_of_the_service_itself_passes(error: ClientError) -> None:
    translation = translate(error)
    assert isinstance(translation, RemoteError)
    assert passes(translation)


def test_no_answer_passes() -> None:
    translation = translate(boto.EndpointConnectionError(endpoint_url="https://x"))
    assert isinstance(translation, RemoteError)
    assert passes(translation)


def test_other_exceptions_are_left_alone() -> None:
    with pytest.raises(KeyError), translated("ecs"):
        raise KeyError("mine")


def test_an_expired_token_on_the_wire(aws: AwsServer, session: Session) -> None:
    def expired(_: dict[str, object]) -> dict[str, object]:
        raise AwsSays("ExpiredTokenException", "The security token included in the request is expired")

    aws.answers["GetParameter"] = expired
    with pytest.raises(CredentialsError, match="expired"), translated("ssm"):
        session.ssm.get_parameter(Name="/x")
