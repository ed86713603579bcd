"""Systems Manager parameters, EventBridge and CloudWatch Logs as the engine and our own services use them."""

from __future__ import annotations

import json
import time

import pytest

from appdp.local.lifecycle import EmbeddedAws


def test_a_parameter_is_created_once(aws: EmbeddedAws) -> None:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/once/lock", Value="first", Type="String")
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name="/once/lock", Value="second", Type="String")
    ssm.put_parameter(Name="/once/lock", Value="third", Type="String", Overwrite=True)
    assert ssm.get_parameter(Name="/once/lock")["Parameter"]["Value"] == "third"
    ssm.delete_parameter(Name="/once/lock")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.delete_parameter(Name="/once/lock")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/once/lock")


def test_only_one_of_many_creates_a_parameter(aws: EmbeddedAws) -> None:
    from concurrent.futures import ThreadPoolExecutor

    ssm = aws.client("ssm")

    def create(number: int) -> bool:
        try:
            ssm.put_parameter(Name="/race/lock", Value=str(number), Type="String")
        except ssm.exceptions.ParameterAlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(create, range(16))) == 1


def test_a_parameters_history(aws: EmbeddedAws) -> None:
    ssm = aws.client("ssm")
    for number in range(60):
        ssm.put_parameter(Name="/history/release", Value=f"r{number}", Type="String", Overwrite=True)
    pages = list(ssm.get_paginator("get_parameter_history").paginate(Name="/history/release"))
    found = [(item["Version"], item["Value"]) for page in pages for item in page["Parameters"]]
    assert sorted(found) == [(number + 1, f"r{number}") for number in range(60)]
    assert len(pages) == 2  # at most 50 a page
    assert all("LastModifiedDate" in item for page in pages for item in page["Parameters"])
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter_history(Name="/history/nothing")


def test_parameters_below_a_path_in_pages(aws: EmbeddedAws) -> None:
    ssm = aws.client("ssm")
    wanted = {f"/path/dev/services/s{number}": str(number) for number in range(23)}
    for name, value in {**wanted, "/path/development/other": "x", "/path/dev/deep/er/one": "y"}.items():
        ssm.put_parameter(Name=name, Value=value, Type="String")
    pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path="/path/dev", Recursive=True))
    found = {item["Name"]: item["Value"] for page in pages for item in page["Parameters"]}
    assert found == {**wanted, "/path/dev/deep/er/one": "y"}
    assert max(len(page["Parameters"]) for page in pages) <= 10
    flat = ssm.get_paginator("get_parameters_by_path").paginate(Path="/path/dev/services/", Recursive=False)
    assert {item["Name"] for page in flat for item in page["Parameters"]} == set(wanted)


def test_events_reach_their_target(aws: EmbeddedAws) -> None:
    queue = aws.client("sqs").create_queue(QueueName="events")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:events"
    events = aws.client("events")
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["appdp"], "detail-type": ["Deployment"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn}])
    answer = events.put_events(
        Entries=[{"Source": "appdp", "DetailType": "Deployment", "Detail": json.dumps({"release": "r1"})}]
    )
    assert answer["FailedEntryCount"] == 0
    deadline = time.monotonic() + 10
    messages: list[dict[str, str]] = []
    while not messages and time.monotonic() < deadline:
        messages = aws.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
    event = json.loads(messages[0]["Body"])
    assert (event["source"], event["detail"]) == ("appdp", {"release": "r1"})


def test_only_services_put_events_of_services(aws: EmbeddedAws) -> None:
    """See: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html"""
    answer = aws.client("events").put_events(Entries=[{"Source": "aws.ecs", "DetailType": "x", "Detail": "{}"}])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_our_ecs_puts_events_on_the_default_bus(aws: EmbeddedAws) -> None:
    """See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html"""
    queue = aws.client("sqs").create_queue(QueueName="tasks")["QueueUrl"]
    events = aws.client("events")
    events.put_rule(Name="tasks", EventPattern=json.dumps({"source": ["aws.ecs"]}))
    events.put_targets(Rule="tasks", Targets=[{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:tasks"}])
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="events")
    ecs.register_task_definition(
        family="events",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "main", "image": "nothing.invalid/at:all", "essential": True}],
    )
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    ecs.run_task(cluster="events", taskDefinition="events", launchType="FARGATE", networkConfiguration=network)
    received = aws.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    event = json.loads(received[0]["Body"])
    assert (event["source"], event["detail-type"]) == ("aws.ecs", "ECS Task State Change")


def test_log_events_come_back_in_order(aws: EmbeddedAws) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/order")
    logs.create_log_stream(logGroupName="/order", logStreamName="one")
    now = int(time.time() * 1000)
    for start in (0, 5):
        lines = [{"timestamp": now + number, "message": f"line {number}"} for number in range(start, start + 5)]
        logs.put_log_events(logGroupName="/order", logStreamName="one", logEvents=lines)
    whole = logs.get_log_events(logGroupName="/order", logStreamName="one", startFromHead=True)
    assert [event["message"] for event in whole["events"]] == [f"line {number}" for number in range(10)]
    tail = logs.get_log_events(logGroupName="/order", logStreamName="one", limit=3)
    assert [event["message"] for event in tail["events"]] == ["line 7", "line 8", "line 9"]
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_log_events(logGroupName="/nothing", logStreamName="one")
