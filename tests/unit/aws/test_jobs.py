"""The adapter of tasks that run to their end, on the wire."""

from __future__ import annotations

import pytest

from appdp.aws.jobs import EcsJobs
from appdp.aws.session import Session
from appdp.errors import Refused
from appdp.model.job import JobManifest, run_request
from tests.unit.aws.server import AwsServer

JOB = JobManifest(
    name="migrate",
    cluster="arn:cluster",
    task_definition="arn:td:1",
    containers={"main": "web"},
    network={"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}},
    deciding_container="main",
    timeout_seconds=60,
)
REQUEST = run_request(JOB, "arn:td:2", token="t" * 64, started_by="appdp-deploy/shop/dev")


def test_the_request_is_sent_as_it_is(aws: AwsServer, session: Session) -> None:
    aws.answers["RunTask"] = lambda _: {"tasks": [{"taskArn": "task/1"}], "failures": []}
    assert EcsJobs(session).run(REQUEST) == "task/1"
    assert aws.last("RunTask").payload == REQUEST


def test_a_task_that_could_not_be_placed(aws: AwsServer, session: Session) -> None:
    failure = {"arn": "arn:x", "reason": "RESOURCE:ENI", "detail": "no address is left"}
    aws.answers["RunTask"] = lambda _: {"tasks": [], "failures": [failure]}
    with pytest.raises(Refused, match=r"could not run arn:td:2: RESOURCE:ENI \(no address is left\)"):
        EcsJobs(session).run(REQUEST)


def test_one_task(aws: AwsServer, session: Session) -> None:
    task = {"taskArn": "task/1", "lastStatus": "STOPPED", "containers": [{"name": "main", "exitCode": 7}]}
    aws.answers["DescribeTasks"] = lambda _: {"tasks": [task], "failures": []}
    found = EcsJobs(session).describe("arn:cluster", "task/1")
    assert found is not None
    assert (found.status, found.containers[0].exit_code) == ("STOPPED", 7)
    aws.answers["DescribeTasks"] = lambda _: {"tasks": [], "failures": [{"arn": "task/1", "reason": "MISSING"}]}
    assert EcsJobs(session).describe("arn:cluster", "task/1") is None


def test_what_has_not_stopped_is_found_by_who_started_it(aws: AwsServer, session: Session) -> None:
    tasks = {
        "running": {"startedBy": "us", "lastStatus": "RUNNING"},
        "theirs": {"startedBy": "somebody", "lastStatus": "RUNNING"},
        "stopping": {"startedBy": "us", "lastStatus": "STOPPING"},
        "stopped": {"startedBy": "us", "lastStatus": "STOPPED"},
    }
    listed = {"RUNNING": ["running", "theirs"], "STOPPED": ["stopping", "stopped"]}
    aws.answers["ListTasks"] = lambda asked: {"taskArns": listed[asked["desiredStatus"]]}
    aws.answers["DescribeTasks"] = lambda asked: {"tasks": [{"taskArn": arn, **tasks[arn]} for arn in asked["tasks"]]}
    assert EcsJobs(session).unfinished("arn:cluster", "shop-dev-migrate", "us") == ("running", "stopping")
    assert "startedBy" not in aws.last("ListTasks").payload
    listed.update(RUNNING=[], STOPPED=[])
    assert EcsJobs(session).unfinished("arn:cluster", "shop-dev-migrate", "us") == ()


def test_a_stop_says_why(aws: AwsServer, session: Session) -> None:
    aws.answers["StopTask"] = lambda _: {"task": {"taskArn": "task/1"}}
    EcsJobs(session).stop("arn:cluster", "task/1", "it took too long")
    assert aws.last("StopTask").payload == {"cluster": "arn:cluster", "task": "task/1", "reason": "it took too long"}
