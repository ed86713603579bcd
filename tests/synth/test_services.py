"""What every service has: its first deployment, its tasks, its manifest, its permissions."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Annotations, Match

from appdp.cdk import Architecture, Capacity, HealthCheck, Scaling, Strategy
from appdp.model.environment import ServiceManifest, StrategyKind
from tests.synth.assembly import actions, only, resources, resources_of, statements, text_of
from tests.synth.environment import Environment

UNRELEASED = "Unreleasedshopdev"


def service(environment: Environment) -> dict[str, Any]:
    return only(environment.services, "AWS::ECS::Service")


def container(environment: Environment) -> dict[str, Any]:
    (found,) = only(environment.services, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert isinstance(found, dict)
    return found


# ---- the first deployment --------------------------------------------------------------------------------------------


def test_nothing_runs_until_the_first_release(environment: Environment) -> None:
    environment.web(desired_count=3)
    environment.worker("Jobs", image="web")
    template = environment.services
    releases = {
        name: item for name, item in template["Parameters"].items() if item["Default"] == "/appdp/shop/dev/release"
    }
    ((parameter, declared),) = releases.items()
    assert declared["Type"] == "AWS::SSM::Parameter::Value<String>"
    assert template["Conditions"] == {UNRELEASED: {"Fn::Equals": [{"Ref": parameter}, "none"]}}
    counts = [item["Properties"]["DesiredCount"] for item in resources_of(template, "AWS::ECS::Service").values()]
    assert counts == [{"Fn::If": [UNRELEASED, 0, 3]}, {"Fn::If": [UNRELEASED, 0, 1]}]


def test_with_scaling_nobody_but_the_scaling_sets_the_count(environment: Environment) -> None:
    environment.web(scaling=Scaling(min=2, max=9, cpu_percent=50, memory_percent=70))
    template = environment.services
    assert service(environment)["DesiredCount"] == {"Fn::If": [UNRELEASED, 0, {"Ref": "AWS::NoValue"}]}
    target = only(template, "AWS::ApplicationAutoScaling::ScalableTarget")
    assert target["MinCapacity"] == {"Fn::If": [UNRELEASED, 0, 2]}
    assert target["MaxCapacity"] == 9
    policies = resources_of(template, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    tracked = [item["Properties"]["TargetTrackingScalingPolicyConfiguration"] for item in policies]
    assert {item["PredefinedMetricSpecification"]["PredefinedMetricType"]: item["TargetValue"] for item in tracked} == {
        "ECSServiceAverageCPUUtilization": 50,
        "ECSServiceAverageMemoryUtilization": 70,
    }


def test_the_services_come_after_the_deployer_and_the_deployer_after_the_images(environment: Environment) -> None:
    environment.worker()
    assembly = environment.app.synth()
    dependencies = {item.stack_name: sorted(other.id for other in item.dependencies) for item in assembly.stacks}
    assert "deployer" in dependencies["services"]
    assert "images.assets" in dependencies["deployer"] or "images" in dependencies["deployer"]


def test_no_stack_exports_a_repository(environment: Environment) -> None:
    environment.web()
    assert "Outputs" not in environment.repositories


# ---- the manifest ----------------------------------------------------------------------------------------------------


def manifest(environment: Environment) -> ServiceManifest:
    parameters = resources_of(environment.services, "AWS::SSM::Parameter").values()
    (value,) = [item["Properties"]["Value"] for item in parameters]
    return ServiceManifest.from_json(text_of(value))


def test_the_engine_reads_the_manifest_of_a_web_service(environment: Environment) -> None:
    environment.web(desired_count=4, strategy=Strategy.canary(percent=5), test_url="http://test:9000")
    parameter = only(environment.services, "AWS::SSM::Parameter")
    assert parameter["Name"] == "/appdp/shop/dev/services/web"
    found = manifest(environment)
    assert found.name == "web"
    assert found.cluster == "arn:aws:ecs:eu-west-1:111122223333:cluster/main"
    assert found.service.startswith("ref-WebService")
    assert found.task_definition.startswith("ref-WebTaskDefinition")
    assert found.containers == {"web": "web"}
    assert found.strategy is StrategyKind.CANARY
    assert found.desired_count == 4
    assert [name.rstrip("0123456789ABCDEF") for name in found.target_groups] == [
        "ref-WebTrafficBlue",
        "ref-WebTrafficGreen",
    ]
    assert found.test_url == "http://test:9000"


def test_and_of_a_worker(environment: Environment) -> None:
    environment.worker("Jobs", name="mailer", image="web", scaling=Scaling(min=2, max=3))
    found = manifest(environment)
    assert (found.name, found.strategy, found.desired_count) == ("mailer", StrategyKind.ROLLING, 2)
    assert (found.containers, found.target_groups, found.test_url) == ({"mailer": "web"}, (), None)


# ---- the tasks -------------------------------------------------------------------------------------------------------


def test_a_task_runs_the_environments_tag(environment: Environment) -> None:
    environment.web()
    assert text_of(container(environment)["Image"]) == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:env-dev"


def test_a_tasks_settings_reach_its_definition(environment: Environment) -> None:
    secret = secretsmanager.Secret.from_secret_name_v2(environment.services_stack, "Secret", "db")
    environment.web(
        cpu=1024,
        memory_mib=4096,
        port=3000,
        architecture=Architecture.AMD64,
        environment={"LEVEL": "info"},
        secrets={"PASSWORD": ecs.Secret.from_secrets_manager(secret)},
        log_retention=logs.RetentionDays.ONE_WEEK,
    )
    definition = only(environment.services, "AWS::ECS::TaskDefinition")
    assert (definition["Cpu"], definition["Memory"], definition["Family"]) == ("1024", "4096", "shop-dev-web")
    assert definition["RuntimePlatform"]["CpuArchitecture"] == "X86_64"
    found = container(environment)
    assert found["Environment"] == [{"Name": "LEVEL", "Value": "info"}]
    assert [item["Name"] for item in found["Secrets"]] == ["PASSWORD"]
    assert found["PortMappings"] == [{"ContainerPort": 3000, "Protocol": "tcp"}]
    group = only(environment.services, "AWS::Logs::LogGroup")
    assert group == {"LogGroupName": "/appdp/shop/dev/web", "RetentionInDays": 7}


def test_the_defaults_are_small_and_arm64(environment: Environment) -> None:
    environment.web()
    definition = only(environment.services, "AWS::ECS::TaskDefinition")
    assert (definition["Cpu"], definition["Memory"]) == ("256", "512")
    assert definition["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_a_workers_health_check_is_a_command(environment: Environment) -> None:
    environment.worker(health_check=ecs.HealthCheck(command=["CMD", "/well"], start_period=Duration.seconds(5)))
    check = container(environment)["HealthCheck"]
    assert check["Command"] == ["CMD", "/well"]
    assert "LoadBalancers" not in service(environment)


def test_a_ready_made_task_definition(environment: Environment) -> None:
    web = environment.web(task_definition=environment.ready_made(), images={"app": "web"})
    template = environment.services
    assert manifest(environment).containers == {"app": "web"}
    assert service(environment)["LoadBalancers"][0]["ContainerName"] == "app"
    assert web.log_group is None
    # The deployer gets the right to pass its roles, in this stack, because they are not below the environment's path.
    (policy,) = [
        item["Properties"]
        for name, item in resources_of(template, "AWS::IAM::Policy").items()
        if "DeployerMayPassRoles" in name
    ]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "iam:PassRole"
    assert [text_of(name).rstrip("0123456789ABCDEF.rn") for name in statement["Resource"]] == [
        "ReadyTaskRole",
        "ReadyExecutionRole",
    ]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert "DeployerAdvanceRole" in str(policy["Roles"])


# ---- where they run --------------------------------------------------------------------------------------------------


def test_capacity_is_a_strategy_and_never_a_launch_type(environment: Environment) -> None:
    environment.web(capacity=Capacity.mix(base=2, spot_weight=4))
    found = service(environment)
    assert "LaunchType" not in found
    assert found["CapacityProviderStrategy"] == [
        {"CapacityProvider": "FARGATE", "Base": 2, "Weight": 0},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 4},
    ]


@pytest.mark.parametrize(
    ("public", "subnets", "assigned"),
    [
        (False, ["subnet-00000000000000001", "subnet-00000000000000002"], "DISABLED"),
        (True, ["subnet-00000000000000003", "subnet-00000000000000004"], "ENABLED"),
    ],
)
def test_tasks_are_in_private_subnets_unless_they_have_public_addresses(
    environment: Environment, public: bool, subnets: list[str], assigned: str
) -> None:
    environment.web(assign_public_ip=public)
    network = service(environment)["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert (network["Subnets"], network["AssignPublicIp"]) == (subnets, assigned)


def test_a_users_own_network(environment: Environment) -> None:
    vpc = ec2.Vpc.from_vpc_attributes(
        environment.services_stack,
        "Other",
        vpc_id="vpc-0000000000000000b",
        availability_zones=["a"],
        private_subnet_ids=["subnet-00000000000000009"],
    )
    group = ec2.SecurityGroup.from_security_group_id(environment.services_stack, "Group", "sg-0000000000000000b")
    environment.web(vpc=vpc, subnets=ec2.SubnetSelection(one_per_az=True), security_groups=[group])
    network = service(environment)["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert (network["Subnets"], network["SecurityGroups"]) == (["subnet-00000000000000009"], ["sg-0000000000000000b"])
    groups = resources_of(environment.services, "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    assert {item["Properties"]["VpcId"] for item in groups} == {"vpc-0000000000000000b"}


def test_the_load_balancer_reaches_the_tasks(environment: Environment) -> None:
    environment.web(port=3000)
    ingress = only(environment.services, "AWS::EC2::SecurityGroupIngress")
    assert (ingress["FromPort"], ingress["ToPort"]) == (3000, 3000)
    assert ingress["SourceSecurityGroupId"] == "sg-0000000000000000a"


def test_the_health_check_and_its_grace(environment: Environment) -> None:
    environment.web(
        health_check=HealthCheck(
            path="/well", interval=Duration.seconds(7), healthy=3, codes="200-299", grace=Duration.seconds(20)
        ),
        deregistration_delay=Duration.seconds(9),
    )
    assert service(environment)["HealthCheckGracePeriodSeconds"] == 20
    for group in resources_of(environment.services, "AWS::ElasticLoadBalancingV2::TargetGroup").values():
        found = group["Properties"]
        assert (found["HealthCheckPath"], found["HealthCheckIntervalSeconds"]) == ("/well", 7)
        assert (found["HealthyThresholdCount"], found["Matcher"]) == (3, {"HttpCode": "200-299"})
        assert found["TargetType"] == "ip"
        assert {"Key": "deregistration_delay.timeout_seconds", "Value": "9"} in found["TargetGroupAttributes"]


# ---- what they may do, and who may do something with them ------------------------------------------------------------


def test_roles_are_below_the_path_that_the_deployer_may_pass(environment: Environment) -> None:
    environment.web()
    roles = resources_of(environment.services, "AWS::IAM::Role").values()
    assert {item["Properties"]["Path"] for item in roles} == {"/appdp/shop/dev/tasks/"}


def test_a_service_carries_the_tag_by_which_the_deployer_may_update_it(environment: Environment) -> None:
    environment.web()
    assert {"Key": "appdp:environment", "Value": "shop/dev"} in service(environment)["Tags"]


def test_grants_and_connections_go_to_the_tasks(environment: Environment) -> None:
    web = environment.web()
    s3.Bucket.from_bucket_name(environment.services_stack, "Bucket", "pictures").grant_read(web)
    database = ec2.SecurityGroup(environment.services_stack, "Database", vpc=environment.vpc)
    web.connections.allow_to(database, ec2.Port.tcp(5432))
    template = environment.services
    assert "s3:GetObject*" in actions(statements(template, "WebTaskRole"))
    ingress = resources_of(template, "AWS::EC2::SecurityGroupIngress").values()
    assert 5432 in [item["Properties"]["FromPort"] for item in ingress]


def test_ecs_exec(environment: Environment) -> None:
    web = environment.web(enable_execute_command=True)
    user = iam.User(environment.services_stack, "User")
    web.grant_execute_command(user)
    template = environment.services
    assert service(environment)["EnableExecuteCommand"] is True
    assert "ssmmessages:CreateDataChannel" in actions(statements(template, "WebTaskRole"))
    (policy,) = [
        item["Properties"]["PolicyDocument"]
        for item in resources_of(template, "AWS::IAM::Policy").values()
        if "Users" in item["Properties"]
    ]
    assert resources(policy["Statement"], "ecs:ExecuteCommand") == {
        "arn:aws:ecs:eu-west-1:111122223333:cluster/main",
        "arn:aws:ecs:eu-west-1:111122223333:task/main/*",
    }


def test_alarms_roll_a_deployment_back(environment: Environment) -> None:
    def alarm(name: str) -> cloudwatch.IAlarm:
        arn = f"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"
        return cloudwatch.Alarm.from_alarm_arn(environment.services_stack, name, arn)

    web = environment.web(alarms=[alarm("errors")])
    web.add_alarm(alarm("latency"))
    assert service(environment)["DeploymentConfiguration"]["Alarms"] == {
        "AlarmNames": ["errors", "latency"],
        "Enable": True,
        "Rollback": True,
    }


def test_metrics_work_in_alarms(environment: Environment) -> None:
    web = environment.web()
    for name, metric in (("Cpu", web.metric_cpu_utilization()), ("Memory", web.metric_memory_utilization())):
        metric.create_alarm(environment.services_stack, name, threshold=90, evaluation_periods=1)
    alarms = resources_of(environment.services, "AWS::CloudWatch::Alarm").values()
    assert sorted(item["Properties"]["MetricName"] for item in alarms) == ["CPUUtilization", "MemoryUtilization"]


def test_no_warning_of_the_cdk_stays_unexplained(environment: Environment) -> None:
    environment.web()
    environment.web("Rolling", strategy=Strategy.rolling(), priority=20, image="web")
    environment.worker("Jobs", image="web")
    found = Annotations.from_stack(environment.services_stack)
    said = [*found.find_warning("*", Match.any_value()), *found.find_error("*", Match.any_value())]
    # The imported VPC of these tests has no route tables; that is none of our services' business.
    assert [message for message in said if not message.id.startswith("/services/Vpc/")] == []
