"""What the constructs refuse at construction: each message says where, what, and what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aws_cdk import NestedStack
from aws_cdk import aws_ecr as ecr

from appdp.cdk import Architecture, Deployer, ImageRepositories, Scaling, Strategy, Worker
from appdp.errors import AppdpError, ConfigurationError, NotFound
from tests.synth.environment import SHOP, Environment

Act = Callable[[Environment], object]


@pytest.mark.parametrize(
    ("act", "message"),
    [
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
            r"images= names container 'nginx', which services/Ready lacks",
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
            lambda e: ImageRepositories(e.images_stack, "Other", application=SHOP, pull_accounts=["123"]),
            r"pull_accounts has '123': an account id is 12 digits",
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
    with pytest.raises(TypeError, match=r"WebService\(\) has no argument cpus; besides its own it takes cluster, name"):
        environment.web(cpus=256)
    with pytest.raises(TypeError, match="needs the argument cluster"):
        Worker(environment.services_stack, "Web", deployer=environment.deployer)  # type: ignore[call-arg] # the fault
