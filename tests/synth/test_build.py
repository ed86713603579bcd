"""The builds: what CodeBuild is told, what is in the bake file, and what the roles may do."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2

from appdp.cdk import Application, Architecture, Build, Image, ImageRepositories, Scan, Soci
from tests.synth.assembly import actions, only, resources, resources_of, statements, text_of
from tests.synth.environment import SHOP, Environment
from tests.synth.pipeline import Pipeline, bake_of

TRIVY = Scan.trivy(version="1.2.3", sha256={"amd64": "a" * 64, "arm64": "b" * 64}, severity="HIGH")

SOCI = Soci(version="0.15.0", sha256={"amd64": "c" * 64, "arm64": "d" * 64}, min_image_mib=100)

TRICKY = Application(
    name="tricky",
    images=(
        Image(
            name="web",
            context="services/web",
            dockerfile="docker/Dockerfile",
            target="final",
            build_args={"GREETING": "${HOME} %{if} $(id) 'it'"},
            secrets={
                "npm": "shop/tokens:npm",
                "pip": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:pip-AbCdEf",
            },
        ),
        Image(name="api", secrets={"npm": "shop/tokens:npm"}),
    ),
)


def tricky(environment: Environment, **options: Any) -> Pipeline:
    stack = Stack(environment.app, "tricky")
    images = ImageRepositories(stack, "Images", application=TRICKY)
    return Pipeline(environment, stack=stack, application=TRICKY, repositories=images, stages=[], **options)


# ---- the projects ----------------------------------------------------------------------------------------------------


def test_each_architecture_is_built_on_its_own_processors(environment: Environment) -> None:
    found = Pipeline(environment).projects
    assert {name: (item["Environment"]["Type"], item["Environment"]["Image"]) for name, item in found.items()} == {
        "amd64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:6.0"),
        "arm64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:4.0"),
    }
    for name, item in found.items():
        assert item["Environment"]["PrivilegedMode"] is True
        assert item["TimeoutInMinutes"] == 60
        # By its ARN: a role with a path is not found by its name.
        assert item["ServiceRole"]["Fn::GetAtt"][1] == "Arn"
        assert Pipeline.variables(item) == {
            "APPDP_ARCHITECTURE": name,
            "APPDP_REGISTRY": "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "APPDP_BUILDKIT_IMAGE": "public.ecr.aws/vend/moby/buildkit:buildx-stable-1",
        }


def test_an_architecture_that_no_image_wants_is_not_built(environment: Environment) -> None:
    only_arm = Application(name="small", images=(Image(name="web", platforms=("linux/arm64",)),))
    stack = Stack(environment.app, "small")
    images = ImageRepositories(stack, "Images", application=only_arm)
    setup = Pipeline(environment, stack=stack, application=only_arm, repositories=images, stages=[])
    assert list(setup.projects) == ["arm64"]
    assert [item["Name"] for item in setup.stages["Build"]] == ["Build-arm64"]


def test_the_builds_get_the_commit_from_the_source(environment: Environment) -> None:
    for action in Pipeline(environment).stages["Build"]:
        assert json.loads(action["Configuration"]["EnvironmentVariables"]) == [
            {"name": "APPDP_COMMIT", "type": "PLAINTEXT", "value": "#{Source.CommitId}"}
        ]


def test_what_can_be_chosen(environment: Environment) -> None:
    stack = Stack(environment.app, "pipeline")
    vpc = ec2.Vpc(stack, "Vpc", max_azs=1)
    build = Build(
        compute_type=codebuild.ComputeType.LARGE,
        build_images={Architecture.AMD64: codebuild.LinuxBuildImage.STANDARD_7_0},
        vpc=vpc,
        subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        timeout=Duration.minutes(30),
        docker_server=codebuild.DockerServerOptions(compute_type=codebuild.DockerServerComputeType.SMALL),
        buildkit_image="public.ecr.aws/x/buildkit@sha256:0",
    )
    setup = Pipeline(environment, stack=stack, build=build)
    amd64 = setup.projects["amd64"]
    assert amd64["Environment"]["Image"] == "aws/codebuild/standard:7.0"
    assert amd64["Environment"]["ComputeType"] == "BUILD_GENERAL1_LARGE"
    assert amd64["Environment"]["DockerServer"]["ComputeType"] == "BUILD_GENERAL1_SMALL"
    assert amd64["TimeoutInMinutes"] == 30
    assert Pipeline.variables(amd64)["APPDP_BUILDKIT_IMAGE"] == "public.ecr.aws/x/buildkit@sha256:0"
    (subnet,) = amd64["VpcConfig"]["Subnets"]
    found = statements(setup.template, "MainBuildamd64Role")
    (interface,) = [item for item in found if item["Action"] == "ec2:CreateNetworkInterfacePermission"]
    assert interface["Condition"]["StringEquals"] == {"ec2:AuthorizedService": "codebuild.amazonaws.com"}
    (bound,) = interface["Condition"]["ArnEquals"]["ec2:Subnet"]
    assert text_of(bound) == f"arn:aws:ec2:eu-west-1:111122223333:subnet/{text_of(subnet)}"


def test_what_a_build_may_do(environment: Environment) -> None:
    template = Pipeline(environment).template
    found = statements(template, "MainBuildarm64Role")
    assert actions(found) == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetBucketAcl",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:GetObjectVersion",
    }
    # The image jobs is not built for arm64.
    assert resources(found, "ecr:PutImage") == {"arn:aws:ecr:eu-west-1:111122223333:repository/shop/web"}
    assert resources(found, "logs:PutLogEvents") == {
        f"{name}.Arn" for name in resources_of(template, "AWS::Logs::LogGroup") if "arm64" in name
    }
    roles = resources_of(template, "AWS::IAM::Role").values()
    assert {item["Properties"]["Path"] for item in roles} == {"/appdp/shop/pipelines/main/"}


# ---- the bake file ---------------------------------------------------------------------------------------------------


def test_one_bake_builds_all_images_of_an_architecture(environment: Environment) -> None:
    setup = Pipeline(environment)
    assert {name: sorted(bake_of(setup.buildspec(name))["target"]) for name in ("amd64", "arm64")} == {
        "amd64": ["jobs", "web"],
        "arm64": ["web"],
    }
    file = bake_of(setup.buildspec("arm64"))
    assert file["variable"] == {"APPDP_COMMIT": {"default": ""}, "APPDP_REGISTRY": {"default": ""}}
    assert file["group"] == {"default": {"targets": ["web"]}}
    cache = "type=registry,ref=${APPDP_REGISTRY}/shop/web:cache-web-arm64"
    assert file["target"]["web"] == {
        "context": ".",
        "dockerfile": "Dockerfile",
        "platforms": ["linux/arm64"],
        "tags": ["${APPDP_REGISTRY}/shop/web:${APPDP_COMMIT}-arm64"],
        "cache-from": [cache],
        "cache-to": [f"{cache},mode=max,image-manifest=true,oci-mediatypes=true"],
        "attest": ["type=provenance,mode=min"],
        "output": ["type=image,push=,oci-mediatypes=true"],
    }


def test_who_makes_an_sbom_can_be_chosen(environment: Environment) -> None:
    setup = Pipeline(environment, build=Build(sbom=True, sbom_generator="registry.test/syft@sha256:0"))
    web = bake_of(setup.buildspec("amd64"))["target"]["web"]
    assert web["attest"] == ["type=provenance,mode=min", "type=sbom,generator=registry.test/syft@sha256:0"]


def test_no_label_carries_the_commit(environment: Environment) -> None:
    # An image whose inputs did not change must keep its digest.
    targets = bake_of(tricky(environment).buildspec("amd64"))["target"].values()
    assert all("labels" not in target for target in targets)
    assert all("APPDP_COMMIT" not in json.dumps({**target, "tags": []}) for target in targets)


def test_what_an_image_says_reaches_its_build_as_it_is(environment: Environment) -> None:
    setup = tricky(environment, build=Build(provenance=None, sbom=True))
    buildspec = setup.buildspec("amd64")
    web = bake_of(buildspec)["target"]["web"]
    assert (web["context"], web["dockerfile"], web["target"]) == ("services/web", "docker/Dockerfile", "final")
    # Bake's own templates are switched off.
    assert web["args"] == {"GREETING": "$${HOME} %%{if} $(id) 'it'"}
    assert web["attest"] == ["type=provenance,disabled=true", "type=sbom"]
    assert web["secret"] == ["id=npm,env=APPDP_SECRET_1", "id=pip,env=APPDP_SECRET_0"]
    assert bake_of(buildspec)["target"]["api"]["secret"] == ["id=npm,env=APPDP_SECRET_1"]
    assert buildspec["env"]["secrets-manager"] == {
        "APPDP_SECRET_0": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:pip-AbCdEf",
        "APPDP_SECRET_1": "shop/tokens:npm",
    }
    assert resources(statements(setup.template, "MainBuildamd64Role"), "secretsmanager:GetSecretValue") == {
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:pip-AbCdEf",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/tokens-??????",
    }


# ---- the buildspec ---------------------------------------------------------------------------------------------------


def test_the_buildspec_is_two_phases_for_bash(environment: Environment) -> None:
    buildspec = Pipeline(environment).buildspec("amd64")
    assert sorted(buildspec) == ["env", "phases", "version"]
    assert (buildspec["version"], buildspec["env"]) == ("0.2", {"shell": "bash"})
    assert {phase: len(item["commands"]) for phase, item in buildspec["phases"].items()} == {"pre_build": 1, "build": 1}


def test_every_command_is_bash(environment: Environment) -> None:
    buildspec = tricky(environment, scan=TRIVY, build=Build(soci=SOCI)).buildspec("amd64")
    commands = [command for phase in buildspec["phases"].values() for command in phase["commands"]]
    assert len(commands) == 4
    for command in commands:
        result = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, "")


def test_the_buildspec_of_fifty_images_stays_small(environment: Environment) -> None:
    many = Application(name="many", images=tuple(Image(name=f"image-{number}") for number in range(50)))
    stack = Stack(environment.app, "many")
    images = ImageRepositories(stack, "Images", application=many)
    setup = Pipeline(environment, stack=stack, application=many, repositories=images, stages=[])
    sizes = [len(text_of(item["Source"]["BuildSpec"])) for item in setup.projects.values()]
    assert max(sizes) < 45_000


def test_trivy_is_of_one_version_and_checked(environment: Environment) -> None:
    setup = Pipeline(environment, scan=TRIVY)
    trivy = {name: value for name, value in Pipeline.variables(setup.projects["arm64"]).items() if "TRIVY" in name}
    assert trivy == {
        "APPDP_TRIVY_VERSION": "1.2.3",
        "APPDP_TRIVY_FILE": "Linux-ARM64",
        "APPDP_TRIVY_SHA256": "b" * 64,
        "APPDP_TRIVY_SEVERITY": "CRITICAL,HIGH",
        "APPDP_TRIVY_IGNORE_UNFIXED": "false",
    }
    # The build is the gate, so the publication has none.
    assert setup.manifest.scan is None
    assert len(setup.buildspec("arm64")["phases"]["build"]["commands"]) == 2


def test_what_trivy_finds_is_kept_in_a_report(environment: Environment) -> None:
    setup = Pipeline(environment, scan=TRIVY)
    groups = resources_of(setup.template, "AWS::CodeBuild::ReportGroup")
    assert sorted(item["Properties"]["Name"] for item in groups.values()) == [
        "appdp-shop-main-amd64",
        "appdp-shop-main-arm64",
    ]
    (name,) = [name for name in groups if "arm64" in name]
    assert (groups[name]["Properties"]["Type"], groups[name]["Properties"]["DeleteReports"]) == ("TEST", True)
    reports = setup.buildspec("arm64")["reports"]
    assert reports == {
        f"{name}.Arn": {"files": ["*.xml"], "base-directory": "appdp-reports", "file-format": "JUNITXML"}
    }
    found = statements(setup.template, "MainBuildarm64Role")
    (allowed,) = [item for item in found if "codebuild:CreateReport" in item["Action"]]
    assert allowed["Action"] == ["codebuild:BatchPutTestCases", "codebuild:CreateReport", "codebuild:UpdateReport"]
    assert text_of(allowed["Resource"]) == f"{name}.Arn"


def test_soci_comes_between_the_build_and_the_push(environment: Environment) -> None:
    setup = Pipeline(environment, build=Build(soci=SOCI))
    soci = {name: value for name, value in Pipeline.variables(setup.projects["arm64"]).items() if "SOCI" in name}
    assert soci == {
        "APPDP_SOCI_VERSION": "0.15.0",
        "APPDP_SOCI_FILE": "linux-arm64-static",
        "APPDP_SOCI_SHA256": "d" * 64,
        "APPDP_SOCI_MIN_IMAGE_BYTES": "104857600",
        "APPDP_SOCI_MIN_LAYER_BYTES": "10485760",
    }
    buildspec = setup.buildspec("amd64")
    file = bake_of(buildspec)
    assert {name: target["output"] for name, target in file["target"].items()} == {
        "web": ["type=oci,tar=false,dest=${APPDP_LAYOUTS}/web"],
        "jobs": ["type=oci,tar=false,dest=${APPDP_LAYOUTS}/jobs"],
    }
    assert file["variable"]["APPDP_LAYOUTS"] == {"default": ""}
    assert len(buildspec["phases"]["build"]["commands"]) == 2


def test_the_application_of_the_tests_is_built_whole(environment: Environment) -> None:
    setup = Pipeline(environment)
    assert sorted(bake_of(setup.buildspec("amd64"))["target"]) == sorted(image.name for image in SHOP.images)
    assert only(setup.template, "AWS::CodePipeline::Pipeline")["Name"] == "appdp-shop-main"
