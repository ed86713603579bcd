"""The API over the wire: boto3's waiters, the real load balancer, a real Lambda hook. Containers are played."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from appdp.local.ecs.simulated_runtime import ANNOTATION
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.roles import registry_login
from tests.emulator.ecs.conftest import REGISTRY, Stage, build_stage, wait

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
GATE = "/gate"
HOOK = f"""
import boto3

def handler(event, context):
    if boto3.client("ssm").get_parameter(Name="{GATE}")["Parameter"]["Value"] == "open":
        return {{"hookStatus": "SUCCEEDED"}}
    return {{"hookStatus": "IN_PROGRESS", "callBackDelay": 1}}
"""


@pytest.fixture(scope="module")
def played() -> Iterator[Stage]:
    with EmbeddedAws.start(docker=False, bake_scale=0.01) as aws:
        yield build_stage(aws)


def push(stage: Stage, tag: str, behaviour: dict[str, Any] | None = None) -> str:
    """Put an image into the registry that behaves as told; returns its reference."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{'0' * 64}", "size": 2}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [],
        "annotations": {"tag": tag, **({ANNOTATION: json.dumps(behaviour)} if behaviour else {})},
    }
    url = f"{stage.aws.endpoint.url}/v2/stage/manifests/{tag}"
    headers = {**registry_login(), "content-type": MANIFEST}
    request = Request(url, json.dumps(manifest).encode(), headers, method="PUT")  # noqa: S310 - a loopback URL of our own
    with urlopen(request, timeout=10) as answer:  # noqa: S310 - a loopback URL of our own
        assert answer.status == 201
    return f"{REGISTRY}/stage:{tag}"


def balancers(stage: Stage) -> list[dict[str, Any]]:
    advanced = {
        "alternateTargetGroupArn": stage.green,
        "productionListenerRule": stage.production,
        "testListenerRule": stage.test,
        "roleArn": "arn:aws:iam::000000000000:role/ecs",
    }
    group = {"targetGroupArn": stage.blue, "containerName": "web", "containerPort": 8080}
    return [{**group, "advancedConfiguration": advanced}]


def function(stage: Stage) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hook.py", HOOK)
    answer = stage.client("lambda").create_function(
        FunctionName="hook",
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/hook",
        Handler="hook.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    return str(answer["FunctionArn"])


def test_boto3s_waiters_agree(played: Stage) -> None:
    ecs = played.client("ecs")
    definition = played.register(push(played, "steady"), family="steady")
    ecs.create_service(serviceName="steady", taskDefinition=definition, desiredCount=2)
    quick = {"Delay": 1, "MaxAttempts": 30}
    ecs.get_waiter("services_stable").wait(cluster="default", services=["steady"], WaiterConfig=quick)
    tasks = ecs.list_tasks(serviceName="steady")["taskArns"]
    ecs.get_waiter("tasks_running").wait(cluster="default", tasks=tasks, WaiterConfig=quick)
    ecs.delete_service(service="steady", force=True)
    ecs.get_waiter("tasks_stopped").wait(cluster="default", tasks=tasks, WaiterConfig=quick)
    ecs.get_waiter("services_inactive").wait(cluster="default", services=["steady"], WaiterConfig=quick)


def gate(stage: Stage, value: str) -> None:
    """What the hook goes by."""
    stage.client("ssm").put_parameter(Name=GATE, Value=value, Type="String", Overwrite=True)


def test_a_release_is_held_by_its_hook_and_then_takes_the_traffic(played: Stage) -> None:
    ecs = played.client("ecs")
    gate(played, "open")
    hook = {
        "hookTargetArn": function(played),
        "roleArn": "arn:aws:iam::000000000000:role/hook",
        "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
    }
    ecs.create_service(
        serviceName="web",
        taskDefinition=played.register(push(played, "one")),
        desiredCount=2,
        loadBalancers=balancers(played),
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": [hook]},
    )
    assert played.ended("web")["status"] == "SUCCESSFUL"
    first = json.loads(played.get()[1])["simulated"]
    gate(played, "shut")
    ecs.update_service(service="web", taskDefinition=played.register(push(played, "two")))

    def held() -> dict[str, Any] | None:
        newest = ecs.list_service_deployments(service="web", status=["IN_PROGRESS"])["serviceDeployments"]
        arns = [item["serviceDeploymentArn"] for item in newest]
        found = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0]
        return dict(found) if found.get("lifecycleHookDetails") else None

    waiting = wait(held)
    assert waiting["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
    assert json.loads(played.get(port=9000)[1])["simulated"] != first
    assert json.loads(played.get()[1])["simulated"] == first
    assert waiting["lifecycleHookDetails"][0]["status"] == "IN_PROGRESS"
    gate(played, "open")
    assert played.ended("web")["status"] == "SUCCESSFUL"
    assert json.loads(played.get()[1])["simulated"] != first


def test_an_unhealthy_release_is_stopped_and_tells_the_failing_check(played: Stage) -> None:
    ecs = played.client("ecs")
    image = push(played, "sick", {"kind": "unhealthy", "status": 503})
    ecs.create_service(
        serviceName="sick",
        taskDefinition=played.register(image, family="sick"),
        desiredCount=1,
        loadBalancers=[{"targetGroupArn": played.blue, "containerName": "web", "containerPort": 8080}],
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    stopped = wait(lambda: [task for task in played.stopped("sick") if task["lastStatus"] == "STOPPED"])[0]
    assert stopped["stoppedReason"] == f"Task failed ELB health checks in (target-group {played.blue})"
    messages = [event["message"] for event in ecs.describe_services(services=["sick"])["services"][0]["events"]]
    assert any("Health checks failed with these codes: [503]" in message for message in messages)
    ecs.delete_service(service="sick", force=True)


def test_a_field_that_boto3_does_not_know_survives(played: Stage) -> None:
    body = {"family": "future", "newField": {"A": 1}, "containerDefinitions": [{"name": "w", "image": "w:1"}]}
    credential = "Credential=000000000000/20260101/us-east-1/ecs/aws4_request"
    headers = {
        "authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition",
    }
    request = Request(played.aws.endpoint.url, json.dumps(body).encode(), headers)  # noqa: S310 - a loopback URL of our own
    with urlopen(request, timeout=10) as answer:  # noqa: S310 - a loopback URL of our own
        assert json.load(answer)["taskDefinition"]["newField"] == {"A": 1}
