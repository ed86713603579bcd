"""Which action and which resource a role's call is about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appdp.local.calls import LIMIT, CallRecord
from appdp.local.protocol import Signature
from appdp.local.registry_requests import RegistryRequest
from appdp.local.schedule_calls import schedule_action
from appdp.local.wire import Caller

HERE = Caller(account="000000000000", region="us-east-1")
THERE = Caller(account="111122223333", region="eu-west-1")
ROLE = "arn:aws:iam::000000000000:role/some/Role"
SERVICE = "arn:aws:ecs:eu-west-1:111122223333:service/cluster/web"
DEFINITION = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web"
PASSED = "arn:aws:iam::111122223333:role/shop/Tasks"
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
        (
            "codedeploy",
            "CreateDeployment",
            {"applicationName": "shop", "deploymentGroupName": "web"},
            "arn:aws:codedeploy:eu-west-1:111122223333:deploymentgroup:shop/web",
        ),
        (
            "codedeploy",
            "GetApplicationRevision",
            {"applicationName": "shop"},
            "arn:aws:codedeploy:eu-west-1:111122223333:application:shop",
        ),
        (
            "codedeploy",
            "GetDeploymentConfig",
            {"deploymentConfigName": "slow"},
            "arn:aws:codedeploy:eu-west-1:111122223333:deploymentconfig:slow",
        ),
        ("codedeploy", "GetDeployment", {"deploymentId": "d-1"}, "*"),
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
        (
            "ecs",
            "UpdateService",
            {"cluster": "c", "service": "web"},
            "arn:aws:ecs:eu-west-1:111122223333:service/c/web",
        ),
        ("ecs", "DescribeTasks", {"tasks": ["t1"]}, "arn:aws:ecs:eu-west-1:111122223333:task/default/t1"),
        ("ecs", "ListTasks", {"cluster": "c", "family": "web"}, "*"),
        ("ecs", "RunTask", {"cluster": "c", "taskDefinition": f"{DEFINITION}:7"}, f"{DEFINITION}:7"),
        ("ecs", "DescribeTaskDefinition", {"taskDefinition": f"{DEFINITION}:7"}, "*"),
        ("ecs", "RegisterTaskDefinition", {"family": "web"}, "*"),
        ("states", "DescribeExecution", {"executionArn": EXECUTION}, EXECUTION),
        ("codepipeline", "PutJobSuccessResult", {"jobId": "1"}, "*"),
    ],
)
def test_the_resource_of_a_call(service: str, operation: str, given: dict[str, Any], resource: str) -> None:
    assert called(service, operation, given) == [(f"{service}:{operation}", resource)]


@pytest.mark.parametrize(
    ("service", "operation", "given", "also"),
    [
        (
            "ecs",
            "RegisterTaskDefinition",
            {"family": "web", "taskRoleArn": PASSED, "executionRoleArn": f"{PASSED}2", "tags": [{}]},
            {("iam:PassRole", PASSED), ("iam:PassRole", f"{PASSED}2"), ("ecs:TagResource", f"{DEFINITION}:*")},
        ),
        ("ecs", "RegisterTaskDefinition", {"family": "web", "tags": []}, set()),
        (
            "ecs",
            "RunTask",
            {"taskDefinition": "web", "propagateTags": "TASK_DEFINITION"},
            {("ecs:TagResource", "arn:aws:ecs:eu-west-1:111122223333:task/*")},
        ),
        ("ecs", "RunTask", {"taskDefinition": "web", "propagateTags": "NONE"}, set()),
        (
            "codedeploy",
            "CreateDeployment",
            {"applicationName": "shop", "deploymentGroupName": "web", "revision": {"revisionType": "AppSpecContent"}},
            {
                (
                    "codedeploy:RegisterApplicationRevision",
                    "arn:aws:codedeploy:eu-west-1:111122223333:application:shop",
                )
            },
        ),
    ],
)
def test_what_a_call_needs_besides(
    service: str, operation: str, given: dict[str, Any], also: set[tuple[str, str]]
) -> None:
    first, *_ = (action for action, _ in called(service, operation, given) if action == f"{service}:{operation}")
    assert {(action, name) for action, name in called(service, operation, given) if action != first} == also


def test_who_changes_a_schedule_passes_its_role() -> None:
    record = CallRecord(HERE)
    body = json.dumps({"Target": {"RoleArn": PASSED}}).encode()
    signed = Signature(service="scheduler", caller=THERE)
    record.note_schedule(ROLE, signed, "UpdateSchedule", "schedule/shop.dev/report", body)
    record.note_schedule(ROLE, signed, "GetSchedule", "schedule/shop.dev/report")
    arn = "arn:aws:scheduler:eu-west-1:111122223333:schedule/shop.dev/report"
    assert noted(record) == [
        ("iam:PassRole", PASSED),
        ("scheduler:GetSchedule", arn),
        ("scheduler:UpdateSchedule", arn),
    ]


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


def test_an_action_has_the_prefix_of_iam_not_the_name_that_requests_are_signed_with() -> None:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    assert called("monitoring", "DescribeAlarms", {}) == [("cloudwatch:DescribeAlarms", "*")]


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


@pytest.mark.parametrize("given", [{"deploymentId": "d-1"}, {"deploymentIds": ["d-1"]}])
def test_a_codedeploy_deployment_is_noted_as_its_group(given: dict[str, Any]) -> None:
    record = CallRecord(HERE)
    record.deployment_group = {"d-1": "shop/web"}.__getitem__
    headers = {"x-amz-target": "CodeDeploy_20141006.AnyDeployment"}
    record.note_call(ROLE, Signature(service="codedeploy", caller=THERE), headers, json.dumps(given).encode())
    group = "arn:aws:codedeploy:eu-west-1:111122223333:deploymentgroup:shop/web"
    assert noted(record) == [("codedeploy:AnyDeployment", group)]


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "found"),
    [
        ("GET", "/schedules/report", "groupName=shop.dev", b"", ("GetSchedule", "schedule/shop.dev/report")),
        ("PUT", "/schedules/report", "", b'{"GroupName": "shop.dev"}', ("UpdateSchedule", "schedule/shop.dev/report")),
        ("DELETE", "/schedules/report", "", b"", ("DeleteSchedule", "schedule/default/report")),
        ("GET", "/schedules/", "", b"", None),
        ("GET", "/schedule-groups/shop.dev", "", b"", None),
    ],
)
def test_a_schedule_is_named_by_its_address(
    method: str, path: str, query: str, body: bytes, found: tuple[str, str] | None
) -> None:
    assert schedule_action(method, path, query, body) == found
    if found is not None:
        record = CallRecord(HERE)
        record.note_schedule(ROLE, Signature(service="scheduler", caller=THERE), *found)
        assert noted(record) == [(f"scheduler:{found[0]}", f"arn:aws:scheduler:eu-west-1:111122223333:{found[1]}")]
