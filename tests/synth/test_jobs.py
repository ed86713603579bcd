"""Jobs: what their tasks run, where, and what the deployer is told of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

from appdp.cdk import Capacity, Job
from appdp.cli.actions import ACTIONS
from appdp.errors import ConfigurationError, NotFound
from appdp.model.job import JobManifest, JobRun, OnRollback
from tests.synth.assembly import actions, only, resources_of, statements, text_of
from tests.synth.environment import Environment


def job(of: Environment, construct_id: str = "Migrate", **overrides: Any) -> Job:
    properties: dict[str, Any] = {"deployer": of.deployer, "cluster": of.cluster, **overrides}
    return Job(of.services_stack, construct_id, **properties)


def manifest(environment: Environment) -> JobManifest:
    parameters = resources_of(environment.services, "AWS::SSM::Parameter").values()
    (value,) = [
        item["Properties"]["Value"]
        for item in parameters
        if item["Properties"]["Name"] == "/appdp/shop/dev/jobs/migrate"
    ]
    return JobManifest.from_json(text_of(value))


def test_a_job_alone(environment: Environment) -> None:
    job(environment, image="web", command=["python", "migrate.py"], environment={"A": "b"})
    definition = only(environment.services, "AWS::ECS::TaskDefinition")
    (container,) = definition["ContainerDefinitions"]
    assert definition["Family"] == "shop-dev-migrate"
    assert {"Key": "appdp:environment", "Value": "shop/dev"} in definition["Tags"]
    assert container["Name"] == "migrate"
    assert container["Command"] == ["python", "migrate.py"]
    assert container["Environment"] == [{"Name": "A", "Value": "b"}]
    assert only(environment.services, "AWS::Logs::LogGroup")["LogGroupName"] == "/appdp/shop/dev/migrate"
    assert not resources_of(environment.services, "AWS::ECS::Service")
    found = manifest(environment)
    network = found.network["awsvpcConfiguration"]
    assert network["subnets"] == ["subnet-00000000000000001", "subnet-00000000000000002"]
    assert network["assignPublicIp"] == "DISABLED"
    assert len(network["securityGroups"]) == 1
    assert found.cluster == "arn:aws:ecs:eu-west-1:111122223333:cluster/main"
    assert found.containers == {"migrate": "web"}
    assert found.deciding_container == "migrate"
    assert found.timeout_seconds == 900
    assert (found.run, found.order, found.on_rollback) == (JobRun.BEFORE_TRAFFIC, 0, OnRollback.SKIP)
    assert found.capacity == ({"capacityProvider": "FARGATE", "weight": 1},)


def test_what_is_said_is_told(environment: Environment) -> None:
    job(
        environment,
        image="web",
        run="after_traffic",
        order=7,
        timeout=Duration.hours(2),
        on_rollback="run",
        capacity=Capacity.mix(base=1),
        assign_public_ip=True,
        security_groups=[ec2.SecurityGroup.from_security_group_id(environment.services_stack, "Own", "sg-1")],
    )
    found = manifest(environment)
    assert (found.run, found.order, found.on_rollback) == (JobRun.AFTER_TRAFFIC, 7, OnRollback.RUN)
    assert found.timeout_seconds == 7200
    assert found.capacity == (
        {"capacityProvider": "FARGATE", "weight": 0, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 1},
    )
    assert found.network == {
        "awsvpcConfiguration": {
            "subnets": ["subnet-00000000000000003", "subnet-00000000000000004"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "ENABLED",
        }
    }


def test_like_a_service_it_has_its_place_its_role_and_its_image(environment: Environment) -> None:
    web = environment.web(assign_public_ip=True)
    migrate = job(environment, cluster=None, like=web)
    definitions = {
        item["Properties"]["Family"]: item["Properties"]
        for item in resources_of(environment.services, "AWS::ECS::TaskDefinition").values()
    }
    assert definitions["shop-dev-migrate"]["TaskRoleArn"] == definitions["shop-dev-web"]["TaskRoleArn"]
    found = manifest(environment)
    assert found.containers == {"migrate": "web"}
    service = environment.service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert found.network["awsvpcConfiguration"]["subnets"] == service["Subnets"]
    assert found.network["awsvpcConfiguration"]["assignPublicIp"] == "ENABLED"
    assert len(resources_of(environment.services, "AWS::EC2::SecurityGroup")) == 1, "the service's"
    assert migrate.grant_principal is not None
    assert [group.node.path for group in migrate.connections.security_groups] == [
        group.node.path for group in web.connections.security_groups
    ]


def test_a_ready_made_task_definition_says_whose_exit_code_decides(environment: Environment) -> None:
    definition = environment.ready_made(image="web")
    with pytest.raises(ConfigurationError, match="container='gone', which services/Ready lacks"):
        job(environment, task_definition=definition, images={"app": "web"}, container="gone")
    job(environment, "Other", name="migrate2", task_definition=definition, images={"app": "web"})
    (value,) = [
        item["Properties"]["Value"] for item in resources_of(environment.services, "AWS::SSM::Parameter").values()
    ]
    assert JobManifest.from_json(text_of(value)).deciding_container == "app"


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"run": "sometimes"}, "run='sometimes': allowed are 'before_traffic', 'after_traffic', 'on_demand'"),
        ({"on_rollback": "maybe"}, "on_rollback='maybe': allowed are 'skip', 'run'"),
        ({"run": "on_demand", "on_rollback": "run"}, "which no deployment runs"),
        ({"timeout": Duration.seconds(3)}, "timeout=3 s: allowed are 10 seconds to 24 hours"),
        ({"timeout": Duration.days(2)}, "timeout=172800 s"),
        ({"cluster": None}, "neither cluster= nor like="),
        ({"images": {"a": "web"}}, "images= without task_definition="),
    ],
)
def test_what_cannot_work_is_refused(environment: Environment, properties: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        job(environment, **{"image": "web", **properties})


def test_an_image_that_the_application_lacks(environment: Environment) -> None:
    with pytest.raises(NotFound, match="'migrate'"):
        job(environment)


def test_a_job_and_a_service_cannot_share_a_name(environment: Environment) -> None:
    environment.web()
    with pytest.raises(ConfigurationError, match="the name 'web' is taken"):
        job(environment, name="web")


def test_settings_of_a_ready_made_task_definition_are_its_own(environment: Environment) -> None:
    with pytest.raises(ConfigurationError, match="command together with task_definition="):
        job(environment, task_definition=environment.ready_made(), images={"app": "web"}, command=["x"])


def test_the_deployer_may_run_and_stop_only_what_has_its_tag(environment: Environment) -> None:
    tagged = {"StringEquals": {"aws:ResourceTag/appdp:environment": "shop/dev"}}
    for action in ("ecs:RunTask", "ecs:StopTask"):
        (statement,) = [item for item in statements(environment.deployers, "AdvanceRole") if item["Action"] == action]
        assert statement["Condition"] == tagged, json.dumps(statement)


def test_whoever_runs_jobs_by_hand_may_do_just_that(environment: Environment) -> None:
    someone = iam.Role(environment.deployer_stack, "Someone", assumed_by=iam.AccountRootPrincipal())
    assert environment.deployer.grant_run_jobs(someone)
    found = statements(environment.deployers, "Someone")
    assert ACTIONS["run"] <= actions(found)
    assert not {name for name in actions(found) if "Service" in name or name == "states:StartExecution"}
    tagged = {"StringEquals": {"aws:ResourceTag/appdp:environment": "shop/dev"}}
    assert [item["Condition"] for item in found if item["Action"] in ("ecs:RunTask", "ecs:StopTask")] == [tagged] * 2


def test_the_cluster_must_offer_the_capacity(environment: Environment) -> None:
    bare = ecs.Cluster(environment.services_stack, "Bare", vpc=environment.vpc)
    job(environment, image="web", cluster=bare)
    with pytest.raises(RuntimeError, match="has no capacity provider FARGATE"):
        environment.app.synth()


def test_an_argument_that_there_is_not(environment: Environment) -> None:
    with pytest.raises(TypeError, match=r"Job\(\) has no argument cpus; besides its own it takes architecture, assign"):
        job(environment, cpus=2)
