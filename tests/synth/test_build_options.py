"""Options of a build: the image that it runs in, and every option as a whole, with nothing left unexplained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_secretsmanager as secretsmanager
from cfnlint.api import lint_file  # type: ignore[import-untyped] # it ships no types

from appdp.cdk import Architecture, Build, DeliveryPipeline, ImageRepositories, PullThroughCache, Push, Scan, Soci
from tests.synth.assembly import resources, statements
from tests.synth.environment import SHOP, STRONG, Environment
from tests.synth.example import findings, warnings
from tests.synth.pipeline import SOURCE, Pipeline

SHA256 = {"amd64": "a" * 64, "arm64": "b" * 64}
OPTIONS: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "soci": lambda _: {"build": Build(soci=Soci(version="0.15.0", sha256=SHA256))},
    "trivy": lambda _: {"scan": Scan.trivy(version="1.2.3", sha256=SHA256), "build": Build(sbom=True)},
    "cache": lambda stack: {"build": Build(pull_through=[PullThroughCache(stack, "Quay", upstream="quay")])},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_nothing_about_it_is_left_unexplained(tmp_path: Path, option: str) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=STRONG)
    stack = Stack(app, "pipeline")
    images = ImageRepositories(Stack(app, "images"), "Images", application=SHOP)
    DeliveryPipeline(
        stack,
        "Main",
        application=SHOP,
        repositories=images,
        source=SOURCE,
        trigger=Push(branches=["main"]),
        **OPTIONS[option](stack),
    )
    assert findings(app) == []
    assembly = app.synth()
    assert warnings(assembly) == []
    found = lint_file(Path(assembly.directory) / "pipeline.template.json")
    # A warning that is left: the CDK repeats in DependsOn what a Ref says already.
    assert [str(match) for match in found if match.rule.id != "W3005"] == []


def test_a_build_may_pull_the_image_that_it_runs_in(environment: Environment) -> None:
    stack = Stack(environment.app, "pipeline")
    tools = ecr.Repository.from_repository_name(stack, "Tools", "tools")
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Secret", "registry")
    build_images = {
        Architecture.AMD64: codebuild.LinuxBuildImage.from_ecr_repository(tools, "1"),
        Architecture.ARM64: codebuild.LinuxArmBuildImage.from_docker_registry(
            "registry.test/build:1", secrets_manager_credentials=secret
        ),
    }
    setup = Pipeline(environment, stack=stack, build=Build(build_images=build_images))
    amd64, arm64 = (statements(setup.template, f"MainBuild{name}Role") for name in ("amd64", "arm64"))
    assert "arn:aws:ecr:eu-west-1:111122223333:repository/tools" in resources(amd64, "ecr:BatchGetImage")
    assert "arn:aws:ecr:eu-west-1:111122223333:repository/tools" not in resources(amd64, "ecr:PutImage")
    assert resources(arm64, "secretsmanager:GetSecretValue") == {
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-??????"
    }
    for project in setup.projects.values():
        assert project["Environment"]["ImagePullCredentialsType"] == "SERVICE_ROLE"
        assert project["Environment"]["PrivilegedMode"] is True
