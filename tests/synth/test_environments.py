"""Several environments of one application in one CDK app, here and in other accounts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import Environment as AwsEnvironment
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

from appdp.cdk import Deployer, ImageRepositories, Worker
from appdp.model.environment import DeployerManifest
from tests.synth.assembly import only, resources, resources_of, statements, text_of
from tests.synth.environment import SHOP, STRONG

TOOLS = AwsEnvironment(account="999988887777", region="us-east-1")
HERE = AwsEnvironment(account="111122223333", region="eu-west-1")
THERE = AwsEnvironment(account="444455556666", region="ap-northeast-1")
SHARED = "999988887777.dkr.ecr.us-east-1.amazonaws.com/shop/web"


class Place:
    """The stacks of one environment."""

    def __init__(self, app: App, name: str, env: AwsEnvironment | None, images: ImageRepositories | None) -> None:
        self.deployer_stack = Stack(app, f"{name}-deployer", env=env)
        self.stack = Stack(app, name, env=env)
        deployer = Deployer(
            self.deployer_stack,
            "Deployer",
            application=SHOP,
            environment=name,
            repositories=self._theirs() if images is None else images,
        )
        vpc = ec2.Vpc.from_vpc_attributes(
            self.stack,
            "Vpc",
            vpc_id="vpc-0000000000000000a",
            availability_zones=["a"],
            private_subnet_ids=["subnet-00000000000000001"],
        )
        cluster = ecs.Cluster.from_cluster_attributes(
            self.stack, "Cluster", cluster_name="main", vpc=vpc, security_groups=[]
        )
        Worker(self.stack, "Web", deployer=deployer, cluster=cluster)

    def _theirs(self) -> Mapping[str, ecr.IRepository]:
        return {
            image.name: ecr.Repository.from_repository_arn(
                self.deployer_stack, image.name, f"arn:aws:ecr:us-east-1:999988887777:repository/shop/{image.name}"
            )
            for image in SHOP.images
        }

    @property
    def deployers(self) -> dict[str, Any]:
        return dict(Template.from_stack(self.deployer_stack).to_json())

    @property
    def services(self) -> dict[str, Any]:
        return dict(Template.from_stack(self.stack).to_json())

    @property
    def image(self) -> str:
        return text_of(only(self.services, "AWS::ECS::TaskDefinition")["ContainerDefinitions"][0]["Image"])

    @property
    def manifest(self) -> DeployerManifest:
        return DeployerManifest.from_json(text_of(only(self.deployers, "AWS::SSM::Parameter")["Value"]))


def test_two_environments_share_repositories_and_nothing_else(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=STRONG)
    images = ImageRepositories(Stack(app, "images"), "Images", application=SHOP)
    dev, prod = Place(app, "dev", None, images), Place(app, "prod", None, images)
    assert dev.image == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:env-dev"
    assert prod.image == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:env-prod"
    assert dev.manifest.images == prod.manifest.images
    assert resources(statements(dev.deployers, "AdvanceRole"), "ssm:PutParameter").isdisjoint(
        resources(statements(prod.deployers, "AdvanceRole"), "ssm:PutParameter")
    )
    assert only(prod.services, "AWS::Logs::LogGroup")["LogGroupName"] == "/appdp/shop/prod/web"
    assert [item["Default"] for item in prod.services["Parameters"].values() if "release" in str(item)] == [
        "/appdp/shop/prod/release"
    ]
    app.synth()


@pytest.mark.parametrize("mapped", [False, True], ids=["repositories", "mapping"])
def test_environments_in_other_accounts_and_regions(tmp_path: Path, mapped: bool) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=STRONG)
    tools = Stack(app, "tools", env=TOOLS)
    accounts = ["111122223333", "444455556666"]
    shared = ImageRepositories(tools, "Images", application=SHOP, environment_accounts=accounts)
    images = None if mapped else shared
    for place, name in ((Place(app, "dev", HERE, images), "dev"), (Place(app, "prod", THERE, images), "prod")):
        assert place.image == f"{SHARED}:env-{name}"
        home = place.manifest.images["web"]
        assert (home.by_digest("sha256:1"), home.region) == (f"{SHARED}@sha256:1", "us-east-1")
        wanted = "arn:aws:ecr:us-east-1:999988887777:repository/shop/web"
        assert wanted in resources(statements(place.deployers, "AdvanceRole"), "ecr:PutImage")
        assert wanted in resources(statements(place.services, "WebExecutionRole"), "ecr:BatchGetImage")
    for repository in resources_of(dict(Template.from_stack(tools).to_json()), "AWS::ECR::Repository").values():
        policy = repository["Properties"]["RepositoryPolicyText"]["Statement"]
        assert {text_of(item["Principal"]["AWS"]) for item in policy} == {
            f"arn:aws:iam::{account}:root" for account in accounts
        }
    app.synth()
