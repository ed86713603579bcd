"""The gate function's answers to ECS."""

from __future__ import annotations

import time
from typing import Any

import pytest

from appdp.errors import ConfigurationError, RemoteError
from appdp.model.gate import Gate
from appdp.runtime import gate
from appdp.runtime.setting import Setting, setting
from tests.unit.aws.server import AwsSays, AwsServer

REVISION = "arn:aws:ecs:us-east-1:000000000000:service-revision/shop/api/2"
DEPLOYMENT = "arn:aws:ecs:us-east-1:000000000000:service-deployment/shop/api/d2"

# The shape that ECS sends: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
EVENT: dict[str, Any] = {
    "executionId": "e8d5a28f",
    "lifecycleStage": "POST_TEST_TRAFFIC_SHIFT",
    "resourceArn": DEPLOYMENT,
    "executionDetails": {
        "serviceArn": "arn:aws:ecs:us-east-1:000000000000:service/shop/api",
        "targetServiceRevisionArn": REVISION,
        "testTrafficWeights": {},
        "productionTrafficWeights": {},
    },
    "hookDetails": {},
}


def shut(opens_at: float | None = None) -> Gate:
    return Gate(deployment="d", task_definitions=("td:2", "td:9"), opens_at=opens_at)


@pytest.mark.parametrize(
    ("task_definition", "opens_at", "answer"),
    [
        ("td:1", None, ("SUCCEEDED", None)),
        ("td:2", None, ("IN_PROGRESS", 5)),
        ("td:2", 107.0, ("IN_PROGRESS", 7)),
        ("td:2", 106.2, ("IN_PROGRESS", 7)),
        ("td:2", 100.1, ("IN_PROGRESS", 1)),
        ("td:2", 100.0, ("SUCCEEDED", None)),
        ("td:9", 99.0, ("SUCCEEDED", None)),
    ],
)
def test_the_rule(task_definition: str, opens_at: float | None, answer: tuple[str, int | None]) -> None:
    assert shut(opens_at).answer(task_definition, now=100.0) == answer


def standing(aws: AwsServer, value: Gate | None, task_definition: str | None = "td:2") -> None:
    def parameter(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["Name"] == "/appdp/shop/dev/gate"
        if value is None:
            raise AwsSays("ParameterNotFound")
        return {"Parameter": {"Value": value.to_json()}}

    revisions = [] if task_definition is None else [{"serviceRevisionArn": REVISION, "taskDefinition": task_definition}]
    aws.answers["GetParameter"] = parameter
    aws.answers["DescribeServiceRevisions"] = lambda _: {"serviceRevisions": revisions}


def test_without_a_gate_everything_passes_at_once(aws: AwsServer, where: Setting) -> None:
    standing(aws, None)
    assert gate.decide(EVENT, where) == {"hookStatus": "SUCCEEDED"}
    assert aws.operations() == ["GetParameter"]


def test_a_deployment_of_ours_waits(aws: AwsServer, where: Setting) -> None:
    standing(aws, shut())
    assert gate.decide(EVENT, where) == {"hookStatus": "IN_PROGRESS", "callBackDelay": 5}


def test_all_call_back_when_the_gate_opens(aws: AwsServer, where: Setting) -> None:
    standing(aws, shut(time.time() + 70))
    answer = gate.decide(EVENT, where)
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert 5 < answer["callBackDelay"] <= 70


def test_an_open_gate_lets_pass(aws: AwsServer, where: Setting) -> None:
    standing(aws, shut(time.time() - 1))
    assert gate.decide(EVENT, where) == {"hookStatus": "SUCCEEDED"}


def test_a_deployment_of_somebody_else_passes_while_the_gate_is_shut(aws: AwsServer, where: Setting) -> None:
    standing(aws, shut(), "td:cloudformation")
    assert gate.decide(EVENT, where) == {"hookStatus": "SUCCEEDED"}


def test_a_revision_that_ecs_does_not_describe_yet_waits(aws: AwsServer, where: Setting) -> None:
    standing(aws, shut(), None)
    assert gate.decide(EVENT, where) == {"hookStatus": "IN_PROGRESS", "callBackDelay": 5}


def test_the_revision_is_found_through_the_deployment_if_the_event_does_not_name_it(
    aws: AwsServer, where: Setting
) -> None:
    standing(aws, shut())
    aws.answers["DescribeServiceDeployments"] = lambda _: {
        "serviceDeployments": [
            {"serviceDeploymentArn": DEPLOYMENT, "status": "IN_PROGRESS", "targetServiceRevision": {"arn": REVISION}}
        ]
    }
    event = {"resourceArn": DEPLOYMENT, "lifecycleStage": "POST_TEST_TRAFFIC_SHIFT"}
    assert gate.decide(event, where)["hookStatus"] == "IN_PROGRESS"
    assert gate.decide({"targetServiceRevisionArn": REVISION}, where)["hookStatus"] == "IN_PROGRESS"
    assert gate.decide({}, where)["hookStatus"] == "IN_PROGRESS"


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "ExpiredTokenException"])
def test_an_error_that_passes_keeps_the_gate_shut(aws: AwsServer, where: Setting, code: str) -> None:
    def fail(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays(code)

    aws.answers["GetParameter"] = fail
    assert gate.decide(EVENT, where) == {"hookStatus": "IN_PROGRESS", "callBackDelay": 5}


def test_a_missing_permission_is_seen(aws: AwsServer, where: Setting) -> None:
    def fail(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("AccessDeniedException")

    aws.answers["GetParameter"] = fail
    with pytest.raises(RemoteError, match="ssm:GetParameter"):
        gate.decide(EVENT, where)


def test_the_handler_reads_its_environment(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    setting.cache_clear()
    monkeypatch.setenv("APPDP_APPLICATION", "shop")
    monkeypatch.delenv("APPDP_ENVIRONMENT", raising=False)
    with pytest.raises(ConfigurationError, match="APPDP_ENVIRONMENT"):
        gate.handler(EVENT, None)
    monkeypatch.setenv("APPDP_ENVIRONMENT", "dev")
    standing(aws, None)
    assert gate.handler(EVENT, None) == {"hookStatus": "SUCCEEDED"}
    setting.cache_clear()
