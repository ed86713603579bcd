"""Services that CodeDeploy deploys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appdp.aws.controllers import ControlledServices
from appdp.aws.session import Session
from appdp.engine.live import DeploymentStatus, LiveRevision
from appdp.errors import RemoteError
from tests.unit.aws.server import AwsSays, AwsServer

ACCOUNT = "us-east-1:000000000000"
CLUSTER = f"arn:aws:ecs:{ACCOUNT}:cluster/shop"
SERVICE = f"arn:aws:ecs:{ACCOUNT}:service/shop/api"
GROUP = "shop-api/blue-green"
DEFINITION = f"arn:aws:ecs:{ACCOUNT}:task-definition/api:7"
TASK_SET = f"arn:aws:ecs:{ACCOUNT}:task-set/shop/api/ecs-svc/1"


def named(id: str) -> str:
    return f"arn:aws:codedeploy:{ACCOUNT}:deployment:{id}/{GROUP}/shop/api"


def info(id: str, status: str, **more: object) -> dict[str, Any]:
    return {
        "deploymentId": id,
        "status": status,
        "createTime": 1700000000,
        "description": f"appdp {DEFINITION}",
        "creator": "user",
        **more,
    }


def lists(aws: AwsServer, *infos: dict[str, Any]) -> None:
    """CodeDeploy has these deployments, the newest first."""
    known = {one["deploymentId"]: one for one in infos}
    aws.answers["ListDeployments"] = lambda _: {"deployments": list(known)}
    aws.answers["BatchGetDeployments"] = lambda asked: {
        "deploymentsInfo": [known[id] for id in asked["deploymentIds"] if id in known]
    }
    aws.answers["GetDeploymentTarget"] = lambda _: {"deploymentTarget": {"ecsTarget": {"lifecycleEvents": []}}}


def live_service() -> dict[str, Any]:
    task_set = {
        "taskSetArn": TASK_SET,
        "status": "PRIMARY",
        "taskDefinition": DEFINITION,
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
        "platformVersion": "1.4.0",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s-1"], "assignPublicIp": "DISABLED"}},
        "loadBalancers": [{"containerName": "app", "containerPort": 8080}],
    }
    return {
        "serviceArn": SERVICE,
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "taskDefinition": "arn:aws:ecs:old",
        "deploymentController": {"type": "CODE_DEPLOY"},
        "taskSets": [{"taskSetArn": "other", "status": "ACTIVE", "taskDefinition": "td:8"}, task_set],
    }


def test_the_task_set_with_the_traffic_says_what_runs(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeServices"] = lambda _: {"services": [live_service()], "failures": []}
    found = ControlledServices(session).describe([(CLUSTER, SERVICE)])[SERVICE]
    assert found.task_definition == DEFINITION
    assert found.controller == "CODE_DEPLOY"
    assert found.revisions == ("other", TASK_SET)


def test_a_deployment_keeps_all_that_the_live_service_has(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeServices"] = lambda _: {"services": [live_service()], "failures": []}
    aws.answers["CreateDeployment"] = lambda _: {"deploymentId": "d-1"}
    ControlledServices(session).update(CLUSTER, SERVICE, task_definition="td:9", group=GROUP)
    assert aws.operations() == ["DescribeServices", "CreateDeployment"]
    sent = aws.last("CreateDeployment").payload
    assert (sent["applicationName"], sent["deploymentGroupName"]) == ("shop-api", "blue-green")
    assert sent["description"] == "appdp td:9"
    assert sent["revision"]["revisionType"] == "AppSpecContent"
    (resource,) = json.loads(sent["revision"]["appSpecContent"]["content"])["Resources"]
    assert resource["TargetService"] == {
        "Type": "AWS::ECS::Service",
        "Properties": {
            "TaskDefinition": "td:9",
            "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080},
            "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1, "Base": 0}],
            "PlatformVersion": "1.4.0",
            "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["s-1"], "AssignPublicIp": "DISABLED"}},
        },
    }


def test_the_first_release_sets_the_count_through_ecs(aws: AwsServer, session: Session) -> None:
    aws.answers["DescribeServices"] = lambda _: {"services": [live_service()], "failures": []}
    aws.answers["CreateDeployment"] = lambda _: {"deploymentId": "d-1"}
    aws.answers["UpdateService"] = lambda _: {"service": {}}
    ControlledServices(session).update(CLUSTER, SERVICE, task_definition="td:9", desired_count=2, group=GROUP)
    assert aws.operations() == ["UpdateService", "DescribeServices", "CreateDeployment"]
    assert aws.last("UpdateService").payload == {"cluster": CLUSTER, "service": SERVICE, "desiredCount": 2}


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        ("Created", {}, (DeploymentStatus.PENDING, "")),
        ("Queued", {}, (DeploymentStatus.PENDING, "")),
        ("InProgress", {}, (DeploymentStatus.IN_PROGRESS, "")),
        ("Ready", {}, (DeploymentStatus.IN_PROGRESS, "POST_TEST_TRAFFIC_SHIFT")),
        ("Baking", {}, (DeploymentStatus.IN_PROGRESS, "BAKE_TIME")),
        ("InProgress", {"instanceTerminationWaitTimeStarted": True}, (DeploymentStatus.IN_PROGRESS, "BAKE_TIME")),
        ("Succeeded", {}, (DeploymentStatus.SUCCESSFUL, "")),
        ("Failed", {}, (DeploymentStatus.STOPPED, "")),
        ("Stopped", {}, (DeploymentStatus.STOPPED, "")),
        ("New", {}, (DeploymentStatus.IN_PROGRESS, "")),
    ],
)
def test_statuses(
    aws: AwsServer, session: Session, status: str, more: dict[str, Any], expected: tuple[DeploymentStatus, str]
) -> None:
    lists(aws, info("d-1", status, **more))
    found = ControlledServices(session).deployments([named("d-1")])[named("d-1")]
    assert (found.status, found.stage) == expected
    assert (found.target_revision, found.by_appdp, found.service) == (DEFINITION, True, SERVICE)


@pytest.mark.parametrize(
    ("last", "stage"),
    [
        ("BeforeInstall", "PRE_SCALE_UP"),
        ("Install", "SCALE_UP"),
        ("AllowTestTraffic", "TEST_TRAFFIC_SHIFT"),
        ("AllowTraffic", "PRODUCTION_TRAFFIC_SHIFT"),
        ("AfterAllowTraffic", "POST_PRODUCTION_TRAFFIC_SHIFT"),
    ],
)
def test_lifecycle_events_say_how_far_it_is(aws: AwsServer, session: Session, last: str, stage: str) -> None:
    order = ["BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic"]
    order += ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]
    begun = order.index(last)
    events = [
        {
            "lifecycleEventName": name,
            "status": "InProgress" if at == begun else "Succeeded" if at < begun else "Pending",
        }
        for at, name in enumerate(order)
    ]
    lists(aws, info("d-1", "InProgress"))
    aws.answers["GetDeploymentTarget"] = lambda _: {"deploymentTarget": {"ecsTarget": {"lifecycleEvents": events}}}
    assert ControlledServices(session).deployments([named("d-1")])[named("d-1")].stage == stage
    assert aws.last("GetDeploymentTarget").payload == {"deploymentId": "d-1", "targetId": "shop:api"}


def test_one_that_has_not_started_has_no_stage_yet(aws: AwsServer, session: Session) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("DeploymentNotStartedException")

    lists(aws, info("d-1", "InProgress"))
    aws.answers["GetDeploymentTarget"] = refuse
    assert ControlledServices(session).deployments([named("d-1")])[named("d-1")].stage == ""


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("InProgress", DeploymentStatus.ROLLBACK_IN_PROGRESS),
        ("Succeeded", DeploymentStatus.ROLLBACK_SUCCESSFUL),
        ("Failed", DeploymentStatus.ROLLBACK_FAILED),
    ],
)
def test_a_rollback_is_told_with_what_it_takes_back(
    aws: AwsServer, session: Session, status: str, expected: DeploymentStatus
) -> None:
    failed = info(
        "d-1",
        "Failed",
        errorInformation={"code": "TIMEOUT", "message": "no healthy tasks"},
        rollbackInfo={"rollbackDeploymentId": "d-2", "rollbackMessage": "going back"},
    )
    lists(aws, info("d-2", status, creator="codeDeployRollback"), failed)
    (found,) = ControlledServices(session).newest_deployments(CLUSTER, SERVICE, group=GROUP)
    assert (found.arn, found.status, found.reason) == (named("d-1"), expected, "no healthy tasks; going back")


def test_what_somebody_else_deploys_is_read_from_its_app_spec(aws: AwsServer, session: Session) -> None:
    revision = {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "abc"}}
    lists(aws, info("d-1", "Succeeded", description="by hand", revision=revision))
    content = "Resources:\n  - TargetService:\n      Properties:\n        TaskDefinition: 'td:5'\n"
    aws.answers["GetApplicationRevision"] = lambda _: {"revision": {"appSpecContent": {"content": content}}}
    (found,) = ControlledServices(session).newest_deployments(CLUSTER, SERVICE, group=GROUP)
    assert (found.target_revision, found.by_appdp) == ("td:5", False)
    assert aws.last("GetApplicationRevision").payload["revision"]["appSpecContent"] == {"sha256": "abc"}


def test_one_from_a_bucket_fits_nothing(aws: AwsServer, session: Session) -> None:
    lists(aws, info("d-1", "Succeeded", description="", revision={"revisionType": "S3"}))
    services = ControlledServices(session)
    (found,) = services.newest_deployments(CLUSTER, SERVICE, group=GROUP)
    assert found.target_revision is not None
    (revision,) = services.revisions([found.target_revision]).values()
    assert revision.task_definition.startswith("unknown revision")


def test_the_digests_of_a_task_set(aws: AwsServer, session: Session) -> None:
    """What the task definition pins, and what a task really runs where it does not."""
    aws.answers["DescribeServices"] = lambda _: {"services": [live_service()], "failures": []}
    containers = [{"name": "app", "image": "r/app@sha256:1"}, {"name": "side", "image": "r/side:1"}]
    aws.answers["DescribeTaskDefinition"] = lambda _: {"taskDefinition": {"containerDefinitions": containers}}
    aws.answers["ListTasks"] = lambda _: {"taskArns": ["t1", "t2"]}
    running = [{"name": "app", "imageDigest": "sha256:1"}, {"name": "side", "imageDigest": "sha256:2"}]
    aws.answers["DescribeTasks"] = lambda _: {"tasks": [{"containers": running}]}
    assert ControlledServices(session).revisions([TASK_SET, DEFINITION]) == {
        TASK_SET: LiveRevision(
            arn=TASK_SET, task_definition=DEFINITION, digests={"app": "sha256:1", "side": "sha256:2"}
        ),
        DEFINITION: LiveRevision(arn=DEFINITION, task_definition=DEFINITION, digests={"app": "sha256:1"}),
    }
    assert aws.last("DescribeServices").payload == {"cluster": "shop", "services": [SERVICE]}
    assert aws.last("ListTasks").payload == {"cluster": "shop", "startedBy": "ecs-svc/1"}


def refusing(aws: AwsServer, operation: str, code: str) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays(code)

    aws.answers[operation] = refuse


def test_the_gate_is_opened_with_ready_wait(aws: AwsServer, session: Session) -> None:
    aws.answers["ContinueDeployment"] = lambda _: {}
    ControlledServices(session).open_gate(named("d-1"))
    assert aws.last("ContinueDeployment").payload == {"deploymentId": "d-1", "deploymentWaitType": "READY_WAIT"}


@pytest.mark.parametrize("code", ["DeploymentIsNotInReadyStateException", "DeploymentAlreadyCompletedException"])
def test_a_gate_that_is_open_already_stays_open(aws: AwsServer, session: Session, code: str) -> None:
    refusing(aws, "ContinueDeployment", code)
    ControlledServices(session).open_gate(named("d-1"))


def test_a_gate_that_may_not_be_opened_is_an_error(aws: AwsServer, session: Session) -> None:
    refusing(aws, "ContinueDeployment", "AccessDeniedException")
    with pytest.raises(RemoteError, match="codedeploy:ContinueDeployment"):
        ControlledServices(session).open_gate(named("d-1"))


def test_the_gate_of_ecs_own_deployments_is_not_opened(aws: AwsServer, session: Session) -> None:
    ControlledServices(session).open_gate(f"arn:aws:ecs:{ACCOUNT}:service-deployment/shop/api/1")
    assert aws.operations() == []


def test_stopping_goes_back(aws: AwsServer, session: Session) -> None:
    aws.answers["StopDeployment"] = lambda _: {"status": "Pending"}
    ControlledServices(session).stop(named("d-1"))
    assert aws.last("StopDeployment").payload == {"deploymentId": "d-1", "autoRollbackEnabled": True}


def test_stopping_one_that_ended_is_no_error(aws: AwsServer, session: Session) -> None:
    refusing(aws, "StopDeployment", "DeploymentAlreadyCompletedException")
    ControlledServices(session).stop(named("d-1"))


def test_stopping_what_may_not_be_stopped_is_an_error(aws: AwsServer, session: Session) -> None:
    refusing(aws, "StopDeployment", "AccessDeniedException")
    with pytest.raises(RemoteError, match="codedeploy:StopDeployment"):
        ControlledServices(session).stop(named("d-1"))
