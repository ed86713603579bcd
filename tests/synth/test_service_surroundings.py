"""Where services run, what they may do, and who may do something with them."""

from __future__ import annotations

import pytest
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match
from cdk_nag import AwsSolutionsChecks

from appdp.cdk import Capacity, HealthCheck, Scaling, Strategy
from tests.synth.assembly import actions, only, resources, resources_of, statements
from tests.synth.environment import Environment

# ---- where they run --------------------------------------------------------------------------------------------------


def test_capacity_is_a_strategy_and_never_a_launch_type(environment: Environment) -> None:
    environment.web(capacity=Capacity.mix(base=2, spot_weight=4))
    found = environment.service
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
    network = environment.service["NetworkConfiguration"]["AwsvpcConfiguration"]
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
    network = environment.service["NetworkConfiguration"]["AwsvpcConfiguration"]
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
    assert environment.service["HealthCheckGracePeriodSeconds"] == 20
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
    assert {"Key": "appdp:environment", "Value": "shop/dev"} in environment.service["Tags"]


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
    assert environment.service["EnableExecuteCommand"] is True
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
    assert environment.service["DeploymentConfiguration"]["Alarms"] == {
        "AlarmNames": ["errors", "latency"],
        "Enable": True,
        "Rollback": True,
    }


def test_an_alarm_on_the_services_own_metric_makes_no_circle(environment: Environment) -> None:
    web = environment.web()
    web.add_alarm(
        web.metric_cpu_utilization().create_alarm(
            environment.services_stack, "Cpu", alarm_name="shop-cpu", threshold=90, evaluation_periods=1
        )
    )
    assert environment.service["DeploymentConfiguration"]["Alarms"]["AlarmNames"] == ["shop-cpu"]


def test_metrics_work_in_alarms(environment: Environment) -> None:
    web = environment.web()
    for name, metric in (("Cpu", web.metric_cpu_utilization()), ("Memory", web.metric_memory_utilization())):
        metric.create_alarm(environment.services_stack, name, threshold=90, evaluation_periods=1)
    alarms = resources_of(environment.services, "AWS::CloudWatch::Alarm").values()
    assert sorted(item["Properties"]["MetricName"] for item in alarms) == ["CPUUtilization", "MemoryUtilization"]


def test_server_errors_are_those_of_both_target_groups(environment: Environment) -> None:
    balancer = elbv2.ApplicationLoadBalancer(environment.services_stack, "Balancer", vpc=environment.vpc)
    listener = balancer.add_listener("Http", port=80, default_action=elbv2.ListenerAction.fixed_response(404))
    errors = environment.web(listener=listener).metric_server_errors()
    errors.create_alarm(environment.services_stack, "Errors", threshold=1, evaluation_periods=1)
    metrics = only(environment.services, "AWS::CloudWatch::Alarm")["Metrics"]
    counted = [item["MetricStat"]["Metric"]["MetricName"] for item in metrics if "MetricStat" in item]
    assert counted == ["HTTPCode_Target_5XX_Count"] * 2


def test_a_rolling_service_can_scale_on_requests(environment: Environment) -> None:
    balancer = elbv2.ApplicationLoadBalancer(environment.services_stack, "Balancer", vpc=environment.vpc)
    listener = balancer.add_listener("Http", port=80, default_action=elbv2.ListenerAction.fixed_response(404))
    scaling = Scaling(min=1, max=4, requests_per_target=600)
    environment.web(listener=listener, strategy=Strategy.rolling(), scaling=scaling)
    policy = only(environment.services, "AWS::ApplicationAutoScaling::ScalingPolicy")
    tracked = policy["TargetTrackingScalingPolicyConfiguration"]
    assert tracked["PredefinedMetricSpecification"]["PredefinedMetricType"] == "ALBRequestCountPerTarget"
    assert tracked["TargetValue"] == 600


def test_cdk_nag_finds_only_what_the_user_chose(environment: Environment) -> None:
    environment.web(
        enable_execute_command=True, environment={"LEVEL": "info"}, scaling=Scaling(min=1, max=2), priority=5
    )
    environment.web("Rolling", image="web", strategy=Strategy.rolling())
    environment.worker("Jobs", image="web")
    report = AwsSolutionsChecks(environment.app).validate_scope(environment.app)
    # Plain environment variables are the user's decision, so the reason is theirs too.
    assert [violation.rule_name for violation in report.violations] == ["AwsSolutions-ECS2"]


def test_no_warning_of_the_cdk_stays_unexplained(environment: Environment) -> None:
    environment.web()
    environment.web("Rolling", strategy=Strategy.rolling(), priority=20, image="web")
    environment.worker("Jobs", image="web")
    found = Annotations.from_stack(environment.services_stack)
    said = [*found.find_warning("*", Match.any_value()), *found.find_error("*", Match.any_value())]
    # The imported VPC of these tests has no route tables; that is none of our services' business.
    assert [message for message in said if not message.id.startswith("/services/Vpc/")] == []
