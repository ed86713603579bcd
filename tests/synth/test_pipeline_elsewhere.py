"""A pipeline whose environments are in other accounts and regions: both sides name the same things."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import Environment as AwsEnvironment
from aws_cdk.assertions import Template
from cfnlint.api import lint_file  # type: ignore[import-untyped] # it ships no types

from appdp.cdk import DeliveryPipeline, Deployer, Environment, ImageRepositories, Push, Stage
from appdp.model.publication import PipelineManifest, Place
from tests.synth.assembly import actions, only, resources, resources_of, statements, text_of
from tests.synth.environment import SHOP, STRONG
from tests.synth.example import findings, warnings
from tests.synth.pipeline import SOURCE, PipelineTemplate

OURS, THEIRS = "111122223333", "444455556666"
HERE = AwsEnvironment(account=OURS, region="eu-west-1")
FAR = AwsEnvironment(account=THEIRS, region="us-east-1")
NEIGHBOUR = AwsEnvironment(account=THEIRS, region="eu-west-1")
ROLES = f"arn:aws:iam::{THEIRS}:role/appdp/shop"
QA = f"{ROLES}/qa/appdp-release-39085ad0d827d3ea-eu-west-1"
PROD = f"{ROLES}/prod/appdp-release-8ad5775a7616cc08-us-east-1"


class Pipelines(PipelineTemplate):
    """The app of the pipeline: dev at home, asia in another region, qa in another account, prod in both."""

    def __init__(self, folder: Path, **overrides: Any) -> None:
        self.app = App(outdir=str(folder), post_cli_context=STRONG)
        images = Stack(self.app, "images", env=HERE)
        repositories = ImageRepositories(images, "Images", application=SHOP, environment_accounts=[THEIRS])
        self.stack = Stack(self.app, "pipeline", env=HERE)
        stages = [
            Stage(Environment("dev"), Environment("asia", region="ap-northeast-1")),
            Stage(Environment("qa", account=THEIRS, region="eu-west-1")),
            Stage(Environment("prod", account=THEIRS, region="us-east-1"), approve=True),
        ]
        self.options: dict[str, Any] = {
            "application": SHOP,
            "repositories": repositories,
            "source": SOURCE,
            "trigger": Push(branches=["main"]),
            **{"stages": stages, **overrides},
        }
        self.construct = DeliveryPipeline(self.stack, "Main", **self.options)

    @property
    def deploys(self) -> dict[str, dict[str, Any]]:
        """Environment → its action."""
        listed = [action for stage in self.pipeline["Stages"] for action in stage["Actions"]]
        return {
            action["Name"].removeprefix("Deploy-"): action for action in listed if action["Name"].startswith("Deploy-")
        }

    def far(self, region: str) -> Stack:
        found = self.app.node.find_child(f"pipeline-artifacts-{region}")
        assert isinstance(found, Stack)
        return found


@pytest.fixture
def pipelines(tmp_path: Path) -> Pipelines:
    return Pipelines(tmp_path)


def deployer_template(folder: Path, name: str, place: AwsEnvironment) -> dict[str, Any]:
    """The app of an environment's account."""
    app = App(outdir=str(folder), post_cli_context=STRONG)
    stack = Stack(app, "deployer", env=place)
    repositories = ImageRepositories.of_application(stack, SHOP, account=OURS, region="eu-west-1")
    Deployer(stack, "Deployer", application=SHOP, environment=name, repositories=repositories, released_from=OURS)
    assert findings(app) == []
    assembly = app.synth()
    assert warnings(assembly) == []
    found = lint_file(Path(assembly.directory) / "deployer.template.json")
    assert [str(match) for match in found if match.rule.id != "W3005"] == []
    return dict(Template.from_stack(stack).to_json())


def release_role(template: dict[str, Any]) -> dict[str, Any]:
    (found,) = [
        item["Properties"]
        for item in resources_of(template, "AWS::IAM::Role").values()
        if "RoleName" in item["Properties"]
    ]
    return dict(found)


def test_each_action_runs_where_its_environment_is(pipelines: Pipelines) -> None:
    places = {name: (item.get("Region"), text_of(item.get("RoleArn", ""))) for name, item in pipelines.deploys.items()}
    assert places == {
        "dev": (None, ""),
        "asia": ("ap-northeast-1", ""),
        "qa": (None, QA),
        "prod": ("us-east-1", PROD),
    }
    machines = {name: text_of(item["Configuration"]["StateMachineArn"]) for name, item in pipelines.deploys.items()}
    assert machines == {
        "dev": f"arn:aws:states:eu-west-1:{OURS}:stateMachine:appdp-shop-dev",
        "asia": f"arn:aws:states:ap-northeast-1:{OURS}:stateMachine:appdp-shop-asia",
        "qa": f"arn:aws:states:eu-west-1:{THEIRS}:stateMachine:appdp-shop-qa",
        "prod": f"arn:aws:states:us-east-1:{THEIRS}:stateMachine:appdp-shop-prod",
    }
    assert pipelines.deploys["prod"]["RunOrder"] == 2
    assert all("InputArtifacts" not in item and "OutputArtifacts" not in item for item in pipelines.deploys.values())


