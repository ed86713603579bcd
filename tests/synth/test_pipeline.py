"""The pipeline: its stages, what starts it, what it passes on, and what its roles may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_sns as sns
from cfnlint.api import lint_file  # type: ignore[import-untyped] # it ships no types

from appdp.cdk import Approval, Build, DeliveryPipeline, GitHub, ImageRepositories, Push, Scan
from appdp.cdk import Environment as Elsewhere
from appdp.cdk import Stage as PipelineStage
from appdp.model.publication import ScanRule
from appdp.model.request import Request
from tests.synth.assembly import actions, only, resources, resources_of, statements, text_of
from tests.synth.environment import SHOP, STRONG, Environment
from tests.synth.example import findings, warnings
from tests.synth.pipeline import CONNECTION, SOURCE, Pipeline, input_of

BUCKET = "MainArtifactsEE915FF4.Arn"
REPOSITORIES = {f"arn:aws:ecr:eu-west-1:111122223333:repository/shop/{name}" for name in ("web", "jobs")}
SSM = "arn:aws:ssm:eu-west-1:111122223333:parameter/appdp/shop"
EVERYTHING: dict[str, Any] = {
    "scan": Scan.ecr_enhanced(),
    "stages": [PipelineStage(Elsewhere("qa"), Elsewhere("demo")), PipelineStage(Elsewhere("prod"), approve=True)],
}


def test_a_pipeline_is_source_builds_publication_and_environments(environment: Environment) -> None:
    setup = Pipeline(
        environment, stages=[PipelineStage(environment.deployer), PipelineStage(Elsewhere("prod"), approve=True)]
    )
    assert (setup.pipeline["Name"], setup.pipeline["PipelineType"], setup.pipeline["ExecutionMode"]) == (
        "appdp-shop-main",
        "V2",
        "QUEUED",
    )
    order = {name: [(item["Name"], item["RunOrder"]) for item in listed] for name, listed in setup.stages.items()}
    assert order == {
        "Source": [("Source", 1)],
        "Build": [("Build-amd64", 1), ("Build-arm64", 1)],
        "Publish": [("Publish", 1)],
        "Deploy-dev": [("Deploy-dev", 1)],
        "Deploy-prod": [("Approve", 1), ("Deploy-prod", 2)],
    }
    assert all("RoleArn" not in item for listed in setup.stages.values() for item in listed)


def test_environments_of_one_stage_are_deployed_at_once(environment: Environment) -> None:
    stage = PipelineStage(Elsewhere("qa"), Elsewhere("demo"), approve=True)
    listed = Pipeline(environment, stages=[stage]).stages["Deploy-qa-demo"]
    assert {item["Name"]: item["RunOrder"] for item in listed} == {"Approve": 1, "Deploy-qa": 2, "Deploy-demo": 2}


def test_the_source_is_a_zip_from_a_connection_and_never_starts_the_pipeline_itself(environment: Environment) -> None:
    (source,) = Pipeline(environment).stages["Source"]
    assert source["Configuration"] == {
        "ConnectionArn": CONNECTION,
        "FullRepositoryId": "acme/shop",
        "BranchName": "main",
        "DetectChanges": False,
    }
    assert source["Namespace"] == "Source"


@pytest.mark.parametrize(
    ("push", "filters"),
    [
        (Push(branches="main"), {"Branches": {"Includes": ["main"]}}),
        (Push(branches=["**", "!wip/*"]), {"Branches": {"Includes": ["**"], "Excludes": ["wip/*"]}}),
        (Push(tags=["v*"]), {"Tags": {"Includes": ["v*"]}}),
        (
            Push(branches=["main"], paths=["src/**", "!docs/**"]),
            {"Branches": {"Includes": ["main"]}, "FilePaths": {"Includes": ["src/**"], "Excludes": ["docs/**"]}},
        ),
    ],
)
def test_what_starts_it(environment: Environment, push: Push, filters: dict[str, Any]) -> None:
    (trigger,) = Pipeline(environment, trigger=push).pipeline["Triggers"]
    assert trigger["GitConfiguration"] == {"SourceActionName": "Source", "Push": [filters]}


def test_without_a_trigger_nothing_starts_it(environment: Environment) -> None:
    setup = Pipeline(environment, trigger=None, execution_mode=codepipeline.ExecutionMode.SUPERSEDED)
    assert "Triggers" not in setup.pipeline
    assert setup.pipeline["ExecutionMode"] == "SUPERSEDED"


def test_an_environment_gets_what_the_command_line_would_send(environment: Environment) -> None:
    (deploy,) = Pipeline(environment).stages["Deploy-dev"]
    machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:appdp-shop-dev"
    assert text_of(deploy["Configuration"]["StateMachineArn"]) == machine
    assert len(deploy["Configuration"]["Input"]) <= 1_000
    sent = input_of(deploy)
    assert sent["requested_by"] == "pipeline appdp-shop-main, execution #{codepipeline.PipelineExecutionId}"
    assert (sent["request"]["release"], sent["request"]["id"]) == (
        "#{Source.CommitId}",
        "#{codepipeline.PipelineExecutionId}",
    )
    request = Request.from_dict({**sent["request"], "release": "0" * 40, "id": "0-a"})
    assert (request.application, request.environment, request.rollback) == ("shop", "dev", False)


def test_an_approval_shows_what_changes_and_tells_whom_it_should(environment: Environment) -> None:
    stack = Stack(environment.app, "pipeline")
    topic = sns.Topic(stack, "Topic")
    approval = Approval(topic=topic, timeout=Duration.hours(2), note="Ask Ada.")
    setup = Pipeline(environment, stack=stack, stages=[PipelineStage(Elsewhere("prod"), approve=approval)])
    approve, _ = setup.stages["Deploy-prod"]
    assert approve["Configuration"] == {
        "CustomData": "Ask Ada.\n#{Publish.about_prod}",
        "ExternalEntityLink": "https://github.com/acme/shop/#{Publish.changes_prod}",
        "NotificationArn": {"Ref": "TopicBFC7AF6E"},
    }
    assert approve["TimeoutInMinutes"] == 120
    (publish,) = setup.stages["Publish"]
    assert publish["Namespace"] == "Publish"
    assert setup.manifest.environments == ("prod",)
    assert resources(statements(setup.template, "MainRole"), "sns:Publish") == {"ref-TopicBFC7AF6E"}


def test_the_publication_is_told_the_commit_and_what_to_publish(environment: Environment) -> None:
    setup = Pipeline(environment, scan=Scan.ecr_basic(severity="CRITICAL", timeout=Duration.minutes(3)))
    (publish,) = setup.stages["Publish"]
    assert publish["Configuration"]["UserParameters"] == (
        '{"commit":"#{Source.CommitId}","created":"#{Source.AuthorDate}","source":"#{Source.FullRepositoryName}"}'
    )
    function = only(setup.template, "AWS::Lambda::Function")
    assert function["Handler"] == "appdp.runtime.publish.handler"
    assert function["Environment"]["Variables"] == {"APPDP_APPLICATION": "shop", "APPDP_PIPELINE": "main"}
    parameter = only(setup.template, "AWS::SSM::Parameter")
    assert (parameter["Name"], parameter["Tier"]) == ("/appdp/shop/pipelines/main", "Intelligent-Tiering")
    manifest = setup.manifest
    assert (manifest.application, manifest.pipeline, manifest.environments) == ("shop", "main", ("dev",))
    assert manifest.scan == ScanRule(kind="ecr_basic", severity="CRITICAL", ignore_unfixed=False, timeout_seconds=180)
    jobs = manifest.images["jobs"]
    assert (jobs.registry, jobs.repository, jobs.registry_id, jobs.region, jobs.platforms) == (
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
        "shop/jobs",
        "111122223333",
        "eu-west-1",
        ("linux/amd64",),
    )


def test_two_pipelines_share_the_repositories(environment: Environment) -> None:
    setup = Pipeline(environment)
    Pipeline(environment, stack=setup.stack, construct_id="Tags", trigger=Push(tags=["v*"]), name="tags", stages=[])
    found = resources_of(setup.template, "AWS::CodePipeline::Pipeline").values()
    assert sorted(item["Properties"]["Name"] for item in found) == ["appdp-shop-main", "appdp-shop-tags"]
    parameters = resources_of(setup.template, "AWS::SSM::Parameter").values()
    assert len({item["Properties"]["Name"] for item in parameters}) == 2
    assert resources_of(setup.template, "AWS::ECR::Repository") == {}


# ---- permissions -----------------------------------------------------------------------------------------------------


def test_no_role_has_a_wildcard_in_an_action(environment: Environment) -> None:
    found = statements(Pipeline(environment, **EVERYTHING).template, "Main")
    assert [name for name in actions(found) if "*" in name] == []


def test_what_the_pipeline_may_do(environment: Environment) -> None:
    found = statements(Pipeline(environment).template, "MainRole")
    assert actions(found) == {
        "codebuild:BatchGetBuilds",
        "codebuild:StartBuild",
        "codebuild:StopBuild",
        "codeconnections:UseConnection",
        "codestar-connections:UseConnection",
        "lambda:InvokeFunction",
        "s3:GetBucketAcl",
        "s3:GetBucketLocation",
        "s3:GetBucketVersioning",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "states:DescribeExecution",
        "states:DescribeStateMachine",
        "states:StartExecution",
    }
    states = "arn:aws:states:eu-west-1:111122223333"
    assert resources(found, "states:StartExecution") == {f"{states}:stateMachine:appdp-shop-dev"}
    assert resources(found, "states:DescribeExecution") == {f"{states}:execution:appdp-shop-dev:*"}
    assert resources(found, "codestar-connections:UseConnection") == {CONNECTION}
    assert resources(found, "s3:PutObject") == {f"{BUCKET}/*"}
    assert len(resources(found, "codebuild:StartBuild")) == 2


@pytest.mark.parametrize(
    ("scan", "more"),
    [
        (None, set()),
        (Scan.ecr_basic(), {"ecr:DescribeImageScanFindings", "ecr:StartImageScan"}),
        (
            Scan.ecr_enhanced(),
            {"ecr:DescribeImageScanFindings", "inspector2:ListCoverage", "inspector2:ListFindings"},
        ),
    ],
    ids=["no-scan", "basic", "enhanced"],
)
def test_what_the_publication_may_do(environment: Environment, scan: Scan | None, more: set[str]) -> None:
    found = statements(Pipeline(environment, scan=scan).template, "MainPublish")
    assert actions(found) == more | {
        "codepipeline:PutJobFailureResult",
        "codepipeline:PutJobSuccessResult",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "ecr:PutImage",
        "events:PutEvents",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ssm:GetParameter",
        "ssm:GetParametersByPath",
        "ssm:PutParameter",
    }
    assert resources(found, "ecr:PutImage") == REPOSITORIES
    assert resources(found, "ssm:PutParameter") == {f"{SSM}/releases/latest"}
    assert resources(found, "ssm:GetParameter") == {
        f"{SSM}/{name}" for name in ("pipelines/main", "releases/latest", "dev/release")
    }
    assert resources(found, "ssm:GetParametersByPath") == {f"{SSM}/dev/schedules"}


def test_the_sources_are_kept_for_a_while_and_for_nobody_else(environment: Environment) -> None:
    template = Pipeline(environment).template
    bucket = only(template, "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 30
    (deny,) = only(template, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


# ---- as a whole ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        EVERYTHING,
        {"build": Build(sbom=True, provenance=None), "trigger": None, "stages": []},
        {"source": GitHub("acme/shop", connection_arn=CONNECTION.replace("codeconnections", "codestar-connections"))},
    ],
    ids=["plain", "everything", "builds", "older-connection"],
)
def test_nothing_about_it_is_left_unexplained(tmp_path: Path, options: dict[str, Any]) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=STRONG)
    images = ImageRepositories(Stack(app, "images"), "Images", application=SHOP)
    stages = [PipelineStage(Elsewhere("dev"))]
    properties = {"application": SHOP, "repositories": images, "source": SOURCE, "trigger": Push(branches=["main"])}
    DeliveryPipeline(Stack(app, "pipeline"), "Main", **{**properties, "stages": stages, **options})
    assert findings(app) == []
    assembly = app.synth()
    assert warnings(assembly) == []
    found = lint_file(Path(assembly.directory) / "pipeline.template.json")
    # A warning that is left: the CDK repeats in DependsOn what a Ref says already.
    assert [str(match) for match in found if match.rule.id != "W3005"] == []
