"""Which action and which resource a role's call is about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appdp.local.calls import LIMIT, CallRecord
from appdp.local.protocol import Signature
from appdp.local.registry_requests import RegistryRequest
from appdp.local.wire import Caller

HERE = Caller(account="000000000000", region="us-east-1")
THERE = Caller(account="111122223333", region="eu-west-1")
ROLE = "arn:aws:iam::000000000000:role/some/Role"
SERVICE = "arn:aws:ecs:eu-west-1:111122223333:service/cluster/web"
EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:machine:1"


def noted(record: CallRecord) -> list[tuple[str, str]]:
    calls = record.page()["calls"]
    assert {role for role, _, _ in calls} <= {ROLE}
    return [(action, resource) for _, action, resource in calls]


def called(service: str, operation: str, given: dict[str, Any]) -> list[tuple[str, str]]:
    record = CallRecord(HERE)
    headers = {"x-amz-target": f"Some_20260101.{operation}"}
    record.note_call(ROLE, Signature(service=service, caller=THERE), headers, json.dumps(given).encode())
    return noted(record)


@pytest.mark.parametrize(
    ("service", "operation", "given", "resource"),
    [
        ("ecr", "PutImage", {"repositoryName": "a/b"}, "arn:aws:ecr:eu-west-1:111122223333:repository/a/b"),
        (
            "ecr",
            "PutImage",
            {"repositoryName": "a/b", "registryId": "444455556666"},
            "arn:aws:ecr:eu-west-1:444455556666:repository/a/b",
        ),
        ("ecr", "GetAuthorizationToken", {}, "*"),
        ("ssm", "GetParameter", {"Name": "/a/b"}, "arn:aws:ssm:eu-west-1:111122223333:parameter/a/b"),
        ("ssm", "GetParameter", {"Name": "b"}, "arn:aws:ssm:eu-west-1:111122223333:parameter/b"),
        ("ssm", "GetParametersByPath", {"Path": "/a"}, "arn:aws:ssm:eu-west-1:111122223333:parameter/a"),
        ("events", "PutEvents", {"Entries": [{}, {}]}, "arn:aws:events:eu-west-1:111122223333:event-bus/default"),
        (
            "events",
            "PutEvents",
            {"Entries": [{"EventBusName": "mine"}]},
            "arn:aws:events:eu-west-1:111122223333:event-bus/mine",
        ),
        (
            "logs",
            "GetLogEvents",
            {"logGroupName": "/a/b", "logStreamName": "c/{d}"},
            "arn:aws:logs:eu-west-1:111122223333:log-group:/a/b:log-stream:c/{d}",
        ),
        ("ecs", "UpdateService", {"cluster": "c", "service": SERVICE}, SERVICE),
        ("ecs", "UpdateService", {"cluster": "c", "service": "web"}, "*"),
        ("ecs", "RegisterTaskDefinition", {"family": "web"}, "*"),
        ("states", "DescribeExecution", {"executionArn": EXECUTION}, EXECUTION),
        ("codepipeline", "PutJobSuccessResult", {"jobId": "1"}, "*"),
    ],
)
def test_the_resource_of_a_call(service: str, operation: str, given: dict[str, Any], resource: str) -> None:
    assert called(service, operation, given) == [(f"{service}:{operation}", resource)]


def test_a_call_about_several_resources_is_as_many_calls() -> None:
    given = {"services": [SERVICE, f"{SERVICE}2"]}
    assert called("ecs", "DescribeServices", given) == [
        ("ecs:DescribeServices", SERVICE),
        ("ecs:DescribeServices", f"{SERVICE}2"),
    ]


def test_a_query_names_its_action_in_its_form() -> None:
    record = CallRecord(HERE)
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    signed = Signature(service="elasticloadbalancing", caller=THERE)
    record.note_call(ROLE, signed, headers, b"Action=DescribeTargetHealth&Version=2015-12-01")
    assert noted(record) == [("elasticloadbalancing:DescribeTargetHealth", "*")]


def test_what_is_not_understood_is_noted_as_what_no_policy_allows() -> None:
    record = CallRecord(HERE)
    record.note_call(ROLE, Signature(service="s3", caller=THERE), {}, b"\xff not JSON")
    record.note_call(ROLE, Signature(service="s3", caller=THERE), {}, b"[]")
    assert noted(record) == [("s3:", "*")]


def test_a_request_to_the_registry_is_about_its_repository() -> None:
    record = CallRecord(HERE)
    record.note_request(ROLE, RegistryRequest(repository="a/b", actions=("ecr:PutImage", "ecr:BatchGetImage")))
    arn = "arn:aws:ecr:us-east-1:000000000000:repository/a/b"
    assert noted(record) == [("ecr:BatchGetImage", arn), ("ecr:PutImage", arn)]


def test_the_record_does_not_grow_for_ever() -> None:
    record = CallRecord(HERE)
    for number in range(LIMIT + 10):
        record.note_request(ROLE, RegistryRequest(repository=f"r{number}", actions=("ecr:PutImage",)))
    assert len(noted(record)) == LIMIT
