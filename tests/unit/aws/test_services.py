"""Amazon ECS services."""

from __future__ import annotations

from typing import Any

import pytest

from appdp.aws.services import EcsServices
from appdp.aws.session import Session
from appdp.engine.live import DeploymentStatus, LiveRevision, LiveService
from appdp.errors import RemoteError
from tests.unit.aws.server import AwsSays, AwsServer

CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/shop"


def service(name: str) -> str:
    return f"arn:aws:ecs:us-east-1:000000000000:service/shop/{name}"


def deployment(name: str, **more: object) -> dict[str, Any]:
    return {"serviceDeploymentArn": name, "serviceArn": service("api"), "createdAt": 1700000000, **more}


def test_describe_reads_what_the_engine_needs(aws: AwsServer, session: Session) -> None:
    answer = {
        "serviceArn": service("api"),
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "taskDefinition": "td:1",
        "desiredCount": 3,
        "runningCount": 2,
        "pendingCount": 1,
        "deploymentConfiguration": {"strategy": "BLUE_GREEN"},
        "currentServiceRevisions": [{"arn": "rev:1"}, {"arn": "rev:2"}],
    }
    aws.answers["DescribeServices"] = lambda _: {"services": [answer], "failures": []}
    assert EcsServices(session).describe([(CLUSTER, service("api"))]) == {
        service("api"): LiveService(
            arn=service("api"),
            cluster=CLUSTER,
            task_definition="td:1",
            desired_count=3,
            running_count=2,
            pending_count=1,
            strategy="BLUE_GREEN",
            controller="ECS",
            revisions=("rev:1", "rev:2"),
        )
    }


def test_describe_asks_ten_services_of_one_cluster_at_a_time(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeServices"] = lambda asked: {
        "services": [{"serviceArn": arn, "status": "ACTIVE"} for arn in asked["services"]],
        "failures": [],
    }
    wanted = [("one", service(f"a{number}")) for number in range(12)] + [("two", service("b"))]
    assert len(EcsServices(session).describe(wanted)) == 13
    asked = [(request.payload["cluster"], len(request.payload["services"])) for request in aws.received]
    assert asked == [("one", 10), ("one", 2), ("two", 1)]


def test_deleted_and_missing_services_are_left_out(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeServices"] = lambda _: {
        "services": [{"serviceArn": service("old"), "status": "INACTIVE"}],
        "failures": [{"arn": service("none"), "reason": "MISSING"}],
    }
    assert EcsServices(session).describe([(CLUSTER, service("old")), (CLUSTER, service("none"))]) == {}


def test_newest_deployments_come_newest_first_whatever_the_order(aws: AwsServer, session: Session) -> None:
    aws.answers["ListServiceDeployments"] = lambda _: {
        "serviceDeployments": [
            {"serviceDeploymentArn": "d1", "createdAt": 1},
            {"serviceDeploymentArn": "d3", "createdAt": 3},
            {"serviceDeploymentArn": "d2", "createdAt": 2},
        ]
    }
    aws.answers["DescribeServiceDeployments"] = lambda asked: {
        "serviceDeployments": [deployment(arn, status="SUCCESSFUL") for arn in asked["serviceDeploymentArns"]]
    }
    found = EcsServices(session).newest_deployments(CLUSTER, service("api"), limit=2)
    assert [item.arn for item in found] == ["d3", "d2"]


def test_a_deployment_tells_stage_and_every_reason(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeServiceDeployments"] = lambda _: {
        "serviceDeployments": [
            deployment(
                "d1",
                status="ROLLBACK_IN_PROGRESS",
                lifecycleStage="POST_TEST_TRAFFIC_SHIFT",
                statusReason="Service deployment rolled back",
                rollback={"reason": "the alarm rang"},
                targetServiceRevision={"arn": "rev:2"},
            ),
            deployment("d2", status="A_STATUS_OF_NEXT_YEAR"),
        ]
    }
    found = EcsServices(session).deployments(["d1", "d2", "gone"])
    assert found["d1"].status is DeploymentStatus.ROLLBACK_IN_PROGRESS
    assert found["d1"].stage == "POST_TEST_TRAFFIC_SHIFT"
    assert found["d1"].reason == "Service deployment rolled back; the alarm rang"
    assert found["d1"].target_revision == "rev:2"
    assert found["d1"].created_at == 1700000000.0
    assert not found["d2"].status.ended
    assert "gone" not in found


