"""Systems Manager parameters."""

from __future__ import annotations

from typing import Any

import pytest

from appdp.aws.parameters import SsmParameters
from appdp.aws.session import Session
from appdp.engine.ports import Recorded
from appdp.errors import RemoteError, Throttled
from tests.unit.aws.server import AwsSays, AwsServer


def refusing(code: str) -> Any:  # noqa: ANN401  (an answer that never comes)
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays(code)

    return answer


def test_get(aws: AwsServer, session: Session) -> None:
    aws.answers["GetParameter"] = lambda asked: {"Parameter": {"Name": asked["Name"], "Value": "v1"}}
    assert SsmParameters(session).get("/appdp/shop/dev/release") == "v1"


def test_get_of_what_is_not_there(aws: AwsServer, session: Session) -> None:
    aws.answers["GetParameter"] = refusing("ParameterNotFound")
    assert SsmParameters(session).get("/x") is None


def test_get_that_is_denied(aws: AwsServer, session: Session) -> None:
    aws.answers["GetParameter"] = refusing("AccessDeniedException")
    with pytest.raises(RemoteError, match="ssm:GetParameter"):
        SsmParameters(session).get("/x")


def test_under_reads_all_pages_at_any_depth(aws: AwsServer, session: Session) -> None:
    def page(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["Recursive"] is True
        if "NextToken" not in asked:
            return {"Parameters": [{"Name": "/a/b", "Value": "1"}], "NextToken": "more"}
        return {"Parameters": [{"Name": "/a/c/d", "Value": "2"}]}

    aws.answers["GetParametersByPath"] = page
    assert SsmParameters(session).under("/a") == {"/a/b": "1", "/a/c/d": "2"}


def test_create_never_overwrites(aws: AwsServer, session: Session) -> None:
    aws.answers["PutParameter"] = lambda _: {"Version": 1}
    assert SsmParameters(session).create("/lock", "mine") is True
    assert aws.last("PutParameter").payload == {"Name": "/lock", "Value": "mine", "Type": "String", "Overwrite": False}


def test_create_of_what_is_there(aws: AwsServer, session: Session) -> None:
    aws.answers["PutParameter"] = refusing("ParameterAlreadyExists")
    assert SsmParameters(session).create("/lock", "mine") is False


def test_create_that_fails_is_not_mistaken_for_a_lock_that_is_held(aws: AwsServer, session: Session) -> None:
    aws.answers["PutParameter"] = refusing("TooManyUpdates")
    with pytest.raises(Throttled):
        SsmParameters(session).create("/lock", "mine")


def test_put_overwrites_and_asks_for_more_room_only_when_it_needs_it(aws: AwsServer, session: Session) -> None:
    aws.answers["PutParameter"] = lambda _: {"Version": 1}
    SsmParameters(session).put("/gate", "x" * 4096)
    assert "Tier" not in aws.last("PutParameter").payload
    SsmParameters(session).put("/gate", "é" * 2049)
    assert aws.last("PutParameter").payload["Tier"] == "Intelligent-Tiering"
    assert aws.last("PutParameter").payload["Overwrite"] is True


def test_delete_of_what_is_gone(aws: AwsServer, session: Session) -> None:
    aws.answers["DeleteParameter"] = refusing("ParameterNotFound")
    SsmParameters(session).delete("/x")
    assert aws.operations() == ["DeleteParameter"]


def test_history_is_oldest_first(aws: AwsServer, session: Session) -> None:
    def page(asked: dict[str, Any]) -> dict[str, Any]:
        by = {"LastModifiedDate": 1700000000, "LastModifiedUser": "arn:a"}
        if "NextToken" not in asked:
            return {"Parameters": [{"Value": "two", "Version": 2, **by}], "NextToken": "more"}
        return {"Parameters": [{"Value": "one", "Version": 1, **by}]}

    aws.answers["GetParameterHistory"] = page
    assert SsmParameters(session).history("/x") == (
        Recorded(value="one", version=1, at=1700000000.0, by="arn:a"),
        Recorded(value="two", version=2, at=1700000000.0, by="arn:a"),
    )


def test_history_of_what_is_not_there(aws: AwsServer, session: Session) -> None:
    aws.answers["GetParameterHistory"] = refusing("ParameterNotFound")
    assert SsmParameters(session).history("/x") == ()
