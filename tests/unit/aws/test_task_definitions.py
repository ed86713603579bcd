"""A task definition goes out as it came in, also with fields that no SDK knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from appdp.aws.raw import ATTEMPTS, RawJson
from appdp.aws.session import Session
from appdp.aws.task_definitions import EcsTaskDefinitions
from appdp.engine.deploy.clone import clone
from appdp.errors import CredentialsError, RemoteError
from tests.unit.aws.server import AwsSays, AwsServer

ARN = "arn:aws:ecs:us-east-1:000000000000:task-definition/shop-api:7"

DEFINITION: dict[str, Any] = {
    "taskDefinitionArn": ARN,
    "family": "shop-api",
    "revision": 7,
    "status": "ACTIVE",
    "requiresAttributes": [{"name": "ecs.capability.execution-role-ecr-pull"}],
    "compatibilities": ["EC2", "FARGATE"],
    "registeredAt": 1700000000.123,
    "registeredBy": "arn:aws:iam::000000000000:role/cfn",
    "containerDefinitions": [
        {"name": "api", "image": "repo@sha256:1", "warpDrive": {"factor": 9.5, "engaged": True}, "memory": None}
    ],
    "quantumMode": {"entangledWith": ["a", "b"], "nested": {"déjà": "vu"}},
}


def test_unknown_fields_survive_reading_and_registering(aws: AwsServer, session: Session) -> None:
    tags = [{"key": "team", "value": "web"}, {"key": "aws:cloudformation:stack-name", "value": "shop-dev"}]
    aws.answers["DescribeTaskDefinition"] = lambda _: {"taskDefinition": DEFINITION, "tags": tags}
    aws.answers["RegisterTaskDefinition"] = lambda _: {"taskDefinition": {"taskDefinitionArn": f"{ARN[:-1]}8"}}
    definitions = EcsTaskDefinitions(session)

    read = definitions.read(ARN)
    assert read == {**DEFINITION, "tags": tags}
    assert aws.last("DescribeTaskDefinition").payload == {"taskDefinition": ARN, "include": ["TAGS"]}

    assert definitions.register(clone(read, {})) == f"{ARN[:-1]}8"
    sent = aws.last("RegisterTaskDefinition").payload
    assert sent == {
        "family": "shop-api",
        "containerDefinitions": DEFINITION["containerDefinitions"],
        "quantumMode": DEFINITION["quantumMode"],
        "tags": [{"key": "team", "value": "web"}],
    }


def test_calls_are_signed_for_the_service_and_region(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeTaskDefinition"] = lambda _: {"taskDefinition": {}}
    EcsTaskDefinitions(session).read(ARN)
    headers = aws.received[0].headers
    assert "/us-east-1/ecs/aws4_request" in headers["Authorization"]
    assert headers["X-Amz-Target"] == "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition"


def test_the_session_token_is_sent(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    aws.answers["DescribeTaskDefinition"] = lambda _: {"taskDefinition": {}}
    EcsTaskDefinitions(Session()).read(ARN)
    assert aws.received[0].headers["X-Amz-Security-Token"] == "token"


def test_without_credentials_nothing_is_sent(aws: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(CredentialsError):
        EcsTaskDefinitions(Session()).read(ARN)
    assert aws.received == []


def test_a_refusal_names_the_action(aws: AwsServer, session: Session) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("com.amazon#ClientException", "Unable to describe task definition.")

    aws.answers["DescribeTaskDefinition"] = refuse
    with pytest.raises(RemoteError, match="ecs:DescribeTaskDefinition with ClientException: Unable") as caught:
        EcsTaskDefinitions(session).read(ARN)
    assert caught.value.code == "ClientException"


def test_throttling_and_server_errors_are_tried_again(aws: AwsServer, session: Session) -> None:
    refusals = [AwsSays("ThrottlingException"), AwsSays("ServerException", status=500)]
    pauses: list[float] = []

    def answer(_: dict[str, Any]) -> dict[str, Any]:
        if refusals:
            raise refusals.pop()
        return {"done": True}

    aws.answers["RegisterTaskDefinition"] = answer
    assert RawJson(session, session.ecs, "T", sleep=pauses.append).call("RegisterTaskDefinition", {}) == {"done": True}
    assert len(pauses) == 2
    assert all(0 <= pause <= 8 for pause in pauses)


def test_a_service_that_stays_down_is_not_asked_for_ever(aws: AwsServer, session: Session) -> None:
    def down(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("ServerException", status=500)

    aws.answers["RegisterTaskDefinition"] = down
    with pytest.raises(Exception, match="ServerException"):
        RawJson(session, session.ecs, "T", sleep=lambda _: None).call("RegisterTaskDefinition", {})
    assert len(aws.received) == ATTEMPTS


def test_numbers_and_text_are_not_touched(aws: AwsServer, session: Session) -> None:
    aws.answers["RegisterTaskDefinition"] = lambda _: {"taskDefinition": {"taskDefinitionArn": ARN}}
    EcsTaskDefinitions(session).register({"a": 9.5, "b": True, "c": None, "d": "é", "e": 12345678901234567890})
    assert json.loads(aws.received[0].body) == {"a": 9.5, "b": True, "c": None, "d": "é", "e": 12345678901234567890}
