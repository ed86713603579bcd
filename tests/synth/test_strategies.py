"""The CloudFormation of each strategy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration

from appdp.cdk import Strategy
from tests.synth.assembly import only, resources_of
from tests.synth.environment import Environment

FIVE = Duration.minutes(5)
SHIFTING = [
    (Strategy.blue_green(bake=FIVE), {"Strategy": "BLUE_GREEN", "BakeTimeInMinutes": 5}),
    (
        Strategy.canary(percent=10.5, step_bake=Duration.minutes(3), bake=FIVE),
        {
            "Strategy": "CANARY",
            "BakeTimeInMinutes": 5,
            "CanaryConfiguration": {"CanaryPercent": 10.5, "CanaryBakeTimeInMinutes": 3},
        },
    ),
    (
        Strategy.linear(step_percent=25, step_bake=Duration.minutes(2), bake=FIVE),
        {
            "Strategy": "LINEAR",
            "BakeTimeInMinutes": 5,
            "LinearConfiguration": {"StepPercent": 25, "StepBakeTimeInMinutes": 2},
        },
    ),
]


@pytest.mark.parametrize(("strategy", "expected"), SHIFTING)
def test_a_strategy_that_shifts_traffic(environment: Environment, strategy: Strategy, expected: dict[str, Any]) -> None:
    environment.web(strategy=strategy, test_listener=environment.test_listener)
    service = only(environment.services, "AWS::ECS::Service")
    configuration = service["DeploymentConfiguration"]
    assert expected.items() <= configuration.items()
    # ECS's circuit breaker is for rolling deployments.
    assert "DeploymentCircuitBreaker" not in configuration
    assert (configuration["MinimumHealthyPercent"], configuration["MaximumPercent"]) == (100, 200)
    (balancer,) = service["LoadBalancers"]
    assert balancer["TargetGroupArn"]["Ref"].startswith("WebTrafficBlue")
    advanced = balancer["AdvancedConfiguration"]
    assert advanced["AlternateTargetGroupArn"]["Ref"].startswith("WebTrafficGreen")
    assert advanced["ProductionListenerRule"]["Ref"].startswith("WebTrafficRule")
    assert advanced["TestListenerRule"]["Ref"].startswith("WebTrafficTestRule")
    assert "LoadBalancingRole" in str(advanced["RoleArn"])


def test_the_gate_is_asked_before_traffic_moves(environment: Environment) -> None:
    environment.web()
    (hook,) = only(environment.services, "AWS::ECS::Service")["DeploymentConfiguration"]["LifecycleHooks"]
    assert hook["LifecycleStages"] == ["POST_TEST_TRAFFIC_SHIFT"]
    assert "DeployerGateFunction" in str(hook["HookTargetArn"])
    assert "DeployerHookRole" in str(hook["RoleArn"])


def test_without_a_test_listener_there_is_no_test_rule(environment: Environment) -> None:
    environment.web()
    (balancer,) = only(environment.services, "AWS::ECS::Service")["LoadBalancers"]
    assert "TestListenerRule" not in balancer["AdvancedConfiguration"]
    assert len(resources_of(environment.services, "AWS::ElasticLoadBalancingV2::ListenerRule")) == 1


def test_rolling_has_one_target_group_and_ecs_own_circuit_breaker(environment: Environment) -> None:
    environment.web(strategy=Strategy.rolling())
    template = environment.services
    service = only(template, "AWS::ECS::Service")
    configuration = service["DeploymentConfiguration"]
    assert configuration["Strategy"] == "ROLLING"
    assert configuration["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert "LifecycleHooks" not in configuration
    assert "AdvancedConfiguration" not in service["LoadBalancers"][0]
    assert len(resources_of(template, "AWS::ElasticLoadBalancingV2::TargetGroup")) == 1
    (action,) = only(template, "AWS::ElasticLoadBalancingV2::ListenerRule")["Actions"]
    assert action["Type"] == "forward"
    (rule,) = resources_of(template, "AWS::ElasticLoadBalancingV2::ListenerRule")
    (name,) = resources_of(template, "AWS::ECS::Service")
    # ECS refuses a service whose target group no listener uses.
    assert rule in template["Resources"][name]["DependsOn"]


def test_a_change_from_rolling_keeps_the_live_target_group(environment: Environment, tmp_path: Path) -> None:
    environment.web(strategy=Strategy.rolling())
    later = Environment(tmp_path / "later")
    later.web(strategy=Strategy.blue_green())
    before = resources_of(environment.services, "AWS::ElasticLoadBalancingV2::TargetGroup")
    after = resources_of(later.services, "AWS::ElasticLoadBalancingV2::TargetGroup")
    (blue,) = before
    assert after[blue] == before[blue]
