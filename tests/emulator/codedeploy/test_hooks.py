"""A real Lambda function as a hook: it is asked, and tells CodeDeploy itself how it went.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.emulator.codedeploy.shop import STOP_ON_ANYTHING, Shop
from tests.emulator.ecs.test_control_plane import push

HOOK = """
import boto3

def handler(event, context):
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="{status}",
    )
"""


@pytest.mark.parametrize(("status", "end"), [("Succeeded", "Succeeded"), ("Failed", "Failed")])
def test_a_function_decides_after_the_test_traffic(shop: Shop, status: str, end: str) -> None:
    function = _function(shop, f"{shop.name}-hook", HOOK.format(status=status))
    rollback = {"enabled": True, "events": STOP_ON_ANYTHING}
    shop.open(push(shop.stage, "one"), autoRollbackConfiguration=rollback)
    deployment = shop.deploy(push(shop.stage, "two"), hooks=[{"AfterAllowTestTraffic": function}])
    shop.reaches(deployment, end)
    assert shop.events(deployment)["AfterAllowTestTraffic"] == status
    if end == "Failed":
        shop.rolled_back(deployment)
    assert shop.serves() == ("two" if end == "Succeeded" else "one")
    assert len(shop.task_sets()) == 1


def _function(shop: Shop, name: str, source: str) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hook.py", source)
    answer = shop.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/hook",
        Handler="hook.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    return str(answer["FunctionArn"])
