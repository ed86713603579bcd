"""Reading environments of other accounts and regions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from appdp.aws.elsewhere import AwsElsewhere
from appdp.aws.session import Session
from appdp.errors import RemoteError, Throttled
from appdp.model.publication import Place
from tests.unit.aws.server import AwsSays, AwsServer

ROLE = "arn:aws:iam::444455556666:role/appdp/shop/prod/appdp-release-0123456789abcdef-eu-west-1"
NAME = "/appdp/shop/prod/release"
ASKED = {"RoleArn": ROLE, "RoleSessionName": "appdp-publish", "DurationSeconds": 900}
GIVEN = {
    "AccessKeyId": "ASIAOVERTHEREEXAMPLE",
    "SecretAccessKey": "secret",
    "SessionToken": "token-from-there",
    "Expiration": datetime(2027, 1, 1, tzinfo=UTC),
}


def released(_: dict[str, Any]) -> dict[str, Any]:
    return {"Parameter": {"Name": NAME, "Value": "c1"}}


def missing(_: dict[str, Any]) -> dict[str, Any]:
    raise AwsSays("ParameterNotFound")


def test_another_account_is_read_with_its_role(aws: AwsServer, session: Session) -> None:
    aws.answers["GetParameter"] = released
    with Stubber(session.sts) as sts:
        sts.add_response("assume_role", {"Credentials": GIVEN}, ASKED)
        assert AwsElsewhere(session).parameter(Place(region="eu-west-1", role=ROLE), NAME) == "c1"
        sts.assert_no_pending_responses()
    asked = aws.last("GetParameter")
    assert asked.payload == {"Name": NAME}
    assert "Credential=ASIAOVERTHEREEXAMPLE/" in asked.headers["Authorization"]
    assert "/eu-west-1/ssm/" in asked.headers["Authorization"]
    assert asked.headers["X-Amz-Security-Token"] == "token-from-there"


def test_another_account_in_the_same_region(aws: AwsServer, session: Session) -> None:
    aws.answers["GetParameter"] = released
    with Stubber(session.sts) as sts:
        sts.add_response("assume_role", {"Credentials": GIVEN}, ASKED)
        AwsElsewhere(session).parameter(Place(role=ROLE), NAME)
    assert "/us-east-1/ssm/" in aws.last("GetParameter").headers["Authorization"]


def test_another_region_needs_no_role(aws: AwsServer, session: Session) -> None:
    aws.answers["GetParameter"] = released
    assert AwsElsewhere(session).parameter(Place(region="ap-northeast-1"), NAME) == "c1"
    assert "Credential=AKIDEXAMPLE/" in aws.last("GetParameter").headers["Authorization"]
    assert "/ap-northeast-1/ssm/" in aws.last("GetParameter").headers["Authorization"]


def test_a_parameter_that_is_not_there(aws: AwsServer, session: Session) -> None:
    aws.answers["GetParameter"] = missing
    assert AwsElsewhere(session).parameter(Place(region="ap-northeast-1"), NAME) is None


def test_what_is_below_a_path(aws: AwsServer, session: Session) -> None:
    path = "/appdp/shop/prod/schedules"
    pages = iter([([f"{path}/a"], {"NextToken": "more"}), ([f"{path}/b"], {})])

    def listed(_: dict[str, Any]) -> dict[str, Any]:
        names, token = next(pages)
        return {"Parameters": [{"Name": name, "Value": name[-1]} for name in names], **token}

    aws.answers["GetParametersByPath"] = listed
    found = AwsElsewhere(session).parameters(Place(region="ap-northeast-1"), path)
    assert found == {f"{path}/a": "a", f"{path}/b": "b"}
    asked = aws.last("GetParametersByPath")
    assert asked.payload == {"Path": path, "Recursive": True, "NextToken": "more"}
    assert "/ap-northeast-1/ssm/" in asked.headers["Authorization"]


def test_a_role_that_is_not_there_says_who_makes_it(session: Session) -> None:
    with Stubber(session.sts) as sts:
        said = f"User: arn:aws:sts::1:assumed-role/x is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
        sts.add_client_error("assume_role", "AccessDenied", said, 403)
        with pytest.raises(
            RemoteError, match=f"(?s)AWS refused sts:AssumeRole: .*{ROLE} .*released_from= this account"
        ):
            AwsElsewhere(session).parameter(Place(role=ROLE), NAME)


def test_other_answers_are_passed_on(aws: AwsServer, session: Session) -> None:
    def denied(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("AccessDeniedException")

    with Stubber(session.sts) as sts:
        sts.add_client_error("assume_role", "Throttling", "slow", 400)
        with pytest.raises(Throttled):
            AwsElsewhere(session).parameter(Place(role=ROLE), NAME)
    aws.answers["GetParameter"] = denied
    with pytest.raises(RemoteError, match="AWS refused ssm:GetParameter"):
        AwsElsewhere(session).parameter(Place(region="eu-west-1"), NAME)
