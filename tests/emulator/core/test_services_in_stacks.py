"""A stack holds an ECS service: CloudFormation waits for its deployment, and sends it back when that fails.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appdp.errors import LocalError
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.stacks import StackResult, deploy
from tests.emulator.core.test_registry import CONFIG, MANIFEST, Pushing

REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
EXITS = {"appdp.local.behaviour": json.dumps({"kind": "exits", "code": 3, "log": ["no database"]})}


@pytest.fixture(scope="module")
def quick() -> Iterator[EmbeddedAws]:
    """Its ECS waits a tenth of the time between tries."""
    with EmbeddedAws.start(docker=False, time_scale=0.1) as running:
        ecr = running.client("ecr")
        ecr.create_repository(repositoryName="web")
        running.client("ecs").create_cluster(clusterName="main")
        yield running


def _push(aws: EmbeddedAws, tag: str, annotations: dict[str, str]) -> None:
    pushing = Pushing(aws, "web")
    config = pushing.blob(json.dumps({"os": "linux", "architecture": "amd64", "tag": tag}).encode())
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": config, "size": 1},
        "layers": [],
        "annotations": annotations,
    }
    assert pushing.manifest(manifest, tag)[0] == 201


def _deploy(aws: EmbeddedAws, directory: Path, name: str, tag: str) -> StackResult:
    template = {
        "Resources": {
            "Tasks": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {
                    "Family": name,
                    "Cpu": "256",
                    "Memory": "512",
                    "NetworkMode": "awsvpc",
                    "RequiresCompatibilities": ["FARGATE"],
                    "ExecutionRoleArn": "arn:aws:iam::000000000000:role/execution",
                    "ContainerDefinitions": [{"Name": "web", "Image": f"{REGISTRY}/web:{tag}", "Essential": True}],
                },
            },
            "Service": {
                "Type": "AWS::ECS::Service",
                "Properties": {
                    "Cluster": "main",
                    "ServiceName": name,
                    "LaunchType": "FARGATE",
                    "TaskDefinition": {"Ref": "Tasks"},
                    "DesiredCount": 2,
                    "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}},
                    "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}},
                },
            },
        }
    }
    (directory / "t.json").write_text(json.dumps(template))
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json", "stackName": name}}
    (directory / "manifest.json").write_text(json.dumps({"artifacts": {name: artifact}}))
    return deploy(aws, directory)[0]


def _service(aws: EmbeddedAws, name: str) -> dict[str, Any]:
    return dict(aws.client("ecs").describe_services(cluster="main", services=[name])["services"][0])


def test_a_failed_update_goes_back_to_the_previous_task_definition(quick: EmbeddedAws, tmp_path: Path) -> None:
    _push(quick, "r1", {})
    _push(quick, "r2", EXITS)
    assert _deploy(quick, tmp_path, "back", "r1").status == "CREATE_COMPLETE"
    before = _service(quick, "back")
    assert before["runningCount"] == 2
    with pytest.raises(LocalError, match=r"UPDATE_ROLLBACK_COMPLETE: Service \(AWS::ECS::Service\) failed"):
        _deploy(quick, tmp_path, "back", "r2")
    after = _service(quick, "back")
    assert after["taskDefinition"] == before["taskDefinition"]
    assert after["runningCount"] == 2
    assert _deploy(quick, tmp_path, "back", "r1").changed == ()


def test_a_failed_creation_leaves_no_service(quick: EmbeddedAws, tmp_path: Path) -> None:
    _push(quick, "r3", EXITS)
    with pytest.raises(LocalError, match=r"ROLLBACK_COMPLETE: Service"):
        _deploy(quick, tmp_path, "never", "r3")
    services = quick.client("ecs").describe_services(cluster="main", services=["never"])["services"]
    assert [service["status"] for service in services] in ([], ["INACTIVE"])


def test_the_service_answers_while_a_stack_waits(quick: EmbeddedAws, tmp_path: Path) -> None:
    """A deployment that takes its time blocks no other call."""
    import threading

    _push(quick, "r4", {})
    worker = threading.Thread(target=_deploy, args=(quick, tmp_path, "waits", "r4"))
    worker.start()
    answered = 0
    while worker.is_alive():
        quick.client("sts").get_caller_identity()
        answered += worker.is_alive()
    assert answered > 0