def test_deployments_and_revisions_are_asked_twenty_at_a_time(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeServiceDeployments"] = lambda _: {"serviceDeployments": []}
    aws.answers["DescribeServiceRevisions"] = lambda _: {"serviceRevisions": []}
    EcsServices(session).deployments([f"d{number}" for number in range(21)])
    EcsServices(session).revisions([f"r{number}" for number in range(41)])
    sizes = [len(next(iter(request.payload.values()))) for request in aws.received]
    assert sizes == [20, 1, 20, 20, 1]


def test_nothing_is_asked_for_nothing(aws: AwsServer, session: Session) -> None:
    assert EcsServices(session).deployments([]) == {}
    assert EcsServices(session).revisions([]) == {}
    assert EcsServices(session).describe([]) == {}
    assert aws.received == []


def test_a_revision_tells_what_really_runs(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeServiceRevisions"] = lambda _: {
        "serviceRevisions": [
            {
                "serviceRevisionArn": "rev:1",
                "taskDefinition": "td:1",
                "containerImages": [
                    {"containerName": "api", "image": "repo:env-dev", "imageDigest": "sha256:a"},
                    {"containerName": "sidecar", "image": "public/x"},
                ],
            }
        ]
    }
    expected = LiveRevision(arn="rev:1", task_definition="td:1", digests={"api": "sha256:a"})
    assert EcsServices(session).revisions(["rev:1"]) == {"rev:1": expected}


def test_update_sends_a_desired_count_and_force_only_when_told(aws: AwsServer, session: Session) -> None:
    aws.answers["UpdateService"] = lambda _: {"service": {}}
    services = EcsServices(session)
    services.update(CLUSTER, service("api"), task_definition="td:2")
    assert aws.received[0].payload == {"cluster": CLUSTER, "service": service("api"), "taskDefinition": "td:2"}
    services.update(CLUSTER, service("api"), task_definition="td:2", desired_count=0, force=True)
    assert aws.received[1].payload["desiredCount"] == 0
    assert aws.received[1].payload["forceNewDeployment"] is True


def test_set_desired_count_sends_nothing_else(aws: AwsServer, session: Session) -> None:
    aws.answers["UpdateService"] = lambda _: {"service": {}}
    EcsServices(session).set_desired_count(CLUSTER, service("api"), 0)
    assert aws.received[0].payload == {"cluster": CLUSTER, "service": service("api"), "desiredCount": 0}


def test_stop_rolls_back(aws: AwsServer, session: Session) -> None:
    aws.answers["StopServiceDeployment"] = lambda _: {"serviceDeploymentArn": "d1"}
    EcsServices(session).stop("d1")
    assert aws.received[0].payload == {"serviceDeploymentArn": "d1", "stopType": "ROLLBACK"}


def stopping(aws: AwsServer, code: str, now: list[dict[str, Any]]) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays(code)

    aws.answers["StopServiceDeployment"] = refuse
    aws.answers["DescribeServiceDeployments"] = lambda _: {"serviceDeployments": now}


@pytest.mark.parametrize(
    "status", ["SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "STOPPED", "ROLLBACK_IN_PROGRESS", "STOP_REQUESTED"]
)
def test_stopping_what_ended_or_is_being_stopped_is_no_error(aws: AwsServer, session: Session, status: str) -> None:
    stopping(aws, "ConflictException", [deployment("d1", status=status)])
    EcsServices(session).stop("d1")
    assert aws.operations() == ["StopServiceDeployment", "DescribeServiceDeployments"]


def test_stopping_what_is_gone_is_no_error(aws: AwsServer, session: Session) -> None:
    stopping(aws, "ServiceDeploymentNotFoundException", [])
    EcsServices(session).stop("d1")
    assert aws.operations() == ["StopServiceDeployment", "DescribeServiceDeployments"]


def test_a_deployment_that_runs_and_cannot_be_stopped_is_an_error(aws: AwsServer, session: Session) -> None:
    stopping(aws, "ConflictException", [deployment("d1", status="IN_PROGRESS")])
    with pytest.raises(RemoteError) as caught:
        EcsServices(session).stop("d1")
    assert caught.value.code == "ConflictException"


def test_a_stop_that_is_denied_is_an_error(aws: AwsServer, session: Session) -> None:
    stopping(aws, "AccessDeniedException", [])
    with pytest.raises(RemoteError, match="ecs:StopServiceDeployment"):
        EcsServices(session).stop("d1")
