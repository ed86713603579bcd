"""Strategies, pauses, alarms and revisions as a caller meets them: boto3 over the wire, the real load balancer.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html, linear-deployment.html,
pause-lifecycle-hooks.html, stop-service-deployment.html, deployment-alarm-failure.html and
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.ecs.conftest import Stage, build_stage, wait
from tests.emulator.ecs.test_control_plane import balancers, push

LONG = 1440


@pytest.fixture(scope="module")
def account() -> Iterator[Stage]:
    """Its minutes last 0.06 s, but for the 1,440 of a bake that somebody ends."""
    with EmbeddedAws.start(docker=False, bake_scale=0.001, time_scale=0.1) as aws:
        yield build_stage(aws)


@pytest.fixture
def service(account: Stage) -> Iterator[str]:
    """A service that runs release ``one`` behind both colours; gone when the test has ended."""
    ecs = account.client("ecs")
    ecs.create_service(
        serviceName="web",
        taskDefinition=account.register(push(account, "one")),
        desiredCount=1,
        loadBalancers=balancers(account),
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0},
    )
    assert account.ended("web")["status"] == "SUCCESSFUL"
    yield "web"
    ecs.delete_service(service="web", force=True)
    ecs.get_waiter("services_inactive").wait(services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    _turn_rules_back(account)


def test_canary_sends_a_part_of_the_requests_and_then_all(account: Stage, service: str) -> None:
    canary = {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": LONG}
    _update(account, strategy="CANARY", canaryConfiguration=canary)
    shifted = _until_weight(account, 20.0)
    assert sorted(_weights(account, account.production)) == [20, 80]
    assert _share_of(account, shifted, requests=50) == 10
    _stop(account)
    assert account.ended(service)["status"] == "ROLLBACK_SUCCESSFUL"
    assert sorted(_weights(account, account.production)) == [0, 100]
    canary["canaryBakeTimeInMinutes"] = 0
    _update(account, strategy="CANARY", canaryConfiguration=canary)
    assert account.ended(service)["status"] == "SUCCESSFUL"
    assert _newest(account)["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100.0


def test_linear_stops_at_a_pause_before_every_step(account: Stage, service: str) -> None:
    pause = {"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}
    linear = {"stepPercent": 40.0, "stepBakeTimeInMinutes": 0}
    _update(account, strategy="LINEAR", linearConfiguration=linear, lifecycleHooks=[pause])
    seen: list[float] = []
    hooks: set[str] = set()
    for _step in range(3):
        held = wait(lambda: _awaiting(account, hooks))
        hooks.add(held["hookId"])
        seen.append(_newest(account)["targetServiceRevision"]["requestedProductionTrafficWeight"])
        assert held["expiresAt"] > _newest(account)["startedAt"]
        _decide(account, held["hookId"], "CONTINUE")
    assert seen == [0.0, 40.0, 80.0]
    assert account.ended(service)["status"] == "SUCCESSFUL"


def test_a_pause_is_rolled_back_and_then_decided_for_good(account: Stage, service: str) -> None:
    before = json.loads(account.get()[1])["simulated"]
    pause = {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}
    _update(account, lifecycleHooks=[pause])
    held = wait(lambda: _awaiting(account, set()))
    assert json.loads(account.get(port=9000)[1])["simulated"] != before
    assert json.loads(account.get()[1])["simulated"] == before
    assert held["timeoutAction"] == "ROLLBACK"
    _decide(account, held["hookId"], "ROLLBACK")
    assert account.ended(service)["status"] == "ROLLBACK_SUCCESSFUL"
    with pytest.raises(ClientError, match="InvalidParameterException"):
        _decide(account, held["hookId"], "CONTINUE")
    with pytest.raises(ClientError, match="ConflictException"):
        _stop(account)


def test_an_alarm_that_goes_off_in_the_bake_gives_the_traffic_back(account: Stage, service: str) -> None:
    before = json.loads(account.get()[1])["simulated"]
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="shop",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="quiet")
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    _update(account, bakeTimeInMinutes=LONG, alarms=alarms)
    wait(lambda: _newest(account).get("lifecycleStage") == "BAKE_TIME")
    wait(lambda: _newest(account)["alarms"]["status"] == "MONITORING")
    assert json.loads(account.get()[1])["simulated"] != before
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="too many")
    assert account.ended(service)["status"] == "ROLLBACK_SUCCESSFUL"
    assert _newest(account)["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors"],
        "triggeredAlarmNames": ["errors"],
    }
    assert "errors" in _newest(account)["rollback"]["reason"]
    assert json.loads(account.get()[1])["simulated"] == before


def test_a_revision_keeps_the_digest_that_its_tag_had(account: Stage, service: str) -> None:
    ecs = account.client("ecs")
    _update(account, "moving")
    account.ended(service)
    first = _digest(account)
    push(account, "moving", {"kind": "runs"})
    tag = account.client("ecr").describe_images(repositoryName="stage", imageIds=[{"imageTag": "moving"}])
    assert tag["imageDetails"][0]["imageDigest"] != first
    task = ecs.list_tasks(serviceName=service)["taskArns"][0]
    ecs.stop_task(task=task)
    wait(lambda: set(ecs.list_tasks(serviceName=service)["taskArns"]) - {task})
    (fresh,) = set(ecs.list_tasks(serviceName=service)["taskArns"]) - {task}
    assert ecs.describe_tasks(tasks=[fresh])["tasks"][0]["containers"][0]["imageDigest"] == first
    ecs.update_service(service=service, forceNewDeployment=True)
    account.ended(service)
    assert _digest(account) == tag["imageDetails"][0]["imageDigest"]


def test_deployments_are_listed_newest_first_in_pages_and_by_status(account: Stage, service: str) -> None:
    ecs = account.client("ecs")
    for _count in range(3):
        ecs.update_service(service=service, forceNewDeployment=True)
        account.ended(service)
    pages = [
        ecs.list_service_deployments(service=service, maxResults=3),
    ]
    pages.append(ecs.list_service_deployments(service=service, maxResults=3, nextToken=pages[0]["nextToken"]))
    created = [item["createdAt"] for page in pages for item in page["serviceDeployments"]]
    assert [len(page["serviceDeployments"]) for page in pages] == [3, 1]
    assert created == sorted(created, reverse=True)
    assert "nextToken" not in pages[1]
    assert ecs.list_service_deployments(service=service, status=["IN_PROGRESS"])["serviceDeployments"] == []
    for size in (0, 101):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            ecs.list_service_deployments(service=service, maxResults=size)


def _update(account: Stage, tag: str = "two", **configuration: object) -> None:
    definition = account.register(push(account, tag))
    told = {"strategy": "BLUE_GREEN", **configuration}
    account.client("ecs").update_service(service="web", taskDefinition=definition, deploymentConfiguration=told)


def _newest(account: Stage) -> dict[str, Any]:
    ecs = account.client("ecs")
    arn = ecs.list_service_deployments(service="web")["serviceDeployments"][0]["serviceDeploymentArn"]
    return dict(ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0])


def _stop(account: Stage) -> None:
    arn = _newest(account)["serviceDeploymentArn"]
    account.client("ecs").stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")


def _decide(account: Stage, hook: str, action: str) -> None:
    arn = _newest(account)["serviceDeploymentArn"]
    account.client("ecs").continue_service_deployment(serviceDeploymentArn=arn, hookId=hook, action=action)


def _awaiting(account: Stage, decided: set[str]) -> dict[str, Any] | None:
    """A hook that awaits action and is not one of ``decided``."""
    details = _newest(account).get("lifecycleHookDetails", [])
    found = [item for item in details if item["status"] == "AWAITING_ACTION" and item["hookId"] not in decided]
    return dict(found[0]) if found else None


def _until_weight(account: Stage, percent: float) -> str:
    """The image of the newest task, once its revision has so much of the traffic."""
    wait(lambda: _newest(account)["targetServiceRevision"]["requestedProductionTrafficWeight"] == percent)
    return str(json.loads(account.get(port=9000)[1])["simulated"])


def _share_of(account: Stage, image: str, *, requests: int) -> int:
    return sum(json.loads(account.get()[1])["simulated"] == image for _ in range(requests))


def _weights(account: Stage, rule: str) -> list[int]:
    action = account.client("elbv2").describe_rules(RuleArns=[rule])["Rules"][0]["Actions"][0]
    return [group["Weight"] for group in action["ForwardConfig"]["TargetGroups"]]


def _digest(account: Stage) -> str:
    arn = _newest(account)["targetServiceRevision"]["arn"]
    revision = account.client("ecs").describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"][0]
    return str(revision["containerImages"][0]["imageDigest"])


def _turn_rules_back(account: Stage) -> None:
    for rule in (account.production, account.test):
        groups = [
            {"TargetGroupArn": group, "Weight": weight} for group, weight in ((account.blue, 100), (account.green, 0))
        ]
        actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
        account.client("elbv2").modify_rule(RuleArn=rule, Actions=actions)
