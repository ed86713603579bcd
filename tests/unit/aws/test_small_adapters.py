"""Tasks, targets, logs, events, owners, executions, the caller and the clock."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.stub import Stubber

from appdp.aws.alarms import CloudWatchAlarms
from appdp.aws.assemble import ports
from appdp.aws.callers import StsCaller
from appdp.aws.clock import SystemClock
from appdp.aws.events import EventBridgeEvents
from appdp.aws.executions import StepFunctionsExecutions
from appdp.aws.log_events import CloudWatchLogEvents
from appdp.aws.logs import CloudWatchLogs
from appdp.aws.owners import LEASE_SECONDS, LockOwners
from appdp.aws.session import Session
from appdp.aws.targets import LoadBalancerTargets
from appdp.aws.tasks import EcsTasks
from appdp.engine.executions import ExecutionStatus
from appdp.engine.live import LiveTask, StoppedContainer, TargetHealth
from appdp.errors import ConfigurationError, NotFound, RemoteError, Throttled
from appdp.model.deployment import Owner
from tests.unit.aws.server import Answer, AwsSays, AwsServer

EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:appdp-shop-dev:d1"


def refusing(code: str) -> Answer:
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays(code)

    return answer


def test_tasks_of_a_service(aws: AwsServer, session: Session) -> None:
    task = {
        "taskArn": "task/1",
        "taskDefinitionArn": "td:1",
        "lastStatus": "STOPPED",
        "healthStatus": "UNHEALTHY",
        "stoppedReason": "Essential container in task exited",
        "createdAt": 100,
        "startedAt": 101,
        "attachments": [{"details": [{"name": "privateIPv4Address", "value": "10.0.0.5"}, {"name": "macAddress"}]}],
        "containers": [
            {
                "name": "api",
                "exitCode": 3,
                "reason": "",
                "healthStatus": "UNHEALTHY",
                "networkInterfaces": [{"privateIpv4Address": "10.0.0.5"}],
            },
            {"name": "sidecar"},
        ],
    }
    aws.answers["ListTasks"] = lambda _: {"taskArns": ["task/1"]}
    aws.answers["DescribeTasks"] = lambda _: {"tasks": [task]}
    assert EcsTasks(session).of_service("shop", "arn:aws:ecs:r:1:service/shop/api", stopped=True) == (
        LiveTask(
            arn="task/1",
            task_definition="td:1",
            status="STOPPED",
            health="UNHEALTHY",
            stopped_reason="Essential container in task exited",
            started_at=101.0,
            created_at=100.0,
            addresses=("10.0.0.5",),
            containers=(
                StoppedContainer(name="api", exit_code=3, reason="", health="UNHEALTHY"),
                StoppedContainer(name="sidecar", exit_code=None, reason="", health="UNKNOWN"),
            ),
        ),
    )
    assert aws.last("ListTasks").payload == {"cluster": "shop", "serviceName": "api", "desiredStatus": "STOPPED"}


def test_tasks_are_described_a_hundred_at_a_time(aws: AwsServer, session: Session) -> None:
    arns = [f"task/{number}" for number in range(101)]
    aws.answers["ListTasks"] = lambda asked: (
        {"taskArns": arns[100:]} if "nextToken" in asked else {"taskArns": arns[:100], "nextToken": "more"}
    )
    aws.answers["DescribeTasks"] = lambda asked: {"tasks": [{"taskArn": arn} for arn in asked["tasks"]]}
    assert len(EcsTasks(session).of_service("shop", "api", stopped=False)) == 101
    assert aws.operations() == ["ListTasks", "ListTasks", "DescribeTasks", "DescribeTasks"]


def test_no_tasks(aws: AwsServer, session: Session) -> None:
    aws.answers["ListTasks"] = lambda _: {"taskArns": []}
    assert EcsTasks(session).of_service("shop", "api", stopped=False) == ()


def test_target_health(session: Session) -> None:
    with Stubber(session.elbv2) as stub:
        stub.add_response(
            "describe_target_health",
            {
                "TargetHealthDescriptions": [
                    {
                        "Target": {"Id": "10.0.0.5", "Port": 8080},
                        "TargetHealth": {
                            "State": "unhealthy",
                            "Reason": "Target.ResponseCodeMismatch",
                            "Description": "Health checks failed with these codes: [503]",
                        },
                    }
                ]
            },
            {"TargetGroupArn": "tg"},
        )
        assert LoadBalancerTargets(session).health("tg") == (
            TargetHealth(
                address="10.0.0.5",
                port=8080,
                state="unhealthy",
                reason="Target.ResponseCodeMismatch",
                description="Health checks failed with these codes: [503]",
            ),
        )


def test_target_health_that_is_denied_names_the_action_as_iam_does(session: Session) -> None:
    with Stubber(session.elbv2) as stub:
        stub.add_client_error("describe_target_health", "AccessDenied")
        with pytest.raises(RemoteError, match="elasticloadbalancing:DescribeTargetHealth"):
            LoadBalancerTargets(session).health("tg")


def test_the_last_lines_of_a_log(aws: AwsServer, session: Session) -> None:
    aws.answers["GetLogEvents"] = lambda _: {"events": [{"message": "one\n"}, {"message": "two"}]}
    assert CloudWatchLogs(session).tail("/shop", "api/1", 2) == ("one", "two")
    assert aws.received[0].payload == {
        "logGroupName": "/shop",
        "logStreamName": "api/1",
        "limit": 2,
        "startFromHead": False,
    }


def test_no_log_is_no_error(aws: AwsServer, session: Session) -> None:
    aws.answers["GetLogEvents"] = refusing("ResourceNotFoundException")
    assert CloudWatchLogs(session).tail("/shop", "api/1", 2) == ()


def test_a_log_that_may_not_be_read_is_an_error(aws: AwsServer, session: Session) -> None:
    aws.answers["GetLogEvents"] = refusing("AccessDeniedException")
    with pytest.raises(RemoteError, match="logs:GetLogEvents"):
        CloudWatchLogs(session).tail("/shop", "api/1", 2)


def test_events_are_put_with_our_source(aws: AwsServer, session: Session) -> None:
    aws.answers["PutEvents"] = lambda _: {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}
    EventBridgeEvents(session).put("Deployment Succeeded", {"release": "v1"})
    (entry,) = aws.received[0].payload["Entries"]
    assert (entry["Source"], entry["DetailType"], json.loads(entry["Detail"])) == (
        "appdp",
        "Deployment Succeeded",
        {"release": "v1"},
    )


@pytest.mark.parametrize(("code", "kind"), [("ThrottlingException", Throttled), ("InternalFailure", RemoteError)])
def test_an_event_that_is_refused_inside_a_good_answer(
    aws: AwsServer, session: Session, code: str, kind: type[RemoteError]
) -> None:
    aws.answers["PutEvents"] = lambda _: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]}
    with pytest.raises(kind) as caught:
        EventBridgeEvents(session).put("Deployment Succeeded", {})
    assert (type(caught.value), caught.value.code) == (kind, code)


@dataclass
class StoppedClock:
    at: float

    def now(self) -> float:
        return self.at


def owners(session: Session, now: float = 0.0) -> LockOwners:
    return LockOwners(session, StoppedClock(now))


@pytest.mark.parametrize(
    ("status", "alive"),
    [("RUNNING", True), ("PENDING_REDRIVE", True), ("SUCCEEDED", False), ("FAILED", False), ("ABORTED", False)],
)
def test_an_execution_lives_while_step_functions_says_so(
    aws: AwsServer, session: Session, status: str, alive: bool
) -> None:
    aws.answers["DescribeExecution"] = lambda _: {"status": status, "startDate": 1}
    assert owners(session).alive(Owner(execution=EXECUTION, requested_by="me"), 0.0) is alive


def test_an_execution_that_nobody_remembers_is_dead(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeExecution"] = refusing("ExecutionDoesNotExist")
    assert owners(session).alive(Owner(execution=EXECUTION, requested_by="me"), 0.0) is False


def test_not_being_allowed_to_ask_does_not_make_an_owner_dead(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeExecution"] = refusing("AccessDeniedException")
    with pytest.raises(RemoteError, match="states:DescribeExecution"):
        owners(session).alive(Owner(execution=EXECUTION, requested_by="me"), 0.0)


def test_a_process_lives_as_long_as_its_lease(session: Session) -> None:
    process = Owner(execution=None, requested_by="me")
    assert owners(session, 100.0 + LEASE_SECONDS - 1).alive(process, 100.0)
    assert not owners(session, 100.0 + LEASE_SECONDS).alive(process, 100.0)


def test_start_gives_the_execution(aws: AwsServer, session: Session) -> None:
    aws.answers["StartExecution"] = lambda _: {"executionArn": EXECUTION, "startDate": 1}
    assert StepFunctionsExecutions(session).start("machine", "d1", {"request": {"release": "v1"}}) == EXECUTION
    sent = aws.received[0].payload
    assert (sent["stateMachineArn"], sent["name"]) == ("machine", "d1")
    assert json.loads(sent["input"]) == {"request": {"release": "v1"}}


def test_start_without_a_state_machine(aws: AwsServer, session: Session) -> None:
    aws.answers["StartExecution"] = refusing("StateMachineDoesNotExist")
    with pytest.raises(NotFound, match="Deploy the environment's deployer stack"):
        StepFunctionsExecutions(session).start("machine", "d1", {})


def test_describe_an_execution_that_failed(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeExecution"] = lambda _: {
        "name": "d1",
        "status": "FAILED",
        "error": "rolled_back",
        "cause": "api: no",
        "startDate": 1,
    }
    found = StepFunctionsExecutions(session).describe(EXECUTION)
    assert (found.status, found.error, found.cause) == (ExecutionStatus.FAILED, "rolled_back", "api: no")
    assert found.status.ended


def test_describe_an_execution_that_is_not_known(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeExecution"] = refusing("ExecutionDoesNotExist")
    with pytest.raises(ConfigurationError, match="no deployment called 'd1'"):
        StepFunctionsExecutions(session).describe(EXECUTION)


@pytest.mark.parametrize(
    "event",
    [
        {"stateExitedEventDetails": {"name": "Advance", "output": '{"deployment": {"id": "new"}}'}},
        {"stateEnteredEventDetails": {"name": "Wait", "input": '{"deployment": {"id": "new"}}'}},
        {"lambdaFunctionSucceededEventDetails": {"output": '{"deployment": {"id": "new"}}'}},
        {
            "taskSucceededEventDetails": {
                "resourceType": "lambda",
                "resource": "invoke",
                "output": '{"StatusCode": 200, "Payload": {"deployment": {"id": "new"}}}',
            }
        },
        {"executionSucceededEventDetails": {"output": '{"deployment": {"id": "new"}}'}},
        {"lambdaFunctionScheduledEventDetails": {"resource": "fn", "input": '{"deployment": {"id": "new"}}'}},
        {
            "taskScheduledEventDetails": {
                "resourceType": "lambda",
                "resource": "invoke",
                "region": "us-east-1",
                "parameters": '{"FunctionName": "fn", "Payload": {"deployment": {"id": "new"}}}',
            }
        },
    ],
)
def test_the_newest_state_is_found_however_the_function_is_called(
    aws: AwsServer, session: Session, event: dict[str, Any]
) -> None:
    aws.answers["GetExecutionHistory"] = lambda _: {
        "events": [
            {"id": 9, "timestamp": 9, "type": "Other", "lambdaFunctionSucceededEventDetails": {"output": "not JSON"}},
            {
                "id": 3,
                "timestamp": 3,
                "type": "Old",
                "stateExitedEventDetails": {"name": "A", "output": '{"deployment": {"id": "old"}}'},
            },
            {"id": 7, "timestamp": 7, "type": "New", **event},
            {"id": 8, "timestamp": 8, "type": "Other", "stateExitedEventDetails": {"name": "A", "output": "[1]"}},
        ]
    }
    assert StepFunctionsExecutions(session).newest_state(EXECUTION) == {"id": "new"}
    assert aws.received[0].payload["reverseOrder"] is True


def test_there_is_no_state_before_the_first_step(aws: AwsServer, session: Session) -> None:
    aws.answers["GetExecutionHistory"] = lambda _: {
        "events": [
            {"id": 1, "timestamp": 1, "type": "ExecutionStarted", "executionStartedEventDetails": {"input": "{}"}}
        ]
    }
    assert StepFunctionsExecutions(session).newest_state(EXECUTION) is None


def test_the_caller(session: Session) -> None:
    assert StsCaller(session).arn() == "arn:aws:sts::000000000000:assumed-role/dev/alice"


def test_the_clock() -> None:
    assert abs(SystemClock().now() - time.time()) < 5


def test_all_ports_are_there_and_nothing_is_called(aws: AwsServer, session: Session) -> None:
    assert ports(session).clock.now() > 0
    assert aws.received == []


def test_log_events_of_all_streams_of_a_container(aws: AwsServer, session: Session) -> None:
    pages = [
        {"events": [{"eventId": "2", "timestamp": 2500, "logStreamName": "web/web/b", "message": "two\n"}]},
        {"events": [{"eventId": "1", "timestamp": 1500, "logStreamName": "web/web/a", "message": "one"}]},
    ]
    aws.answers["FilterLogEvents"] = lambda asked: pages[1] if "nextToken" in asked else {**pages[0], "nextToken": "n"}
    found = CloudWatchLogEvents(session).since("/appdp/shop/dev", "web/web/", 1.4567)
    assert [(event.id, event.at, event.stream, event.message) for event in found] == [
        ("1", 1.5, "web/web/a", "one"),
        ("2", 2.5, "web/web/b", "two"),
    ]
    asked = aws.last("FilterLogEvents").payload
    del asked["nextToken"]
    assert asked == {"logGroupName": "/appdp/shop/dev", "logStreamNamePrefix": "web/web/", "startTime": 1456}


def test_log_events_without_a_group(aws: AwsServer, session: Session) -> None:
    aws.answers["FilterLogEvents"] = refusing("ResourceNotFoundException")
    assert CloudWatchLogEvents(session).since("/gone", "web/", 0) == ()
    aws.answers["FilterLogEvents"] = refusing("AccessDeniedException")
    with pytest.raises(RemoteError, match="logs:FilterLogEvents"):
        CloudWatchLogEvents(session).since("/gone", "web/", 0)


def test_alarms_that_are_red_are_asked_for_a_hundred_at_a_time(aws: AwsServer, session: Session) -> None:
    red = {"a-7", "a-150", "all-of-it"}

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["StateValue"] == "ALARM"
        assert len(asked["AlarmNames"]) <= 100
        found = [{"AlarmName": name} for name in asked["AlarmNames"] if name in red]
        return {
            "MetricAlarms": [one for one in found if one["AlarmName"] != "all-of-it"],
            "CompositeAlarms": [one for one in found if one["AlarmName"] == "all-of-it"],
        }

    aws.answers["DescribeAlarms"] = answer
    names = [f"a-{number}" for number in range(200)]
    assert CloudWatchAlarms(session).in_alarm([*names, "all-of-it", "a-7"]) == ("a-150", "a-7", "all-of-it")
    assert aws.operations() == ["DescribeAlarms"] * 3
