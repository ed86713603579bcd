"""A deployment's way forward, what interrupts it, and its way back.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html and
https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html
"""

from __future__ import annotations

import json

import pytest
from tests.unit.local.codedeploy.cd_world import LONG, ROLL_BACK, CodeDeployWorld, in_shop
from tests.unit.local.ecs.world import BLUE, GREEN, PRODUCTION, TEST, refusal, until

from appdp.local.codedeploy.store import EVENTS
from appdp.local.ecs.containers import Exits
from appdp.local.wire import ServiceError

NOTIFICATION = "CodeDeploy Deployment State-change Notification"


def test_test_traffic_moves_before_production_and_blue_goes_last() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open()
        world.balancing.story.clear()
        deployment = await world.deploy()
        await world.reaches(deployment, "Succeeded")
        assert world.balancing.story == ["register green", "test 0/100", "production 0/100", "deregister blue"]
        assert await world.lifecycle(deployment) == dict.fromkeys(EVENTS, "Succeeded")
        assert _states(world) == ["START", "SUCCESS"]

    in_shop(story)


def test_a_return_moves_production_first_and_removes_green_last() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open(termination=LONG)
        deployment = await world.deploy()
        await until(lambda: _waits_for_termination(world, deployment))
        world.balancing.story.clear()
        await world.cd("StopDeployment", deploymentId=deployment, autoRollbackEnabled=True)
        await world.reaches(deployment, "Stopped")
        back = await world.rolled_back(deployment)
        assert world.balancing.story == ["production 100/0", "test 100/0", "deregister green"]
        assert await world.task_sets() == ["PRIMARY"]
        events = await world.lifecycle(back["deploymentId"])
        assert [name for name, status in events.items() if status == "Succeeded"] == ["AllowTraffic"]
        assert _states(world) == ["START", "STOP", "START", "SUCCESS"]
        with pytest.raises(ServiceError, match="already completed"):
            await world.cd("StopDeployment", deploymentId=back["deploymentId"])

    in_shop(story)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_group_says_whether_a_stopped_deployment_goes_back(enabled: bool) -> None:
    async def story(world: CodeDeployWorld) -> None:
        events = ["DEPLOYMENT_STOP_ON_REQUEST"] if enabled else ["DEPLOYMENT_FAILURE"]
        await world.open(approval=LONG, autoRollbackConfiguration={"enabled": True, "events": events})
        deployment = await world.deploy()
        await world.reaches(deployment, "Ready")
        await world.cd("StopDeployment", deploymentId=deployment)
        await world.reaches(deployment, "Stopped")
        if enabled:
            await world.rolled_back(deployment)
        assert await world.task_sets() == (["PRIMARY"] if enabled else ["PRIMARY", "ACTIVE"])

    in_shop(story)


def test_one_deployment_at_a_time() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open(approval=LONG)
        deployment = await world.deploy()
        await world.reaches(deployment, "Ready")
        with pytest.raises(ServiceError, match=f"already has an active Deployment '{deployment}'") as caught:
            await world.deploy("web:3")
        assert caught.value.code == "DeploymentLimitExceededException"

    in_shop(story)


def test_what_an_earlier_deployment_left_goes_first() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open(approval=LONG)
        first = await world.deploy()
        await world.reaches(first, "Ready")
        await world.cd("StopDeployment", deploymentId=first)
        await world.reaches(first, "Stopped")
        left = (await world.service())["taskSets"][1]["id"]
        await world.reaches(await world.deploy("web:3"), "Ready")
        sets = (await world.service())["taskSets"]
        assert [item["status"] for item in sets] == ["PRIMARY", "ACTIVE"]
        assert left not in [item["id"] for item in sets]

    in_shop(story)


