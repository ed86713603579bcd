"""Environments that are marked for hot swaps: what the manifest says, and what people may do."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from appdp.cdk import Application, Deployer, Image
from appdp.cli.actions import ACTIONS
from appdp.errors import ConfigurationError
from appdp.model.environment import DeployerManifest
from appdp.model.hotswap import BuildRecipe
from tests.synth.assembly import actions, only, resources, resources_of, text_of
from tests.synth.environment import SHOP, Environment

ECS = "arn:aws:ecs:eu-west-1:111122223333"
SSM = "arn:aws:ssm:eu-west-1:111122223333:parameter/appdp/shop/play"
REPOSITORIES = {f"arn:aws:ecr:eu-west-1:111122223333:repository/shop/{name}" for name in ("web", "jobs")}
WITHOUT_A_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTasks",
    "ecs:RegisterTaskDefinition",
    "elasticloadbalancing:DescribeTargetHealth",
}


def marked(environment: Environment, application: Application = SHOP, **properties: Any) -> Deployer:
    """The deployer of an environment ``play`` of developers."""
    properties = {"hotswap": True, "repositories": environment.images, **properties}
    return Deployer(Stack(environment.app, "play"), "D", application=application, environment="play", **properties)


def manifest(deployer: Deployer) -> DeployerManifest:
    """What the engine reads of it."""
    template = Template.from_stack(Stack.of(deployer)).to_json()
    return DeployerManifest.from_json(text_of(only(template, "AWS::SSM::Parameter")["Value"]))


def test_the_manifest_says_how_the_images_are_built(environment: Environment) -> None:
    web = Image(name="web", context="web", target="run", build_args={"MODE": "dev"}, secrets={"npm": "shop/tokens:npm"})
    application = Application(name="shop", images=(web, Image(name="jobs", dockerfile="jobs.Dockerfile")))
    assert manifest(marked(environment, application)).hotswap == {
        "web": BuildRecipe(context="web", target="run", build_args={"MODE": "dev"}, secrets=("npm",)),
        "jobs": BuildRecipe(dockerfile="jobs.Dockerfile"),
    }


def test_other_environments_say_nothing_of_it(environment: Environment) -> None:
    text = text_of(only(environment.deployers, "AWS::SSM::Parameter")["Value"])
    assert "hotswap" not in text
    assert DeployerManifest.from_json(text).hotswap is None


@pytest.mark.parametrize(
    ("properties", "words"),
    [({"protected": True}, "protected=True"), ({"approve": "before_traffic"}, "approve='before_traffic'")],
    ids=["protected", "approved"],
)
def test_an_environment_that_people_rely_on(environment: Environment, properties: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=f"play/D has hotswap=True and {words}") as raised:
        marked(environment, **properties)
    assert "Leave out hotswap=True" in raised.value.hint


def granted(deployer: Deployer) -> list[dict[str, Any]]:
    """What somebody is granted who may hot-swap."""
    stack = Stack.of(deployer)
    assert deployer.grant_hotswap(iam.User(stack, "User"))[0].success
    (policy,) = [
        item["Properties"]["PolicyDocument"]["Statement"]
        for item in resources_of(Template.from_stack(stack).to_json(), "AWS::IAM::Policy").values()
        if "Users" in item["Properties"]
    ]
    return list(policy)


def test_whoever_may_swap_may_do_what_the_command_calls_and_nothing_else(environment: Environment) -> None:
    policy = granted(marked(environment))
    implied = {"ecs:TagResource", "iam:PassRole"}
    assert actions(policy) - implied == ACTIONS["hotswap"]
    assert {action for action in actions(policy) if "*" in resources(policy, action)} == WITHOUT_A_RESOURCE
    for action in ("ecr:PutImage", "ecr:UploadLayerPart", "ecr:BatchGetImage"):
        assert resources(policy, action) == REPOSITORIES
    assert resources(policy, "ssm:PutParameter") == {f"{SSM}/lock", f"{SSM}/lock-takeover/*"}
    assert resources(policy, "ssm:DeleteParameter") == {
        f"{SSM}/{name}" for name in ("lock", "lock-takeover/*", "hold", "approval")
    }
    assert resources(policy, "iam:PassRole") == {"arn:aws:iam::111122223333:role/appdp/shop/play/tasks/*"}


def test_the_environments_tag_bounds_what_is_replaced(environment: Environment) -> None:
    policy = granted(marked(environment))
    (update,) = [item for item in policy if item["Action"] == "ecs:UpdateService"]
    assert update["Condition"] == {"StringEquals": {"aws:ResourceTag/appdp:environment": "shop/play"}}
    assert text_of(update["Resource"]) == f"{ECS}:service/*"


def test_nobody_is_allowed_what_the_environment_refuses(environment: Environment) -> None:
    with pytest.raises(ConfigurationError, match="deployer/Deployer is not marked for hot swaps") as raised:
        environment.deployer.grant_hotswap(iam.User(environment.deployer_stack, "User"))
    assert "hotswap=True" in raised.value.hint
