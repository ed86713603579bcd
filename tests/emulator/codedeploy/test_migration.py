"""A service moves between CodeDeploy and ECS in place: the same tasks go on, and the next release goes the other way.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/migrate-codedeploy-to-ecs-bluegreen.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.codedeploy.shop import LONG, Shop
from tests.emulator.ecs.conftest import wait
from tests.emulator.ecs.test_control_plane import push

NATIVE = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}


@pytest.mark.parametrize("releases", [0, 1])
def test_the_tasks_go_on_and_ecs_deploys_from_then_on(shop: Shop, releases: int) -> None:
    shop.open(push(shop.stage, "one"))
    for _count in range(releases):
        shop.reaches(shop.deploy(push(shop.stage, "two")), "Succeeded")
    serving, tasks = shop.serves(), _tasks(shop)
    migrate(shop)
    service = shop.service()
    assert _tasks(shop) == tasks
    assert shop.serves() == serving
    assert service["deploymentController"] == {"type": "ECS"}
    assert "taskSets" not in service
    (deployment,) = service["deployments"]
    assert (deployment["status"], deployment["rolloutState"]) == ("PRIMARY", "COMPLETED")
    definition = shop.stage.register(push(shop.stage, "three"), family=shop.name)
    shop.client("ecs").update_service(service=shop.name, taskDefinition=definition)
    assert shop.stage.ended(shop.name)["status"] == "SUCCESSFUL"
    assert shop.serves() == "three"
    bad = shop.stage.register(push(shop.stage, "bad", {"kind": "exits", "code": 1}), family=shop.name)
    shop.client("ecs").update_service(service=shop.name, taskDefinition=bad)
    _stop(shop)
    assert shop.stage.ended(shop.name)["status"] == "ROLLBACK_SUCCESSFUL"
    assert shop.serves() == "three"


def test_the_first_native_release_can_go_back_to_the_task_set(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"))
    migrate(shop)
    bad = shop.stage.register(push(shop.stage, "bad", {"kind": "exits", "code": 1}), family=shop.name)
    shop.client("ecs").update_service(service=shop.name, taskDefinition=bad)
    _stop(shop)
    assert shop.stage.ended(shop.name)["status"] == "ROLLBACK_SUCCESSFUL"
    assert shop.serves() == "one"


def test_a_service_does_not_move_while_something_is_deployed(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"), approval=LONG)
    shop.reaches(shop.deploy(push(shop.stage, "two")), "Ready")
    with pytest.raises(ClientError, match="while a deployment is in progress"):
        migrate(shop)
    assert shop.task_sets() == [("PRIMARY", "blue"), ("ACTIVE", "green")]


def test_a_service_needs_its_rules_to_move(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"))
    with pytest.raises(ClientError, match="advancedConfiguration field is required"):
        shop.client("ecs").update_service(
            service=shop.name, deploymentController={"type": "ECS"}, deploymentConfiguration=NATIVE
        )
    elsewhere = _balancers(shop)
    elsewhere[0] |= {"targetGroupArn": shop.stage.blue}
    elsewhere[0]["advancedConfiguration"] |= {"alternateTargetGroupArn": shop.stage.green}
    with pytest.raises(ClientError, match="registered in none of"):
        migrate(shop, elsewhere)
    assert shop.service()["deploymentController"] == {"type": "CODE_DEPLOY"}
    assert shop.task_sets() == [("PRIMARY", "blue")]


def test_a_service_moves_back_to_code_deploy(shop: Shop) -> None:
    shop.open(push(shop.stage, "one"))
    migrate(shop)
    tasks = _tasks(shop)
    shop.client("ecs").update_service(service=shop.name, deploymentController={"type": "CODE_DEPLOY"})
    assert _tasks(shop) == tasks
    assert shop.task_sets() == [("PRIMARY", "blue")]
    shop.reaches(shop.deploy(push(shop.stage, "two")), "Succeeded")
    assert shop.serves() == "two"


def migrate(shop: Shop, balancers: list[dict[str, Any]] | None = None) -> None:
    """Give the service ECS's own controller, with blue/green."""
    shop.client("ecs").update_service(
        service=shop.name,
        deploymentController={"type": "ECS"},
        deploymentConfiguration=NATIVE,
        loadBalancers=balancers or _balancers(shop),
    )


def _balancers(shop: Shop) -> list[dict[str, Any]]:
    return [
        {
            "targetGroupArn": shop.groups["blue"],
            "containerName": "web",
            "containerPort": 8080,
            "advancedConfiguration": {
                "alternateTargetGroupArn": shop.groups["green"],
                "productionListenerRule": shop.rule("prodTrafficRoute"),
                "testListenerRule": shop.rule("testTrafficRoute"),
                "roleArn": "arn:aws:iam::000000000000:role/ecs",
            },
        }
    ]


def _tasks(shop: Shop) -> list[str]:
    return list(shop.client("ecs").list_tasks(serviceName=shop.name)["taskArns"])


def _stop(shop: Shop) -> None:
    ecs = shop.client("ecs")
    newest = ecs.list_service_deployments(service=shop.name)["serviceDeployments"][0]
    wait(lambda: shop.stage.stopped(shop.name))
    ecs.stop_service_deployment(serviceDeploymentArn=newest["serviceDeploymentArn"], stopType="ROLLBACK")
