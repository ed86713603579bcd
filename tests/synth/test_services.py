"""What every service has: its first deployment, its manifest, its tasks."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager

from appdp.cdk import Architecture, Scaling, Strategy
from appdp.model.environment import ServiceManifest, StrategyKind
from tests.synth.assembly import only, resources, resources_of, statements, text_of
from tests.synth.environment import Environment

UNRELEASED = "Unreleasedshopdev"


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
    assert environment.service["DesiredCount"] == {"Fn::If": [UNRELEASED, 0, {"Ref": "AWS::NoValue"}]}
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
    assert "LoadBalancers" not in environment.service


def test_a_ready_made_task_definition(environment: Environment) -> None:
    web = environment.web(task_definition=environment.ready_made(), images={"app": "web"})
    template = environment.services
    assert manifest(environment).containers == {"app": "web"}
    assert environment.service["LoadBalancers"][0]["ContainerName"] == "app"
    assert web.log_group is None
    # The deployer gets the right to pass its roles, in this stack, because they are not below the environment's path.
    (policy,) = [
        item["Properties"]
        for name, item in resources_of(template, "AWS::IAM::Policy").items()
        if "MayPassRoles" in name
    ]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "iam:PassRole"
    assert [text_of(name).rstrip("0123456789ABCDEF.rn") for name in statement["Resource"]] == [
        "ReadyTaskRole",
        "ReadyExecutionRole",
    ]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert "DeployerAdvanceRole" in str(policy["Roles"])


def test_containers_added_after_the_service_are_kept(environment: Environment) -> None:
    definition = environment.ready_made()
    environment.web(task_definition=definition, images={"app": "web"})
    definition.add_container("late", image=ecs.ContainerImage.from_registry("public.ecr.aws/x/late:1"))
    found = only(environment.services, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert [item["Name"] for item in found] == ["app", "sidecar", "late"]


def test_roles_below_the_environments_path_need_no_grant(environment: Environment) -> None:
    def role(construct_id: str) -> iam.Role:
        return iam.Role(
            environment.services_stack,
            construct_id,
            path=environment.deployer.task_role_path,
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        )

    definition = environment.ready_made(task_role=role("Mine"), execution_role=role("MyExecution"))
    environment.web(task_definition=definition, images={"app": "web"})
    assert [name for name in resources_of(environment.services, "AWS::IAM::Policy") if "PassRoles" in name] == []


def test_further_roles_can_be_granted_one_by_one(environment: Environment) -> None:
    roles = [
        iam.Role.from_role_arn(environment.services_stack, name, f"arn:aws:iam::111122223333:role/{name}")
        for name in ("One", "Two")
    ]
    for role in roles:
        environment.deployer.grant_pass_role(environment.services_stack, role)
    policy = only(environment.services, "AWS::IAM::Policy")
    assert resources(policy["PolicyDocument"]["Statement"], "iam:PassRole") == {
        f"arn:aws:iam::111122223333:role/{name}" for name in ("One", "Two")
    }


def test_any_task_definition_can_run_an_image_of_the_environment(environment: Environment) -> None:
    definition = ecs.FargateTaskDefinition(environment.services_stack, "Migration")
    definition.add_container("migrate", image=environment.deployer.image("web"))
    template = environment.services
    found = only(template, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert text_of(found[0]["Image"]) == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:env-dev"
    assert resources(statements(template, "MigrationExecutionRole"), "ecr:BatchGetImage") == {
        "arn:aws:ecr:eu-west-1:111122223333:repository/shop/web"
    }
