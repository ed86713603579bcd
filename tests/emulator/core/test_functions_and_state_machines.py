"""Lambda and Step Functions as the deployer uses them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.core.functions import ROLE, create_function

LOOP = """
class Throttled(Exception):
    pass

rounds = {"count": 0}

def handler(event, context):
    count = event.get("count", 0) + 1
    with open(__import__("os").environ["TMPDIR"] + "/" + event["mark"], "a") as tries:
        tries.write(".")
    with open(__import__("os").environ["TMPDIR"] + "/" + event["mark"]) as tries:
        if len(tries.read()) == 2:
            raise Throttled("slow down")
    return {
        "mark": event["mark"],
        "count": count,
        "done": count >= 3,
        "wait_seconds": 0,
        "outcome": event["mark"],
        "summary": "because of " + event["execution"],
        "execution": event["execution"],
    }
"""


def _definition(function: str) -> dict[str, Any]:
    """The shape of the deployer's state machine."""
    done = {"Variable": "$.done", "BooleanEquals": True}
    good = {"Variable": "$.outcome", "StringEquals": "good"}
    return {
        "StartAt": "Begin",
        "States": {
            "Begin": {
                "Type": "Pass",
                "InputPath": "$$.Execution.Id",
                "ResultPath": "$.execution",
                "Next": "Advance",
            },
            "Advance": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function, "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "Retry": [
                    {"ErrorEquals": ["Throttled"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 2},
                    {"ErrorEquals": ["States.ALL"], "MaxAttempts": 0},
                ],
                "Next": "Done?",
            },
            "Done?": {
                "Type": "Choice",
                "Choices": [{"And": [done, {"Or": [good]}], "Next": "Succeeded"}, {**done, "Next": "Failed"}],
                "Default": "Wait",
            },
            "Wait": {"Type": "Wait", "SecondsPath": "$.wait_seconds", "Next": "Advance"},
            "Succeeded": {"Type": "Succeed"},
            "Failed": {"Type": "Fail", "ErrorPath": "$.outcome", "CausePath": "$.summary"},
        },
    }


def _finished(aws: EmbeddedAws, execution: str) -> dict[str, Any]:
    states = aws.client("stepfunctions")
    deadline = time.monotonic() + 30
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return dict(described)


@pytest.fixture(scope="module")
def run(aws: EmbeddedAws) -> Callable[[str, str], dict[str, Any]]:
    states = aws.client("stepfunctions")
    function = create_function(aws, "loop", LOOP)
    machine = states.create_state_machine(name="loop", definition=json.dumps(_definition(function)), roleArn=ROLE)

    def start(name: str, mark: str) -> dict[str, Any]:
        execution = states.start_execution(
            stateMachineArn=machine["stateMachineArn"], name=name, input=json.dumps({"mark": mark})
        )
        return _finished(aws, execution["executionArn"])

    return start


def test_a_loop_that_ends_well(aws: EmbeddedAws, run: Callable[[str, str], dict[str, Any]]) -> None:
    ended = run("first", "good")
    assert ended["status"] == "SUCCEEDED"
    assert ended["name"] == "first"
    output = json.loads(ended["output"])
    assert output["count"] == 3
    assert output["execution"] == ended["executionArn"]  # $$.Execution.Id


def test_the_retry_finds_the_exception_by_its_name(aws: EmbeddedAws, run: Callable[[str, str], dict[str, Any]]) -> None:
    """See: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    ended = run("retried", "bad")
    history = aws.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"], maxResults=1000)
    kinds = [event["type"] for event in history["events"]]
    failures = [event["taskFailedEventDetails"] for event in history["events"] if event["type"] == "TaskFailed"]
    assert [failure["error"] for failure in failures] == ["Throttled"]
    assert json.loads(failures[0]["cause"])["errorMessage"] == "slow down"
    assert kinds.count("TaskScheduled") == 4
    assert ended["status"] == "FAILED"


def test_a_fail_state_takes_its_error_and_cause_from_the_input(
    aws: EmbeddedAws, run: Callable[[str, str], dict[str, Any]]
) -> None:
    ended = run("failing", "rolled_back")
    assert ended["status"] == "FAILED"
    assert ended["error"] == "rolled_back"
    assert ended["cause"] == f"because of {ended['executionArn']}"


def test_the_history_carries_what_every_round_answered(
    aws: EmbeddedAws, run: Callable[[str, str], dict[str, Any]]
) -> None:
    ended = run("history", "good")
    pages = aws.client("stepfunctions").get_paginator("get_execution_history")
    events = [e for page in pages.paginate(executionArn=ended["executionArn"]) for e in page["events"]]
    rounds = [
        json.loads(event["stateExitedEventDetails"]["output"])["count"]
        for event in events
        if event["type"] == "TaskStateExited" and event["stateExitedEventDetails"]["name"] == "Advance"
    ]
    assert rounds == [1, 2, 3]
    newest = aws.client("stepfunctions").get_execution_history(
        executionArn=ended["executionArn"], reverseOrder=True, maxResults=1
    )
    assert newest["events"][0]["type"] == "ExecutionSucceeded"


def test_an_execution_name_is_taken_once(aws: EmbeddedAws, run: Callable[[str, str], dict[str, Any]]) -> None:
    states = aws.client("stepfunctions")
    run("only-once", "good")
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        run("only-once", "other")
    running = states.list_executions(
        stateMachineArn=states.list_state_machines()["stateMachines"][0]["stateMachineArn"], statusFilter="RUNNING"
    )
    assert running["executions"] == []


def test_a_function_reaches_the_embedded_aws_and_only_that(aws: EmbeddedAws) -> None:
    code = """
import os
import boto3

def handler(event, context):
    boto3.client("ssm").put_parameter(Name="/from/function", Value="yes", Type="String", Overwrite=True)
    return {
        "endpoint": os.environ["AWS_ENDPOINT_URL"],
        "arn": context.invoked_function_arn,
        "account": boto3.client("sts").get_caller_identity()["Account"],
    }
"""
    arn = create_function(aws, "reach", code)
    answer = aws.client("lambda").invoke(FunctionName="reach")
    assert json.loads(answer["Payload"].read()) == {
        "endpoint": aws.endpoint.url,
        "arn": arn,
        "account": aws.endpoint.account,
    }
    assert aws.client("ssm").get_parameter(Name="/from/function")["Parameter"]["Value"] == "yes"


def test_a_function_that_raises(aws: EmbeddedAws) -> None:
    """See: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    create_function(aws, "raising", "def handler(event, context): raise LookupError('nothing there')")
    answer = aws.client("lambda").invoke(FunctionName="raising")
    assert answer["FunctionError"] == "Unhandled"
    error = json.loads(answer["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("LookupError", "nothing there")


def test_a_functions_log_is_in_cloudwatch(aws: EmbeddedAws) -> None:
    create_function(aws, "talking", "def handler(event, context): print('said something')")
    aws.client("lambda").invoke(FunctionName="talking")
    logs = aws.client("logs")
    streams = logs.describe_log_streams(logGroupName="/aws/lambda/talking")["logStreams"]
    lines = [
        event["message"].strip()
        for stream in streams
        for event in logs.get_log_events(logGroupName="/aws/lambda/talking", logStreamName=stream["logStreamName"])[
            "events"
        ]
    ]
    assert any("said something" in line for line in lines)
