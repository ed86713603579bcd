"""Services of real containers behind the load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.ecs.conftest import Stage, wait

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def service(stage: Stage) -> Iterator[str]:
    """A blue/green service ``web`` that runs release ``one``."""
    image = stage.push("one")
    ecs = stage.client("ecs")
    ecs.create_service(
        serviceName="web",
        taskDefinition=stage.register(image),
        desiredCount=2,
        loadBalancers=[
            {
                "targetGroupArn": stage.blue,
                "containerName": "web",
                "containerPort": 8080,
                "advancedConfiguration": {
                    "alternateTargetGroupArn": stage.green,
                    "productionListenerRule": stage.production,
                    "testListenerRule": stage.test,
                    "roleArn": "arn:aws:iam::000000000000:role/ecs",
                },
            }
        ],
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1},
    )
    assert stage.ended("web")["status"] == "SUCCESSFUL"
    yield "web"
    ecs.delete_service(service="web", force=True)


def test_a_release_shifts_from_blue_to_green(stage: Stage, service: str) -> None:
    assert stage.get() == (200, "one")
    definition = stage.register(stage.push("two"))
    stage.client("ecs").update_service(service=service, taskDefinition=definition)
    newest = stage.client("ecs").list_service_deployments(service=service)["serviceDeployments"][0]
    wait(lambda: _deployment(stage, newest)["targetServiceRevision"]["requestedTestTrafficWeight"] == 100)
    assert stage.get(port=9000) == (200, "two")
    assert stage.ended(service)["status"] == "SUCCESSFUL"
    assert stage.get() == (200, "two")


def test_the_running_digest_is_the_tags(stage: Stage, service: str) -> None:
    ecs, ecr = stage.client("ecs"), stage.client("ecr")
    tags = ecr.describe_images(repositoryName="stage")["imageDetails"]
    digests = {tag: detail["imageDigest"] for detail in tags for tag in detail.get("imageTags", ())}
    live = ecs.describe_services(services=[service])["services"][0]["currentServiceRevisions"][0]["arn"]
    image = ecs.describe_service_revisions(serviceRevisionArns=[live])["serviceRevisions"][0]["containerImages"][0]
    assert image["imageDigest"] == digests[image["image"].rpartition(":")[2]]


def test_an_image_that_exits_tells_its_code_and_its_last_lines(stage: Stage, service: str) -> None:
    bad = stage.push("exits", script="echo starting; echo 'no database'; exit 3")
    before = stage.get()
    stage.client("ecs").update_service(service=service, taskDefinition=stage.register(bad))

    def failed() -> list[dict[str, Any]]:
        found = [t for t in stage.stopped(service) if t["lastStatus"] == "STOPPED"]
        return found if len([t for t in found if t["stopCode"] == "EssentialContainerExited"]) >= 3 else []

    task = next(t for t in wait(failed) if t["stopCode"] == "EssentialContainerExited")
    assert task["stoppedReason"] == "Essential container in task exited"
    assert task["containers"][0]["exitCode"] == 3
    assert stage.log(task) == ["starting", "no database"]
    newest = stage.client("ecs").list_service_deployments(service=service)["serviceDeployments"][0]
    stage.client("ecs").stop_service_deployment(
        serviceDeploymentArn=newest["serviceDeploymentArn"], stopType="ROLLBACK"
    )
    assert stage.ended(service)["status"] == "ROLLBACK_SUCCESSFUL"
    assert stage.get() == before


def test_a_missing_image_says_so(stage: Stage) -> None:
    ecs = stage.client("ecs")
    definition = stage.register("000000000000.dkr.ecr.us-east-1.amazonaws.com/stage:nothing", family="absent")
    task = ecs.run_task(taskDefinition=definition)["tasks"][0]["taskArn"]
    stopped = wait(lambda: _task_in(stage, task, "STOPPED"))
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"].startswith("CannotPullContainerError: ")


def test_containers_of_a_task_share_one_network_and_wait_for_each_other(stage: Stage) -> None:
    image = stage.push("shared")
    ecs = stage.client("ecs")
    containers = [
        {
            "name": "init",
            "image": image,
            "essential": False,
            "command": ["/bin/busybox", "sh", "-c", "exit 0"],
        },
        {
            "name": "web",
            "image": image,
            "stopTimeout": 1,
            "environment": [{"name": "RELEASE", "value": "shared"}],
            "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}],
            "healthCheck": {
                "command": ["CMD", "/bin/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/health"],
                "interval": 5,
                "retries": 2,
            },
        },
        {
            "name": "probe",
            "image": image,
            "essential": False,
            "command": ["/bin/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/"],
            "dependsOn": [{"containerName": "web", "condition": "HEALTHY"}],
        },
    ]
    definition = ecs.register_task_definition(family="several", containerDefinitions=containers)
    arn = definition["taskDefinition"]["taskDefinitionArn"]
    task = ecs.run_task(taskDefinition=arn)["tasks"][0]["taskArn"]

    def probed() -> dict[str, Any] | None:
        found = ecs.describe_tasks(tasks=[task])["tasks"][0]
        ended = {container["name"]: container.get("exitCode") for container in found["containers"]}
        return ended if ended["probe"] is not None else None

    assert wait(probed) == {"init": 0, "web": None, "probe": 0}
    ecs.stop_task(task=task, reason="enough")
    stopped = wait(lambda: _task_in(stage, task, "STOPPED"))
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")


def test_secrets_reach_the_container(stage: Stage) -> None:
    stage.client("ssm").put_parameter(Name="/stage/word", Value="open sesame", Type="SecureString")
    definition = stage.register(
        stage.push("another"),
        family="secretive",
        secrets=[{"name": "WORD", "valueFrom": "/stage/word"}],
        command=["/bin/busybox", "sh", "-c", "echo $WORD; env | grep -c ^AWS_SECRET"],
    )
    task = stage.client("ecs").run_task(taskDefinition=definition)["tasks"][0]["taskArn"]
    stopped = wait(lambda: _task_in(stage, task, "STOPPED"))
    assert stage.log(stopped) == ["open sesame", "0"]


def _deployment(stage: Stage, brief: dict[str, Any]) -> dict[str, Any]:
    arns = [brief["serviceDeploymentArn"]]
    return dict(stage.client("ecs").describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0])


def _task_in(stage: Stage, arn: str, status: str) -> dict[str, Any] | None:
    task = dict(stage.client("ecs").describe_tasks(tasks=[arn])["tasks"][0])
    return task if task["lastStatus"] == status else None
