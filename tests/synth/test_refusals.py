"""What the constructs refuse at construction: each message says where, what, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Duration, NestedStack, Stack
from aws_cdk import Environment as AwsEnvironment
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

from appdp.cdk import (
    Application,
    Architecture,
    Capacity,
    Deployer,
    Image,
    ImageRepositories,
    Scaling,
    Strategy,
    Worker,
)
from appdp.errors import AppdpError, ConfigurationError, NotFound
from tests.synth.environment import SHOP, Environment

Act = Callable[[Environment], object]

MANY = Application(name="many", images=tuple(Image(name=f"image-{number}") for number in range(60)))


def _repositories(environment: Environment) -> ImageRepositories:
    return ImageRepositories(environment.images_stack, "Many", application=MANY)


def _asking(environment: Environment, **properties: Any) -> Deployer:
    stack = Stack(environment.app, "asking")
    return Deployer(stack, "D", application=SHOP, environment="prod", repositories=environment.images, **properties)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda e: _asking(e, approve="before_deploy"),
            r"approve='before_deploy': allowed is 'before_traffic'.\n.*Stage\(deployer, approve=True\)",
        ),
        *(
            (
                lambda e, length=length: _asking(e, approval_expires=length),
                rf"approval_expires={length.to_seconds():g} s: allowed are whole minutes, 5 minutes to 23 hours: ECS",
            )
            for length in (Duration.minutes(4), Duration.seconds(301), Duration.minutes(23 * 60 + 1))
        ),
        (lambda e: e.web("My_Web"), r"services/My_Web: service 'my_web' is not a name"),
        (
            lambda e: e.web(path_patterns=[]),
            r"services/Web: 0 path_patterns and host_headers.*\n.*path_patterns=\['/\*'\]",
        ),
        (lambda e: e.web(path_patterns=list("abc"), host_headers=list("def")), r"6 path_patterns and host_headers"),
        (lambda e: e.web(priority=0), r"priority=0: allowed are 1 to 50000"),
        (lambda e: e.web(desired_count=0), r"desired_count=0: at least 1"),
        (
            lambda e: e.web(desired_count=2, scaling=Scaling(min=1, max=2)),
            r"desired_count=2 together with scaling=.\nLeave desired_count out",
        ),
        (
            lambda e: e.web(strategy=Strategy.rolling(), test_listener=e.test_listener),
            r"test_listener= with the rolling strategy",
        ),
        (
            lambda e: e.web(scaling=Scaling(min=1, max=2, requests_per_target=100)),
            r"requests_per_target=100 with the blue_green strategy.*\nScale on cpu_percent",
        ),
        (
            lambda e: e.worker(scaling=Scaling(min=1, max=2, requests_per_target=100)),
            r"a worker gets no requests",
        ),
        (
            lambda e: e.web(image="jobs", architecture=Architecture.ARM64),
            r"architecture='arm64', but image 'jobs' is built for linux/amd64 only.\nAdd 'linux/arm64'",
        ),
        (lambda e: e.web(cpu=256, memory_mib=8192), r"services/Web: memory_mib=8192: with cpu=256"),
        (lambda e: e.web(images={"web": "web"}), r"images= without task_definition=.\nSay image="),
        (
            lambda e: e.web(task_definition=e.ready_made(), images={"app": "web"}, cpu=256, environment={"A": "1"}),
            r"cpu, environment together with task_definition=",
        ),
        (lambda e: e.web(task_definition=e.ready_made()), r"task_definition= without images="),
        (
            lambda e: e.web(task_definition=e.ready_made(), images={"nginx": "web"}),
            r"images= names container 'nginx', which services/Ready lacks.\nAdd the container",
        ),
        (
            lambda e: e.web(task_definition=e.ready_made(), images={"app": "web", "sidecar": "web"}),
            r"container 'sidecar' runs image 'web', but services/Ready gives it another one "
            r"\(public.ecr.aws/x/proxy:1\).*\n.*image=deployer.image\('web'\)",
        ),
        (
            lambda e: e.web(task_definition=e.ready_made(image="jobs"), images={"app": "web"}),
            r"container 'app' runs image 'web', but services/Ready gives it another one",
        ),
        (
            lambda e: e.web(
                task_definition=e.ready_made(image="jobs", architecture=Architecture.ARM64), images={"app": "jobs"}
            ),
            r"architecture='arm64', but image 'jobs' is built for linux/amd64 only",
        ),
        (lambda e: e.web(port=0), r"services/Web: port=0: allowed are 1 to 65535"),
        (
            lambda e: e.web(deregistration_delay=Duration.hours(2)),
            r"deregistration_delay=7200 s: allowed are 0 to 3600 seconds",
        ),
        (lambda e: e.web(cpu=0), r"cpu=0: Fargate offers 256"),
        (
            lambda e: e.web(test_url="http://x/" + "y" * 4096),
            r"services/Web: its manifest has at least 4\d{3} bytes; a Systems Manager parameter takes 4096.\nShorten",
        ),
        (
            lambda e: Deployer(e.images_stack, "D", application=MANY, environment="dev", repositories=_repositories(e)),
            r"images/D: its manifest has at least \d+ bytes; a Systems Manager parameter takes 8192.\nDivide the ima",
        ),
        (
            lambda e: e.web(task_definition=e.ready_made(), images={"app": "web"}, container="nginx"),
            r"services/Ready has no container 'nginx'",
        ),
        (
            lambda e: Deployer(e.images_stack, "D", application=SHOP, environment="Prod", repositories=e.images),
            r"images/D: environment 'Prod' is not a name",
        ),
        (
            lambda e: ImageRepositories(e.images_stack, "Other", application=SHOP, environment_accounts=["123"]),
            r"environment_accounts has '123': an account id is 12 digits",
        ),
    ],
)
def test_what_cannot_work_is_refused(environment: Environment, act: Act, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        act(environment)


def test_a_service_in_its_deployers_stack_is_refused(environment: Environment) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Worker(environment.deployer_stack, "Web", deployer=environment.deployer, cluster=environment.cluster)
    assert "deployer/Web is in the stack of its own deployer (deployer/Deployer)" in refused.value.message
    assert "Put the Deployer into a stack of its own" in refused.value.hint


def test_so_is_one_in_a_nested_stack(environment: Environment) -> None:
    nested = NestedStack(environment.deployer_stack, "Nested")
    with pytest.raises(ConfigurationError, match="in the stack of its own deployer"):
        Worker(nested, "Web", deployer=environment.deployer, cluster=environment.cluster)


def test_two_services_cannot_have_one_name(environment: Environment) -> None:
    environment.worker("Web")
    with pytest.raises(ConfigurationError, match=r"services/Again: the name 'web' is taken by services/Web"):
        environment.worker("Again", name="web")


def test_an_unknown_image_is_told_apart_from_those_there_are(environment: Environment) -> None:
    with pytest.raises(NotFound, match=r"No image is called 'nope'. There are: web, jobs."):
        environment.web(image="nope")
    with pytest.raises(AppdpError, match=r"There are: web, jobs."):
        environment.deployer.image("nope")


def test_every_image_needs_a_repository(environment: Environment) -> None:
    web = ecr.Repository.from_repository_name(environment.images_stack, "Theirs", "their/web")
    with pytest.raises(ConfigurationError, match=r"no repository for image jobs.*there are repositories for web"):
        Deployer(environment.images_stack, "D", application=SHOP, environment="prod", repositories={"web": web})


def test_an_unknown_argument_is_refused_as_python_does(environment: Environment) -> None:
    with pytest.raises(
        TypeError, match=r"WebService\(\) has no argument cpus; besides its own it takes alarms, architecture"
    ):
        environment.web(cpus=256)
    with pytest.raises(TypeError, match="needs the argument cluster"):
        Worker(environment.services_stack, "Web", deployer=environment.deployer)  # type: ignore[call-arg] # the fault


def test_a_container_that_a_release_would_leave_behind_is_refused_at_synthesis(environment: Environment) -> None:
    definition = environment.ready_made()
    environment.web(task_definition=definition, images={"app": "web"})
    definition.add_container("late", image=environment.deployer.image("jobs"))
    with pytest.raises(RuntimeError, match=r"\[services/Web\] container 'late' runs the application's image 'jobs'"):
        environment.app.synth()


def test_a_cluster_without_the_capacity_providers_is_refused_at_synthesis(environment: Environment) -> None:
    cluster = ecs.Cluster(environment.services_stack, "Own", vpc=environment.vpc)
    environment.worker(cluster=cluster, capacity=Capacity.mix())
    with pytest.raises(
        RuntimeError,
        match=r"cluster services/Own has no capacity provider FARGATE and no FARGATE_SPOT; it has none. Give the clu",
    ):
        environment.app.synth()


@pytest.mark.parametrize("enable", ["property", "method", "elsewhere"])
def test_one_with_them_is_not(environment: Environment, enable: str) -> None:
    cluster = ecs.Cluster(
        environment.services_stack, "Own", vpc=environment.vpc, enable_fargate_capacity_providers=enable == "property"
    )
    environment.worker(cluster=cluster, capacity=Capacity.spot())
    if enable == "method":
        cluster.enable_fargate_capacity_providers()
    if enable == "elsewhere":
        ecs.CfnClusterCapacityProviderAssociations(
            environment.services_stack,
            "Theirs",
            cluster=cluster.cluster_name,
            capacity_providers=["FARGATE_SPOT"],
            default_capacity_provider_strategy=[],
        )
    assert environment.service["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]


@pytest.mark.parametrize(
    ("account", "region", "message"),
    [
        ("999988887777", "eu-west-1", "dev/Web is in account 999988887777, but its deployer .* is in 111122223333"),
        ("111122223333", "us-east-1", "dev/Web is in region us-east-1, but its deployer .* is in eu-west-1"),
    ],
)
def test_a_service_far_from_its_deployer_is_refused(tmp_path: Path, account: str, region: str, message: str) -> None:
    app = App(outdir=str(tmp_path))
    home = Stack(app, "deployer", env=AwsEnvironment(account="111122223333", region="eu-west-1"))
    images = ImageRepositories(Stack(app, "images"), "Images", application=SHOP)
    deployer = Deployer(home, "Deployer", application=SHOP, environment="dev", repositories=images)
    stack = Stack(app, "dev", env=AwsEnvironment(account=account, region=region))
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-0000000000000000a", availability_zones=["a"])
    cluster = ecs.Cluster.from_cluster_attributes(stack, "C", cluster_name="main", vpc=vpc, security_groups=[])
    with pytest.raises(ConfigurationError, match=message):
        Worker(stack, "Web", deployer=deployer, cluster=cluster)