@pytest.mark.parametrize(("name", "place"), [("qa", NEIGHBOUR), ("prod", FAR)])
def test_both_sides_name_the_same_things(tmp_path: Path, name: str, place: AwsEnvironment) -> None:
    template = deployer_template(tmp_path / "theirs", name, place)
    role = release_role(template)
    deploy = Pipelines(tmp_path / "ours").deploys[name]
    assert text_of(deploy["RoleArn"]) == f"arn:aws:iam::{THEIRS}:role{text_of(role['Path'])}{text_of(role['RoleName'])}"
    machine = only(template, "AWS::StepFunctions::StateMachine")["StateMachineName"]
    assert text_of(deploy["Configuration"]["StateMachineArn"]).rpartition(":")[2] == machine


def test_what_pipelines_of_another_account_may_do_there(tmp_path: Path) -> None:
    role = release_role(deployer_template(tmp_path, "prod", FAR))
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Action"], text_of(trust["Principal"]["AWS"])) == ("sts:AssumeRole", f"arn:aws:iam::{OURS}:root")
    condition = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OURS}:role/appdp/shop/pipelines/*"}}
    assert {
        kind: {key: text_of(value) for key, value in tests.items()} for kind, tests in trust["Condition"].items()
    } == (condition)
    (policy,) = role["Policies"]
    found = policy["PolicyDocument"]["Statement"]
    states = f"arn:aws:states:us-east-1:{THEIRS}"
    assert {action: resources(found, action) for action in actions(found)} == {
        "states:DescribeStateMachine": {f"{states}:stateMachine:appdp-shop-prod"},
        "states:StartExecution": {f"{states}:stateMachine:appdp-shop-prod"},
        "states:DescribeExecution": {f"{states}:execution:appdp-shop-prod:*"},
        "ssm:GetParameter": {f"arn:aws:ssm:us-east-1:{THEIRS}:parameter/appdp/shop/prod/release"},
        "ssm:GetParametersByPath": {f"arn:aws:ssm:us-east-1:{THEIRS}:parameter/appdp/shop/prod/schedules"},
    }


def test_the_deployer_over_there_finds_the_images_here(tmp_path: Path) -> None:
    template = deployer_template(tmp_path, "prod", FAR)
    repositories = {f"arn:aws:ecr:eu-west-1:{OURS}:repository/shop/{name}" for name in ("web", "jobs")}
    assert resources(statements(template, "Advance"), "ecr:PutImage") == repositories


def test_the_roles_here_may_assume_those_and_nothing_else(pipelines: Pipelines) -> None:
    for role in ("MainRole", "MainPublish"):
        assert resources(statements(pipelines.template, role), "sts:AssumeRole") == {QA, PROD}
    found = statements(pipelines.template, "MainRole")
    ours = {f"eu-west-1:{OURS}:stateMachine:appdp-shop-dev", f"ap-northeast-1:{OURS}:stateMachine:appdp-shop-asia"}
    assert resources(found, "states:StartExecution") == {f"arn:aws:states:{machine}" for machine in ours}
    assert resources(statements(pipelines.template, "MainPublish"), "ssm:GetParameter") == {
        *(
            f"arn:aws:ssm:eu-west-1:{OURS}:parameter/appdp/shop/{name}"
            for name in ("pipelines/main", "releases/latest")
        ),
        f"arn:aws:ssm:eu-west-1:{OURS}:parameter/appdp/shop/dev/release",
        f"arn:aws:ssm:ap-northeast-1:{OURS}:parameter/appdp/shop/asia/release",
    }
    for role in ("MainBuild", "MainPipeline"):
        assert "sts:AssumeRole" not in actions(statements(pipelines.template, role))


def test_the_publication_is_told_where_they_are(pipelines: Pipelines) -> None:
    manifest = PipelineManifest.from_json(text_of(only(pipelines.template, "AWS::SSM::Parameter")["Value"]))
    assert manifest.environments == ("dev", "asia", "qa", "prod")
    assert manifest.elsewhere == {
        "asia": Place(region="ap-northeast-1"),
        "qa": Place(role=QA),
        "prod": Place(region="us-east-1", role=PROD),
    }


def test_each_other_region_has_a_bucket_of_the_pipelines_account(pipelines: Pipelines) -> None:
    stores = {item["Region"]: item["ArtifactStore"]["Location"] for item in pipelines.pipeline["ArtifactStores"]}
    assert "ArtifactStore" not in pipelines.pipeline
    assert stores.pop("eu-west-1") == {"Ref": "MainArtifactsEE915FF4"}
    for region, name in stores.items():
        stack = pipelines.far(region)
        assert (stack.account, stack.region) == (OURS, region)
        bucket = only(dict(Template.from_stack(stack).to_json()), "AWS::S3::Bucket")
        assert bucket["BucketName"] == name
    assert set(stores) == {"ap-northeast-1", "us-east-1"}
    allowed = resources(statements(pipelines.template, "MainRole"), "s3:PutObject")
    assert allowed == {"MainArtifactsEE915FF4.Arn/*", *(f"arn:aws:s3:::{name}/*" for name in stores.values())}
    assert pipelines.far("us-east-1") in pipelines.stack.dependencies


def test_pipelines_of_one_stack_share_them(pipelines: Pipelines) -> None:
    second = DeliveryPipeline(pipelines.stack, "Second", **pipelines.options)
    assert second.role is not pipelines.construct.role
    assert only(dict(Template.from_stack(pipelines.far("us-east-1")).to_json()), "AWS::S3::Bucket")


def test_environments_of_the_same_place_change_nothing(tmp_path: Path) -> None:
    plain = Pipelines(tmp_path, stages=[Stage(Environment("dev", account=OURS, region="eu-west-1"))])
    assert "ArtifactStore" in plain.pipeline
    assert "sts:AssumeRole" not in actions(statements(plain.template, "Main"))
    assert plain.deploys["dev"].keys().isdisjoint({"Region", "RoleArn"})


def test_nothing_about_it_is_left_unexplained(pipelines: Pipelines) -> None:
    assert findings(pipelines.app) == []
    assembly = pipelines.app.synth()
    assert warnings(assembly) == []
    for stack in ("pipeline", "pipeline-artifacts-us-east-1"):
        found = lint_file(Path(assembly.directory) / f"{stack}.template.json")
        assert [str(match) for match in found if match.rule.id != "W3005"] == []


def test_a_deployer_of_the_same_app(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=STRONG)
    images = ImageRepositories(
        Stack(app, "images", env=HERE), "Images", application=SHOP, environment_accounts=[THEIRS]
    )
    deployer = Deployer(
        Stack(app, "deployer", env=FAR),
        "Deployer",
        application=SHOP,
        environment="prod",
        repositories=images,
        released_from=OURS,
    )
    stack = Stack(app, "pipeline", env=HERE)
    DeliveryPipeline(
        stack,
        "Main",
        application=SHOP,
        repositories=images,
        source=SOURCE,
        trigger=None,
        stages=[Stage(deployer)],
    )
    pipeline = only(dict(Template.from_stack(stack).to_json()), "AWS::CodePipeline::Pipeline")
    assert text_of(pipeline["Stages"][-1]["Actions"][0]["RoleArn"]) == PROD


def test_no_role_is_made_for_pipelines_of_the_same_account(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=STRONG)
    stack = Stack(app, "deployer", env=HERE)
    repositories = ImageRepositories.of_application(stack, SHOP)
    deployer = Deployer(
        stack, "Deployer", application=SHOP, environment="dev", repositories=repositories, released_from=OURS
    )
    assert deployer.release_role is None


DOCS = Path(__file__).parents[2] / "docs" / "pipelines.md"
EXAMPLES = re.findall(
    r"```python\n(.*?)```",
    DOCS.read_text().partition("## Other accounts and regions")[2].partition("\n## ")[0],
    re.DOTALL,
)


def test_the_two_apps_of_the_guide_meet(tmp_path: Path) -> None:
    templates = []
    for number, (code, stack) in enumerate(zip(EXAMPLES, ("shop-pipeline", "shop-prod-deployer"), strict=True)):
        folder = tmp_path / str(number)
        exec(code.replace("App()", f"App(outdir={str(folder)!r}, post_cli_context={STRONG!r})"), {})  # noqa: S102 - our own guide
        templates.append(json.loads((folder / f"{stack}.template.json").read_text()))
    pipeline, deployer = templates
    role = release_role(deployer)
    stages = only(pipeline, "AWS::CodePipeline::Pipeline")["Stages"]
    assert text_of(stages[-1]["Actions"][-1]["RoleArn"]) == (
        f"arn:aws:iam::{THEIRS}:role{text_of(role['Path'])}{text_of(role['RoleName'])}"
    )
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert text_of(trust["Principal"]["AWS"]) == f"arn:aws:iam::{OURS}:root"
