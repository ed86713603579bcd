"""Schedules: what runs, when, as whom, and from when on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration, TimeZone
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint_file  # type: ignore[import-untyped] # it ships no types

from appdp.cdk import Architecture, Capacity
from appdp.cdk.schedule_options import check_schedule_options
from appdp.errors import ConfigurationError
from appdp.model.schedule import ScheduleManifest
from tests.synth.assembly import actions, only, resources, resources_of, statements, text_of
from tests.synth.environment import Environment

UNRELEASED = "Unreleasedshopdev"
KIND = "AWS::Scheduler::Schedule"


def scheduled(environment: Environment) -> dict[str, Any]:
    return only(environment.services, KIND)


def role(environment: Environment) -> dict[str, Any]:
    (found,) = [
        item["Properties"]
        for name, item in resources_of(environment.services, "AWS::IAM::Role").items()
        if name.startswith("NightlyRole")
    ]
    assert isinstance(found, dict)
    return found


def test_nothing_runs_until_the_first_release_and_a_stack_update_keeps_it_on_afterwards(
    environment: Environment,
) -> None:
    environment.schedule()
    assert scheduled(environment)["State"] == {"Fn::If": [UNRELEASED, "DISABLED", "ENABLED"]}
    assert list(environment.services["Conditions"]) == [UNRELEASED]


def test_it_can_be_kept_off(environment: Environment) -> None:
    environment.schedule(enabled=False)
    assert scheduled(environment)["State"] == "DISABLED"
    assert manifest(environment).enabled is False


def manifest(environment: Environment) -> ScheduleManifest:
    return ScheduleManifest.from_json(text_of(only(environment.services, "AWS::SSM::Parameter")["Value"]))


def test_the_engine_reads_the_manifest(environment: Environment) -> None:
    environment.schedule()
    assert only(environment.services, "AWS::SSM::Parameter")["Name"] == "/appdp/shop/dev/schedules/nightly"
    found = manifest(environment)
    assert (found.name, found.group, found.containers, found.enabled) == (
        "nightly",
        "shop.dev",
        {"nightly": "web"},
        True,
    )
    assert found.schedule.startswith("ref-NightlySchedule")
    assert found.task_definition.startswith("ref-NightlyTaskDefinition")
    assert found.cluster == "arn:aws:ecs:eu-west-1:111122223333:cluster/main"
    assert only(environment.deployers, "AWS::Scheduler::ScheduleGroup") == {"Name": found.group}
    assert scheduled(environment)["GroupName"] == found.group


def test_when_it_runs(environment: Environment) -> None:
    when = scheduler.ScheduleExpression.cron(hour="6", minute="30", time_zone=TimeZone.of("Europe/Berlin"))
    environment.schedule(expression=when, flexible_window=Duration.minutes(15))
    found = scheduled(environment)
    assert found["ScheduleExpression"] == "cron(30 6 * * ? *)"
    assert found["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert found["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}


def test_it_runs_the_environments_tag_as_services_do(environment: Environment) -> None:
    schedule = environment.schedule(command=["report", "--all"], capacity=Capacity.spot())
    definition = only(environment.services, "AWS::ECS::TaskDefinition")
    (container,) = definition["ContainerDefinitions"]
    assert text_of(container["Image"]) == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:env-dev"
    assert container["Command"] == ["report", "--all"]
    assert definition["Family"] == "shop-dev-nightly"
    assert only(environment.services, "AWS::Logs::LogGroup")["LogGroupName"] == "/appdp/shop/dev/nightly"
    target = scheduled(environment)["Target"]
    assert target["Arn"] == "arn:aws:ecs:eu-west-1:111122223333:cluster/main"
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}
    assert "DeadLetterConfig" not in target
    parameters = target["EcsParameters"]
    assert parameters["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    network = parameters["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["Subnets"] == ["subnet-00000000000000001", "subnet-00000000000000002"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert [text_of(group).startswith("NightlySecurityGroup") for group in network["SecurityGroups"]] == [True]
    assert schedule.log_group is not None
    assert schedule.connections.security_groups != []


def test_its_network_can_be_given(environment: Environment) -> None:
    group = ec2.SecurityGroup.from_security_group_id(environment.services_stack, "Mine", "sg-0000000000000000b")
    environment.schedule(security_groups=[group], assign_public_ip=True)
    parameters = scheduled(environment)["Target"]["EcsParameters"]
    assert parameters["NetworkConfiguration"]["AwsvpcConfiguration"] == {
        "AssignPublicIp": "ENABLED",
        "SecurityGroups": ["sg-0000000000000000b"],
        "Subnets": ["subnet-00000000000000003", "subnet-00000000000000004"],
    }


def test_its_role_may_run_that_task_only(environment: Environment) -> None:
    queue = sqs.Queue.from_queue_arn(environment.services_stack, "Dead", "arn:aws:sqs:eu-west-1:111122223333:dead")
    environment.schedule(dead_letter_queue=queue, retries=0, retry_for=Duration.minutes(1))
    found = role(environment)
    assert found["Path"] == "/appdp/shop/dev/schedules/"
    (trust,) = found["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert text_of(trust["Condition"]["ArnEquals"]["aws:SourceArn"]) == (
        "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/shop.dev"
    )
    assert text_of(trust["Condition"]["StringEquals"]["aws:SourceAccount"]) == "111122223333"
    may = found["Policies"][0]["PolicyDocument"]["Statement"]
    assert actions(may) == {"ecs:RunTask", "iam:PassRole", "sqs:SendMessage"}
    assert resources(may, "ecs:RunTask") == {"arn:aws:ecs:eu-west-1:111122223333:task-definition/shop-dev-nightly:*"}
    assert may[0]["Condition"] == {"ArnEquals": {"ecs:cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/main"}}
    assert may[1]["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert len(may[1]["Resource"]) == 2
    target = scheduled(environment)["Target"]
    assert target["DeadLetterConfig"] == {"Arn": queue.queue_arn}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}


def test_the_engine_may_change_the_environments_schedules_and_pass_their_roles(environment: Environment) -> None:
    found = statements(environment.deployers, "AdvanceRole")
    for action in ("scheduler:GetSchedule", "scheduler:UpdateSchedule"):
        assert resources(found, action) == {"arn:aws:scheduler:eu-west-1:111122223333:schedule/shop.dev/*"}
    (passing,) = [
        item
        for item in found
        if item.get("Condition", {}).get("StringEquals", {}).get("iam:PassedToService") == "scheduler.amazonaws.com"
    ]
    assert resources([passing], "iam:PassRole") == {"arn:aws:iam::111122223333:role/appdp/shop/dev/schedules/*"}


def test_a_ready_made_task_definition(environment: Environment) -> None:
    schedule = environment.schedule(task_definition=environment.ready_made(), images={"app": "web"}, image=None)
    assert manifest(environment).containers == {"app": "web"}
    assert schedule.log_group is None
    assert schedule.task_role.node.path == schedule.task_definition.task_role.node.path


def test_grants_go_to_the_task(environment: Environment) -> None:
    schedule = environment.schedule(architecture=Architecture.AMD64, cpu=512, memory_mib=1024)
    secret = secretsmanager.Secret(environment.services_stack, "Secret")
    secret.grant_read(schedule)
    policies = resources_of(environment.services, "AWS::IAM::Policy")
    assert any(name.startswith("NightlyTaskRole") for name in policies)
    assert only(environment.services, "AWS::ECS::TaskDefinition")["Cpu"] == "512"


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"retries": 186}, "retries=186: allowed are 0 to 185"),
        ({"retry_for": Duration.seconds(59)}, "retry_for=59 s: allowed are 60 to 86400 s"),
        ({"flexible_window": Duration.seconds(90)}, "flexible_window=90 s: allowed are 1 to 1440 whole minutes"),
        ({"flexible_window": Duration.minutes(1441)}, "allowed are 1 to 1440"),
        ({"name": "Nightly"}, "schedule 'Nightly' is not a name"),
        ({"images": {"a": "web"}}, "images= without task_definition="),
    ],
)
def test_what_cannot_be(environment: Environment, properties: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        environment.schedule(**properties)


def test_settings_do_not_go_with_a_task_definition_of_ones_own(environment: Environment) -> None:
    with pytest.raises(ConfigurationError, match="image, command together with task_definition="):
        environment.schedule(task_definition=environment.ready_made(), images={"app": "web"}, command=["x"])


def test_a_service_and_a_schedule_share_the_environments_names(environment: Environment) -> None:
    environment.web()
    with pytest.raises(ConfigurationError, match="'web'"):
        environment.schedule(name="web")


def test_arguments_that_are_none(environment: Environment) -> None:
    with pytest.raises(TypeError, match=r"Schedule\(\) has no argument desired_count"):
        environment.schedule(desired_count=2)
    with pytest.raises(TypeError, match="needs the argument cluster"):
        check_schedule_options({})  # type: ignore[typeddict-item]  # what the test is about


def test_cfn_lint_and_cdk_nag_find_nothing_that_is_not_explained(environment: Environment) -> None:
    environment.schedule()
    report = AwsSolutionsChecks(environment.app).validate_scope(environment.app)
    assert [violation.rule_name for violation in report.violations] == []
    assembly = environment.app.synth()
    for stack in ("services", "deployer"):
        found = lint_file(Path(assembly.get_stack_by_name(stack).template_full_path))
        assert [str(match) for match in found if match.rule.id != "W3005"] == []
