"""What a pipeline refuses when it is constructed: each message says where, what, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import Environment as AwsEnvironment
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ec2 as ec2

from appdp.cdk import (
    Application,
    Approval,
    Build,
    DeliveryPipeline,
    Deployer,
    GitHub,
    Image,
    ImageRepositories,
    Push,
    Scan,
    Soci,
    Stage,
)
from appdp.cdk import Environment as Elsewhere
from appdp.errors import ConfigurationError
from tests.synth.environment import SHOP, STRONG, Environment
from tests.synth.pipeline import CONNECTION, SOURCE, Pipeline

HERE = AwsEnvironment(account="111122223333", region="eu-west-1")
OTHER = Application(name="other", images=(Image(name="web"),))
SHA = {"amd64": "a" * 64}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Push(branches=[f"b{n}" for n in range(9)]), r"branches=….* has 9 patterns that include.*takes 8"),
        (lambda: Push(branches=["a"], paths=[f"!{n}" for n in range(9)]), r"paths=….* has 9 patterns that exclude"),
        (lambda: Push(tags=["v*"], branches=["main"]), r"tags=\['v\*'\]\) cannot go with branches"),
        (lambda: Push(tags=["v*"], paths=["a"]), r"cannot go with branches or paths"),
        (lambda: Push(paths=["src/**"]), r"paths=\['src/\*\*'\]\) has no branches"),
        (Push, r"Push\(\) has no pattern"),
        (lambda: Push(branches=["!"]), r"a pattern of 0 characters"),
        (lambda: Push(tags=["v" * 256]), r"a pattern of 256 characters: allowed are 1 to 255"),
        (lambda: GitHub("acme", connection_arn=CONNECTION), r"GitHub\('acme'\): a repository is written owner/repo"),
        (lambda: GitHub("a/b/c", connection_arn=CONNECTION), r"owner/repo"),
        (lambda: GitHub("acme/shop.git", connection_arn=CONNECTION), r"without '\.git'"),
        (lambda: GitHub("acme/shop", connection_arn=CONNECTION, branch=""), r"branch is empty"),
        (
            lambda: GitHub("acme/shop", connection_arn="arn:aws:codecommit:eu-west-1:111122223333:shop"),
            r"'arn:aws:codecommit:.*' is no connection: allowed is arn:aws:codeconnections",
        ),
        (
            lambda: GitHub("acme/shop", connection_arn=CONNECTION.replace(":connection/", ":host/")),
            r"is no connection",
        ),
        (Stage, r"Stage\(\) has no environment"),
        (lambda: Stage(Elsewhere("prod"), name="to prod"), r"Stage 'to prod': a stage's name has 1 to 100"),
        (lambda: Elsewhere("Prod"), r"Environment 'Prod' is not a name"),
        (lambda: Elsewhere("releases"), r"Environment 'releases' cannot be called so"),
        (lambda: Elsewhere("prod", account="prod"), r"account='prod': an account id is 12 digits"),
        (lambda: Elsewhere("prod", region="eu_west_1"), r"region='eu_west_1': a region is written as 'eu-west-1' is"),
        (lambda: Approval(timeout=Duration.minutes(4)), r"timeout=240 seconds: allowed are whole minutes, 5 to 86400"),
        (lambda: Approval(note=""), r"note has 0 characters: allowed are 1 to 900"),
        (lambda: Approval(note="n" * 901), r"note has 901 characters: allowed are 1 to 900\.\nSay it shorter"),
        (lambda: Build(timeout=Duration.minutes(1)), r"timeout=60 seconds: allowed are 5 to 2160 minutes"),
        (lambda: Build(provenance="all"), r"provenance='all': allowed are None, 'min' and 'max'"),
        (lambda: Build(sbom_generator="x"), r"sbom_generator, but no sbom"),
        (lambda: Build(subnets=ec2.SubnetSelection()), r"no vpc"),
        (lambda: Scan.ecr_basic(severity="BAD"), r"severity='BAD': allowed are CRITICAL, HIGH"),  # type: ignore[arg-type] # what a user may write
        (lambda: Scan.ecr_basic(timeout=Duration.days(2)), r"may not take 172800 s"),
        (lambda: Scan.trivy(version="v1", sha256=SHA), r"version='v1'\): a version is three numbers"),
        (lambda: Scan.trivy(version="1.2.3", sha256={"amd64": "abc"}), r"a checksum is 64 of 0-9 and a-f"),
        (lambda: Scan.trivy(version="1.2.3", sha256={"s390x": "a" * 64}), r"for amd64 or arm64"),
        (lambda: Soci(version="0.15", sha256=SHA), r"Soci\(version='0.15'\): a version is three numbers"),
        (lambda: Soci(version="0.14.9", sha256=SHA), r"version='0.14.9'\): allowed is 0\.15\.0 or newer"),
        (lambda: Soci(version="0.15.0", sha256={"amd64": "x"}), r"a checksum is 64.*\n.*\.sha256sum"),
        (lambda: Soci(version="0.15.0", sha256=SHA, min_layer_mib=-1), r"min_layer_mib=-1\): a size is 0 or more"),
        (lambda: Image(name="web", context="/srv"), r"context='/srv': it must be a relative path inside"),
        (lambda: Image(name="web", context="../shop"), r"context='\.\./shop'"),
        (lambda: Image(name="web", dockerfile="../Dockerfile"), r"dockerfile='\.\./Dockerfile'"),
        (lambda: Image(name="web", dockerfile=""), r"dockerfile=''"),
        (lambda: Image(name="web", secrets={"a,b": "x"}), r"has the secret 'a,b' from 'x'"),
        (
            lambda: Application(name="a", images=(Image(name="web"), Image(name="web"))),
            r"more than one image called web",
        ),
    ],
)
def test_a_value_that_cannot_work(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"(?s){message}"):
        make()


def test_a_dockerfile_beside_its_context_is_fine() -> None:
    assert Image(name="web", context="services/web", dockerfile="../web.Dockerfile").dockerfile == "../web.Dockerfile"


def test_an_arn_that_only_cloudformation_knows_is_fine(environment: Environment) -> None:
    stack = Stack(environment.app, "tokens")
    GitHub("acme/shop", connection_arn=stack.format_arn(service="x", resource="y"))


def _others(environment: Environment) -> Deployer:
    stack = Stack(environment.app, "other")
    images = ImageRepositories(stack, "Images", application=OTHER)
    return Deployer(
        Stack(environment.app, "theirs"), "Deployer", application=OTHER, environment="dev", repositories=images
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (lambda e: {"construct_id": "My_Pipeline"}, r"pipeline/My_Pipeline: pipeline 'my_pipeline' is not a name"),
        (lambda e: {"application": OTHER}, r"releases application 'other', but images/Images has the repositories"),
        (lambda e: {"stages": [Stage(_others(e))]}, r"pipeline/Main releases application 'shop', but theirs/Deployer"),
        (
            lambda e: {"stages": [Stage(e.deployer), Stage(Elsewhere("dev"), name="Again")]},
            r"environment dev is deployed more than once",
        ),
        (
            lambda e: {"stages": [Stage(Elsewhere("a"), name="X"), Stage(Elsewhere("b"), name="X")]},
            r"more than one stage is called X",
        ),
        (lambda e: {"stages": [Stage(Elsewhere("a"), name="Build")]}, r"more than one stage is called Build"),
        (
            lambda e: {"stages": [Stage(Elsewhere("prod", account="444455556666"))]},
            r"environment 'prod' is in account 444455556666, the pipeline in unknown.*env= with account and region",
        ),
        (lambda e: {"execution_mode": codepipeline.ExecutionMode.PARALLEL}, r"PARALLEL would let releases reach"),
        (
            lambda e: {"build": Build(soci=Soci(version="0.15.0", sha256=SHA))},
            r"no checksum for arm64.*\n.*SHA-256 of soci-snapshotter-0\.15\.0-linux-arm64-static\.tar\.gz",
        ),
        (
            lambda e: {"scan": Scan.trivy(version="1.2.3", sha256=SHA)},
            r"no checksum for arm64.*\n.*SHA-256 of trivy_1\.2\.3_Linux-ARM64\.tar\.gz",
        ),
    ],
)
def test_a_pipeline_that_cannot_work(
    environment: Environment, options: Callable[[Environment], dict[str, Any]], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"(?s){message}"):
        Pipeline(environment, **options(environment))


def _far_deployer(app: App, images: ImageRepositories, **options: Any) -> Deployer:
    stack = Stack(app, "far", env=AwsEnvironment(account="444455556666", region="us-east-1"))
    return Deployer(stack, "Deployer", application=SHOP, environment="prod", repositories=images, **options)


@pytest.mark.parametrize(
    ("accounts", "stage", "message"),
    [
        (
            [],
            lambda app, images: Elsewhere("prod", account="444455556666"),
            r"environment 'prod' is in account 444455556666, which may not pull from images/Images; "
            r"allowed are: none.*environment_accounts=\['444455556666'\]",
        ),
        (
            ["999988887777"],
            lambda app, images: Elsewhere("prod", account="444455556666"),
            r"may not pull from images/Images; allowed are: 999988887777",
        ),
        (
            ["444455556666"],
            _far_deployer,
            r"far/Deployer is in account 444455556666 and lets pipelines of its own account only release into it; "
            r"this one is in 111122223333.*released_from='111122223333'",
        ),
        (
            ["444455556666"],
            lambda app, images: _far_deployer(app, images, released_from="999988887777"),
            r"lets pipelines of 999988887777 release into it",
        ),
        (
            [],
            lambda app, images: Deployer(
                Stack(app, "free"), "Deployer", application=SHOP, environment="prod", repositories=images
            ),
            r"environment 'prod' is in account unknown, the pipeline in 111122223333: nobody knows",
        ),
        (
            ["444455556666"],
            lambda app, images: _far_deployer(app, images, released_from="1111"),
            r"far/Deployer has released_from='1111': an account id is 12 digits",
        ),
    ],
)
def test_an_environment_elsewhere_that_cannot_be_reached(
    tmp_path: Path, accounts: list[str], stage: Callable[[App, ImageRepositories], Any], message: str
) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=STRONG)
    images = ImageRepositories(
        Stack(app, "images", env=HERE), "Images", application=SHOP, environment_accounts=accounts
    )
    stack = Stack(app, "pipeline", env=HERE)
    with pytest.raises(ConfigurationError, match=f"(?s){message}"):
        DeliveryPipeline(
            stack,
            "Main",
            application=SHOP,
            repositories=images,
            source=SOURCE,
            trigger=None,
            stages=[Stage(stage(app, images))],
        )


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"account": "1"}, r"far: repositories of account '1': an account id is 12 digits"),
        ({"region": "moon"}, r"far: repositories of region 'moon'"),
    ],
)
def test_repositories_of_no_place(tmp_path: Path, place: dict[str, str], message: str) -> None:
    stack = Stack(App(outdir=str(tmp_path), post_cli_context=STRONG), "far")
    with pytest.raises(ConfigurationError, match=message):
        ImageRepositories.of_application(stack, SHOP, **place)


def test_repositories_elsewhere(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=STRONG)
    tools = Stack(app, "images", env=AwsEnvironment(account="999988887777", region="eu-west-1"))
    images = ImageRepositories(tools, "Images", application=SHOP)
    with pytest.raises(ConfigurationError, match=r"pipeline/Main and images/Images are not known to be in one account"):
        DeliveryPipeline(
            Stack(app, "pipeline", env=HERE), "Main", application=SHOP, repositories=images, source=SOURCE, trigger=None
        )


def test_an_environment_called_as_the_applications_own_parameters(environment: Environment) -> None:
    with pytest.raises(ConfigurationError, match=r"environment 'pipelines' cannot be called so"):
        Deployer(
            Stack(environment.app, "p"), "D", application=SHOP, environment="pipelines", repositories=environment.images
        )