def test_a_hook_that_reports_failure_fails_the_deployment() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open(autoRollbackConfiguration=ROLL_BACK)
        deployment = await world.deploy(hooks=[{"AfterAllowTestTraffic": "gate"}])
        await _report(world, "Failed")
        failed = await world.reaches(deployment, "Failed")
        assert failed["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"
        events = await world.lifecycle(deployment)
        assert (events["AfterAllowTestTraffic"], events["AllowTraffic"]) == ("Failed", "Skipped")
        await world.rolled_back(deployment)
        assert world.balancing.rules[TEST] == {BLUE: 100, GREEN: 0}
        assert await world.task_sets() == ["PRIMARY"]

    in_shop(story)


def test_a_hook_that_succeeds_lets_the_deployment_go_on() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open()
        deployment = await world.deploy(hooks=[{"BeforeInstall": "gate"}])
        await _report(world, "Succeeded")
        await world.reaches(deployment, "Succeeded")
        told = world.clients.events[0]
        assert (told["function"], told["DeploymentId"]) == ("gate", deployment)
        with pytest.raises(ServiceError, match="No hook with the execution id"):
            await _tell(world, told["LifecycleEventHookExecutionId"], deployment, "Succeeded")

    in_shop(story)


def test_a_hook_that_never_reports_fails_the_deployment_after_an_hour() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open(autoRollbackConfiguration=ROLL_BACK)
        deployment = await world.deploy(hooks=[{"BeforeInstall": "gate"}])
        failed = await world.reaches(deployment, "Failed")
        assert "within one hour" in failed["errorInformation"]["message"]
        assert "no replacement task set" in (await world.deployment(deployment))["rollbackInfo"]["rollbackMessage"]
        assert await world.task_sets() == ["PRIMARY"]

    in_shop(story, hour=0.3)


def test_a_hook_that_cannot_be_called_fails_the_deployment_at_once() -> None:
    async def story(world: CodeDeployWorld) -> None:
        world.clients.answers.append(refusal("ResourceNotFoundException"))
        await world.open()
        deployment = await world.deploy(hooks=[{"BeforeInstall": "nobody"}])
        failed = await world.reaches(deployment, "Failed")
        assert "could not be invoked" in failed["errorInformation"]["message"]

    in_shop(story)


def test_an_alarm_that_is_red_already_stops_the_deployment() -> None:
    async def story(world: CodeDeployWorld) -> None:
        world.clients.alarms["errors"] = "ALARM"
        alarms = {"enabled": True, "alarms": [{"name": "errors"}]}
        await world.open(approval=LONG, alarmConfiguration=alarms, autoRollbackConfiguration=ROLL_BACK)
        deployment = await world.deploy()
        stopped = await world.reaches(deployment, "Stopped")
        assert stopped["errorInformation"]["code"] == "ALARM_ACTIVE"
        if "rollbackDeploymentId" in (await world.deployment(deployment))["rollbackInfo"]:  # its green had come already
            await world.rolled_back(deployment)
        off = await world.deploy("web:3", overrideAlarmConfiguration={"enabled": False})
        await world.reaches(off, "Ready")

    in_shop(story)


def test_a_listener_that_does_not_lead_to_the_primary_task_set_fails_the_deployment() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open()
        world.balancing.rules[PRODUCTION] = {"elsewhere": 100}
        deployment = await world.deploy()
        failed = await world.reaches(deployment, "Failed")
        assert failed["errorInformation"]["code"] == "ELASTIC_LOAD_BALANCING_INVALID"
        assert "must be behind listener" in failed["errorInformation"]["message"]
        assert await world.task_sets() == ["PRIMARY"]

    in_shop(story)


def test_a_task_definition_that_is_not_there_fails_the_deployment() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open()
        place = {"ContainerName": "other", "ContainerPort": 8080}
        for definition, reason in (("nothing:1", "Unable to describe"), (await world.register(), "does not exist")):
            properties = {"TaskDefinition": definition, "LoadBalancerInfo": place}
            resource = {"Type": "AWS::ECS::Service", "Properties": properties}
            content = json.dumps({"Resources": [{"TargetService": resource}]})
            failed = await world.reaches(await world.start(content), "Failed")
            assert failed["errorInformation"]["code"] == "ECS_UPDATE_ERROR"
            assert reason in failed["errorInformation"]["message"]

    in_shop(story)


def test_a_replacement_that_keeps_failing_stays_in_install_for_an_hour() -> None:
    async def story(world: CodeDeployWorld) -> None:
        world.images["web:bad"] = Exits(code=1)
        world.balancing.sick = lambda group, ip: group == GREEN
        await world.open(autoRollbackConfiguration=ROLL_BACK)
        deployment = await world.deploy("web:bad")
        await until(lambda: world.tasks("STOPPED"))
        assert (await world.lifecycle(deployment))["Install"] == "InProgress"
        failed = await world.reaches(deployment, "Failed")
        assert failed["errorInformation"]["code"] == "TIMEOUT"
        await world.rolled_back(deployment)
        assert await world.task_sets() == ["PRIMARY"]

    in_shop(story, hour=4)


def test_a_service_that_goes_fails_the_deployment() -> None:
    async def story(world: CodeDeployWorld) -> None:
        world.images["web:bad"] = Exits(code=1)
        world.balancing.sick = lambda group, ip: group == GREEN
        await world.open()
        deployment = await world.deploy("web:bad")
        await until(lambda: world.tasks("STOPPED"))
        await world("DeleteService", service="web", force=True)
        failed = await world.reaches(deployment, "Failed")
        assert failed["errorInformation"]["code"] == "INVALID_ECS_SERVICE"

    in_shop(story)


def test_the_original_task_set_may_be_kept() -> None:
    async def story(world: CodeDeployWorld) -> None:
        keep = {"terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"}}
        await world.open(blueGreenDeploymentConfiguration=keep)
        await world.reaches(await world.deploy(), "Succeeded")
        assert await world.task_sets() == ["ACTIVE", "PRIMARY"]
        assert (await world.service())["runningCount"] == 2
        await world.reaches(await world.deploy("web:3"), "Succeeded")
        assert await world.task_sets() == ["ACTIVE", "PRIMARY"]

    in_shop(story)


