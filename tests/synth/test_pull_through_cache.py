"""Pull-through caches: the rule, what a build may do with it, and how an image's name gets into the bake file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Environment as AwsEnvironment
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template
from hypothesis import given
from hypothesis import strategies as st

from appdp.cdk import Application, Build, Image, ImageRepositories, PullThroughCache
from appdp.cdk.bake import Attestations, bake_file
from appdp.errors import ConfigurationError
from tests.synth.assembly import actions, only, resources_of, statements, text_of
from tests.synth.environment import Environment
from tests.synth.pipeline import Pipeline, bake_of

HUB = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"  # noqa: S105 - the name of one


def hub(stack: Stack, **options: Any) -> PullThroughCache:
    secret = secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", SECRET)
    return PullThroughCache(stack, "Hub", upstream="docker-hub", credentials=secret, **options)


def template_of(stack: Stack) -> dict[str, Any]:
    return dict(Template.from_stack(stack).to_json())


def test_a_rule_names_the_upstream_and_what_is_fetched_goes_after_a_while(environment: Environment) -> None:
    stack = Stack(environment.app, "cache")
    hub(stack)
    template = template_of(stack)
    assert only(template, "AWS::ECR::PullThroughCacheRule") == {
        "CredentialArn": SECRET,
        "EcrRepositoryPrefix": "docker-hub",
        "UpstreamRegistry": "docker-hub",
        "UpstreamRegistryUrl": "registry-1.docker.io",
    }
    made = only(template, "AWS::ECR::RepositoryCreationTemplate")
    assert (made["AppliedFor"], made["Prefix"]) == (["PULL_THROUGH_CACHE"], "docker-hub")
    (rule,) = json.loads(made["LifecyclePolicy"])["rules"]
    assert rule["selection"] == {
        "tagStatus": "any",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 30,
    }


def test_what_is_fetched_may_stay(environment: Environment) -> None:
    stack = Stack(environment.app, "cache")
    PullThroughCache(stack, "Quay", upstream="quay", prefix="mirror/quay", expire_days=None)
    template = template_of(stack)
    assert "CredentialArn" not in only(template, "AWS::ECR::PullThroughCacheRule")
    assert resources_of(template, "AWS::ECR::RepositoryCreationTemplate") == {}


@pytest.mark.parametrize(
    ("name", "pulled"),
    [
        ("python:3.13-slim", f"{HUB}/library/python:3.13-slim"),
        ("library/python@sha256:0", f"{HUB}/library/python@sha256:0"),
        ("moby/buildkit:v1", f"{HUB}/moby/buildkit:v1"),
    ],
)
def test_the_name_of_an_image_in_the_cache(environment: Environment, name: str, pulled: str) -> None:
    stack = Stack(environment.app, "cache")
    assert text_of(stack.resolve(hub(stack).image(name))) == pulled


@pytest.mark.parametrize("known", [True, False], ids=["known-account", "any-account"])
def test_it_reaches_the_bake_file_as_the_builds_need_it(environment: Environment, known: bool) -> None:
    home = AwsEnvironment(account="111122223333", region="eu-west-1") if known else None
    stack = Stack(environment.app, "pipeline", env=home)
    cache = hub(stack)
    shop = Application(
        name="shop", images=(Image(name="web", build_args={"BASE": cache.image("python:3.13"), "PLAIN": "${HOME}"}),)
    )
    setup = Pipeline(
        environment,
        stack=stack,
        application=shop,
        repositories=ImageRepositories(stack, "Images", application=shop),
        stages=[],
        build=Build(pull_through=[cache], sbom=True, sbom_generator=cache.image("docker/buildkit-syft-scanner:1")),
    )
    web = bake_of(setup.buildspec("amd64"))["target"]["web"]
    assert web["args"] == {"BASE": f"{HUB}/library/python:3.13", "PLAIN": "$${HOME}"}
    assert web["attest"][1] == f"type=sbom,generator={HUB}/docker/buildkit-syft-scanner:1"
    found = statements(setup.template, "MainBuildamd64Role")
    (allowed,) = [item for item in found if "ecr:BatchImportUpstreamImage" in item["Action"]]
    assert allowed["Action"] == [
        "ecr:BatchGetImage",
        "ecr:BatchImportUpstreamImage",
        "ecr:CreateRepository",
        "ecr:GetDownloadUrlForLayer",
    ]
    assert text_of(allowed["Resource"]) == "arn:aws:ecr:eu-west-1:111122223333:repository/docker-hub/*"


def test_somebody_else_may_be_let_in(environment: Environment) -> None:
    stack = Stack(environment.app, "cache")
    hub(stack).grant_pull(iam.User(stack, "User"))
    (policy,) = resources_of(template_of(stack), "AWS::IAM::Policy").values()
    found = policy["Properties"]["PolicyDocument"]["Statement"]
    assert {"ecr:GetAuthorizationToken", "ecr:BatchImportUpstreamImage"} <= actions(found)


def test_a_cache_elsewhere_is_refused(environment: Environment) -> None:
    other = Stack(environment.app, "cache", env=AwsEnvironment(account="999999999999", region="eu-west-1"))
    cache = PullThroughCache(other, "Quay", upstream="quay")
    with pytest.raises(ConfigurationError, match="Main/Build-amd64 and cache/Quay are not known to be in one account"):
        Pipeline(environment, build=Build(pull_through=[cache]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda s: PullThroughCache(s, "X", upstream="docker-hub"), r"needs credentials.\n.*ecr-pullthroughcache/"),
        (lambda s: PullThroughCache(s, "X", upstream="quay", prefix="q"), r"prefix='q': allowed are 2 to 30"),
        (lambda s: PullThroughCache(s, "X", upstream="quay", prefix="Quay"), r"prefix='Quay'"),
        (lambda s: PullThroughCache(s, "X", upstream="quay", prefix="quay/"), r"prefix='quay/'"),
        (lambda s: PullThroughCache(s, "X", upstream="quay", expire_days=0), r"expire_days=0: allowed are 1 to 3650"),
        (
            lambda s: PullThroughCache(
                s,
                "X",
                upstream="quay",
                credentials=secretsmanager.Secret.from_secret_complete_arn(s, "S", SECRET.replace("ecr-pull", "pull")),
            ),
            r"credentials='arn.*': the name of the secret must start with ecr-pullthroughcache/",
        ),
        (lambda s: PullThroughCache(s, "X", upstream="quay").image("quay.io/a/b:1"), r"image\('quay.io/a/b:1'\)"),
        (lambda s: PullThroughCache(s, "X", upstream="quay").image(""), r"without the registry's"),
        (lambda s: hub(s).image("docker.io/library/python"), r"without the registry's"),
    ],
)
def test_what_cannot_work_is_refused(environment: Environment, make: Callable[[Stack], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make(Stack(environment.app, "cache"))


def test_an_upstream_that_is_not_known_is_refused(environment: Environment) -> None:
    upstream: Any = "hub"
    with pytest.raises(ConfigurationError, match="upstream='hub': allowed are docker-hub, ecr-public"):
        PullThroughCache(environment.images_stack, "Cache", upstream=upstream)


@given(st.lists(st.sampled_from(["${", "%{", "$", "%", "{", "}", "x", "${Token[A.b.1]}"]), max_size=8))
def test_bake_reads_back_what_was_said(parts: list[str]) -> None:
    image = Image(name="web", build_args={"A": "".join(parts)})
    written = bake_file(Application(name="shop", images=(image,)), "amd64", Attestations())["target"]["web"]["args"][
        "A"
    ]
    # What a deployment puts in place of the token has no template in it.
    told = "".join(parts).replace("${Token[A.b.1]}", "value")
    read = written.replace("${Token[A.b.1]}", "value").replace("$${", "\0{").replace("%%{", "\1{")
    assert "${" not in read
    assert "%{" not in read
    assert read.replace("\0{", "${").replace("\1{", "%{") == told
