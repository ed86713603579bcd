"""A stack with a blue/green service: CloudFormation waits for all of its stages, and goes back when one fails.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appdp.errors import LocalError
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.stacks import deploy
from tests.emulator.ecs.conftest import Stage, build_stage
from tests.emulator.ecs.test_control_plane import push

GATE = """
def handler(event, context):
    return {"hookStatus": event["hookDetails"]["answer"]}
"""
ROLE = "arn:aws:iam::000000000000:role/any"


@pytest.fixture(scope="module")
def account() -> Iterator[Stage]:
    with EmbeddedAws.start(docker=False, bake_scale=0.02, time_scale=0.1) as aws:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("gate.py", GATE)
        aws.client("lambda").create_function(
            FunctionName="gate",
            Runtime="python3.13",
            Role=ROLE,
            Handler="gate.handler",
            Code={"ZipFile": packed.getvalue()},
        )
        yield build_stage(aws)


def test_an_update_that_a_hook_refuses_returns_with_the_reason(account: Stage, tmp_path: Path) -> None:
    _deploy(account, tmp_path, push(account, "one"), answer="SUCCEEDED")
    service = _service(account)
    first = json.loads(account.get()[1])["simulated"]
    assert service["runningCount"] == 1
    with pytest.raises(LocalError, match=r"(?s)UPDATE_ROLLBACK_COMPLETE: Service .*POST_TEST_TRAFFIC_SHIFT failed"):
        _deploy(account, tmp_path, push(account, "two"), answer="FAILED")
    assert json.loads(account.get()[1])["simulated"] == first
    assert _service(account)["taskDefinition"] == service["taskDefinition"]
    _deploy(account, tmp_path, push(account, "three"), answer="SUCCEEDED")
    assert json.loads(account.get()[1])["simulated"] != first
    assert account.client("ecs").list_service_deployments(service="web")["serviceDeployments"][0]["status"] == (
        "SUCCESSFUL"
    )


def test_a_target_group_that_no_rule_names_fails_the_stack(account: Stage, tmp_path: Path) -> None:
    vpc = account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    group = account.client("elbv2").create_target_group(
        Name="alone", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip"
    )
    alone = group["TargetGroups"][0]["TargetGroupArn"]
    with pytest.raises(LocalError, match="does not have an associated load balancer"):
        _deploy(account, tmp_path, push(account, "one"), answer="SUCCEEDED", name="lost", blue=alone)


def _deploy(
    account: Stage, directory: Path, image: str, *, answer: str, name: str = "web", blue: str | None = None
) -> None:
    balancer = {
        "TargetGroupArn": blue or account.blue,
        "ContainerName": "web",
        "ContainerPort": 8080,
        "AdvancedConfiguration": {
            "AlternateTargetGroupArn": account.green,
            "ProductionListenerRule": account.production,
            "TestListenerRule": account.test,
            "RoleArn": ROLE,
        },
    }
    hook = {
        "HookTargetArn": "arn:aws:lambda:us-east-1:000000000000:function:gate",
        "RoleArn": ROLE,
        "LifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
        "HookDetails": json.dumps({"answer": answer}),
    }
    container = {"Name": "web", "Image": image, "Essential": True, "PortMappings": [{"ContainerPort": 8080}]}
    resources = {
        "Tasks": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Family": name, "ContainerDefinitions": [container]},
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "ServiceName": name,
                "Cluster": "default",
                "TaskDefinition": {"Ref": "Tasks"},
                "DesiredCount": 1,
                "LoadBalancers": [balancer],
                "DeploymentConfiguration": {
                    "Strategy": "BLUE_GREEN",
                    "BakeTimeInMinutes": 1,
                    "LifecycleHooks": [hook],
                },
            },
        },
    }
    (directory / "t.json").write_text(json.dumps({"Resources": resources}))
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json", "stackName": name}}
    (directory / "manifest.json").write_text(json.dumps({"artifacts": {name: artifact}}))
    deploy(account.aws, directory)


def _service(account: Stage) -> dict[str, Any]:
    return dict(account.client("ecs").describe_services(services=["web"])["services"][0])