def test_a_service_of_no_tasks_can_be_deployed_and_scaled() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open(count=0)
        await world.reaches(await world.deploy(), "Succeeded")
        await world("UpdateService", service="web", desiredCount=2)
        await world.steady()
        assert (await world.service())["runningCount"] == 2

    in_shop(story)


def test_the_count_may_change_while_two_task_sets_stand() -> None:
    async def story(world: CodeDeployWorld) -> None:
        await world.open(approval=LONG)
        await world.reaches(await world.deploy(), "Ready")
        await world("UpdateService", service="web", desiredCount=3)
        await world.steady()
        assert [item["runningCount"] for item in (await world.service())["taskSets"]] == [3, 3]

    in_shop(story)


async def _report(world: CodeDeployWorld, status: str) -> None:
    """Report as the function that was called."""

    async def called() -> bool:
        return bool(world.clients.events)

    await until(called)
    told = world.clients.events[0]
    await _tell(world, told["LifecycleEventHookExecutionId"], told["DeploymentId"], status)


async def _tell(world: CodeDeployWorld, execution: str, deployment: str, status: str) -> None:
    parameters = {"deploymentId": deployment, "lifecycleEventHookExecutionId": execution, "status": status}
    await world.cd("PutLifecycleEventHookExecutionStatus", **parameters)


async def _waits_for_termination(world: CodeDeployWorld, deployment: str) -> bool:
    return bool((await world.deployment(deployment))["instanceTerminationWaitTimeStarted"])


def _states(world: CodeDeployWorld) -> list[str]:
    return [str(detail["state"]) for kind, detail in world.events.emitted if kind == NOTIFICATION]
